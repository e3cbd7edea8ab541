"""The OpenAPI document describes what the API does."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from infra.package.build import ROOT

if TYPE_CHECKING:
    from starlette.testclient import TestClient


def test_every_error_is_declared_under_the_media_type_it_has(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]

    declared = {
        f"{method.upper()} {path}": {
            int(status): list(response.get("content", ()))
            for status, response in operation["responses"].items()
        }
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "head"
    }
    json, problem = ["application/json"], ["application/problem+json"]
    gateways = problem + json
    ours = {401: gateways, 403: json, 413: problem, 429: json, 500: gateways, 503: json}
    bodies = dict.fromkeys((400, 415, 422), problem)
    assert declared.pop("GET /") == {200: json, **ours}  # it does not use the store
    ours[503] = gateways
    assert declared == {
        "GET /todo": {200: json, **ours, 400: problem, 422: problem},
        "POST /todo": {201: json, **ours, **bodies, 409: problem, 412: problem},
        "GET /todo/{id}": {
            200: json,
            **ours,
            304: [],
            400: problem,
            404: problem,
            412: problem,
            422: problem,
        },
        "PUT /todo/{id}": {200: json, **ours, **bodies, 404: json, 412: problem},
        "DELETE /todo/{id}": {
            200: json,
            **ours,
            400: problem,
            404: json,
            412: problem,
            422: problem,
        },
        "GET /events": {200: json, **ours, 400: problem, 422: problem},
        "GET /events/{id}": {200: json, **ours, 404: problem, 422: problem},
    }


def test_head_is_declared_as_get_without_bodies(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"].values()

    for operations in paths:
        assert ("head" in operations) is ("get" in operations)
    for get, head in ((each["get"], each["head"]) for each in paths if "get" in each):
        assert head.get("parameters") == get.get("parameters")
        assert head["responses"].keys() == get["responses"].keys()
        assert not [each for each in head["responses"].values() if "content" in each]
        assert head["operationId"] != get["operationId"]


def test_the_document_has_the_version_of_the_project(client: TestClient) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert client.get("/openapi.json").json()["info"]["version"] == project["version"]


def test_the_bounds_of_an_id_are_documented(client: TestClient) -> None:
    document = client.get("/openapi.json").json()

    (in_path, *_) = document["paths"]["/todo/{id}"]["get"]["parameters"]
    in_body = document["components"]["schemas"]["NewTodo"]["properties"]["id"]
    for schema in (in_path["schema"], in_body):
        assert (schema["type"], schema["minimum"], schema["maximum"]) == ("integer", 0, 2**53 - 1)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
def test_undocumented_pages_are_not_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
