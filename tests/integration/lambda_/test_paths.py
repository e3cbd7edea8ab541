"""Wherever the API is reached, its paths are found, and its Locations can be followed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.integration.lambda_.gateways import EVENTS, request
from tests.integration.lambda_.places import AT_BASE_PATH, WITHOUT_BASE_PATH, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.integration.lambda_.gateways import Invoke
    from tests.stand_in import Convoy

ENCODED = "/" + "".join(f"%{ord(letter):02X}" for letter in "todo")
"""The path of the todos, with each letter encoded."""


@pytest.fixture(params=[("", WITHOUT_BASE_PATH), ("/shop/v1", AT_BASE_PATH)], ids=["", "/shop/v1"])
def places(request: pytest.FixtureRequest, environment: pytest.MonkeyPatch) -> Sequence[Place]:
    """The places of an API with this BASE_PATH."""
    base_path: str
    found: Sequence[Place]
    base_path, found = request.param
    environment.setenv("SIGN_IN", "anonymous")
    environment.setenv("BASE_PATH", base_path)
    return found


def test_a_todos_location_can_be_followed_at_each_place(
    places: Sequence[Place], cold_start: Callable[[], Invoke]
) -> None:
    call = cold_start()

    for number, place in enumerate(places):
        own = f"/todo/{number}"
        created = call(place.request("POST", "/todo", f'{{"id": {number}, "item": "x"}}'))
        assert created["statusCode"] == 201, place
        assert created["headers"]["location"] == place.prefix + own
        assert call(place.request("GET", own))["headers"]["etag"] == '"1"', place
        assert call(place.request("GET", f"{own}/"))["statusCode"] == 404, place
        if place.routes in {"none", "{proxy+}"}:
            assert call(place.request("GET", "/x/todo"))["statusCode"] == 404, place
        if not place.nested:
            assert json.loads(call(place.request("GET", "/"))["body"]) == {"message": "Wilkomen!"}


def test_an_endpoints_location_can_be_followed_at_each_place(
    places: Sequence[Place], convoy: Convoy, customers: Invoke
) -> None:
    for place in places:
        body = json.dumps({"url": f"{convoy.receiver}?{places.index(place)}"})
        created = customers(place.request("POST", "/webhooks/endpoints", body))
        assert created["statusCode"] == 201, place
        location = created["headers"]["location"]
        own = location.removeprefix(place.prefix)
        assert own.startswith("/webhooks/endpoints/"), place
        assert customers(place.request("GET", own))["statusCode"] == 200, place
        assert customers(place.request("DELETE", own))["statusCode"] == 204, place
        assert customers(place.request("GET", "/webhooks"))["statusCode"] == 404, place


def test_the_root_of_a_base_path_is_the_apis_root(call: Invoke) -> None:
    event = request("rest_api", "GET", "/")
    event["path"] = event["requestContext"]["path"] = "/base"

    assert json.loads(call(event)["body"]) == {"message": "Wilkomen!"}


def test_an_encoded_path_is_decoded_once(call: Invoke) -> None:
    """An HTTP API has decoded it before."""
    for kind in EVENTS:
        twice = ENCODED.replace("%", "%25")
        for path, status in {ENCODED: 200, twice: 404, "/todo%2F1%3F": 422}.items():
            passed = unquote(path) if kind.startswith("http_api") else path

            assert call(request(kind, "GET", passed))["statusCode"] == status, kind


def test_a_rest_apis_parameter_may_be_decoded(call: Invoke) -> None:
    event = request("rest_api", "GET", ENCODED)
    event["pathParameters"]["proxy"] = "todo"

    assert call(event)["statusCode"] == 200


def test_no_prefix_of_a_client_breaks_a_location(call: Invoke) -> None:
    place = Place("http_api_v2", "/\u20ac\r\nx: y", "{proxy+}", nested="/{tenant}")

    created = call(place.request("POST", "/todo", '{"id": 1, "item": "x"}'))

    assert created["headers"]["location"] == "/%E2%82%AC%0D%0Ax:%20y/todo/1"


def test_without_a_named_stage_no_prefix_is_removed(call: Invoke) -> None:
    assert call(request("http_api_v2", "GET", "/$default/todo"))["statusCode"] == 404


@pytest.mark.parametrize("kind", ["http_api_v1", "http_api_v2", "rest_api"])
def test_a_stage_named_like_a_path_is_not_mistaken_for_it(call: Invoke, kind: str) -> None:
    event = request(kind, "GET", "/todo/todo" if kind.startswith("http") else "/todo")
    event["requestContext"] |= {"stage": "todo", "path": "/todo/todo"}

    assert json.loads(call(event)["body"]) == {"data": []}


def test_a_named_stage_is_removed_from_the_path(call: Invoke) -> None:
    for path, status in {
        "/dev/todo": 200,
        "/dev/": 200,
        "/dev": 200,
        "/dev/todo/9": 404,
        "/device/todo": 404,
        "/todo": 200,
        "/dev/dev/todo": 404,
    }.items():
        event = request("http_api_v2", "GET", path)
        event["requestContext"]["stage"] = "dev"

        assert call(event)["statusCode"] == status, path
