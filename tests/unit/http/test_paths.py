"""Where the API's paths begin, for routes and paths that are rare or odd.

lambda_/test_paths.py has the usual ones, through the handler.
"""

from __future__ import annotations

from typing import Any

import pytest

from app.http.paths import Paths

ROOTS = {"todo", "events"}


def http_api(path: str, route: str = "$default", stage: str = "$default", **parameters: str) -> Any:
    context = {"stage": stage, "http": {"path": path}}
    return {
        "version": "2.0",
        "rawPath": path,
        "routeKey": route,
        "pathParameters": parameters or None,
        "requestContext": context,
    }


def rest_api(path: str, resource: str, stage: str = "dev", **parameters: str) -> Any:
    return {
        "path": path,
        "resource": resource,
        "pathParameters": parameters or None,
        "requestContext": {"stage": stage, "path": f"/{stage}{path}"},
    }


@pytest.mark.parametrize(
    ("event", "prefix", "path"),
    [
        # The root, with and without a slash behind the prefix.
        (http_api("/v1", "GET /"), "/v1", "/"),
        (http_api("/v1/", "GET /"), "/v1", "/"),
        (http_api("/", "GET /"), "", "/"),
        (http_api(""), "", "/"),
        # A route that does not tell: parameters in the place of the roots, or none for {proxy+}.
        (rest_api("/todo/1", "/{type}/{id}", type="todo", id="1"), "/dev", "/todo/1"),
        (rest_api("/todo/1", "/{proxy+}"), "/dev", "/todo/1"),
        (rest_api("/x", "/x"), "/dev", "/x"),
        # Another name than proxy.
        (http_api("/v1/todo/1", "ANY /{rest+}", rest="todo/1"), "/v1", "/todo/1"),
        # Slashes too many stay, and nothing is found there.
        (http_api("/v1/todo//", "ANY /{proxy+}", proxy="todo/"), "/v1", "/todo//"),
        (http_api("//todo", "ANY /{proxy+}", proxy="/todo"), "", "//todo"),
        (http_api("//todo", "ANY /{proxy+}", proxy="todo"), "", "//todo"),
        (http_api("//evil.test/todo", "ANY /{proxy+}", proxy="todo"), "", "//evil.test/todo"),
        (http_api("/v1//todo", "ANY /{proxy+}", proxy="todo"), "", "/v1//todo"),
        # More in the parameter than in the path.
        (rest_api("/a%2Fb", "/{proxy+}", proxy="a/b/c/d/e"), "", "/dev/a/b"),
        # A stage that is only the beginning of a part.
        (http_api("/device/todo", stage="dev"), "", "/device/todo"),
    ],
)
def test_a_path_is_split_behind_the_prefix(event: Any, prefix: str, path: str) -> None:
    assert Paths(ROOTS).split(event) == (prefix, path)


@pytest.mark.parametrize(
    ("event", "prefix", "path"),
    [
        (http_api("/shop"), "/shop", "/"),
        (rest_api("/shop", "/shop"), "/dev/shop", "/"),
        (http_api("/shopping"), "", "/shopping"),
        (http_api("/shop/shop"), "/shop", "/shop"),
        (http_api("/shop/todo", "ANY /{proxy+}", proxy="todo"), "/shop", "/todo"),
    ],
)
def test_the_base_path_is_a_prefix_once(event: Any, prefix: str, path: str) -> None:
    assert Paths(ROOTS, "/shop").split(event) == (prefix, path)


def test_a_base_path_may_have_the_name_of_a_resource() -> None:
    found = [
        Paths(ROOTS, "/todo").split(event)
        for event in (
            http_api("/todo/todo/1"),
            http_api("/todo/todo/1", "ANY /{proxy+}", proxy="todo/1"),
            http_api("/todo/todo/1", "GET /todo/{id}", id="1"),
        )
    ]

    assert found == [("/todo", "/todo/1")] * 3
