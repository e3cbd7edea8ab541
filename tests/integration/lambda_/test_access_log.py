"""The function's part of a full access log: the owner of each request, as a hash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.outbox.metrics import hashed
from tests.integration.lambda_.gateways import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.lambda_.gateways import Invoke
    from tests.support import JsonObject

REQUESTS = [
    ("GET", "/todo", 200),
    ("GET", "/events", 200),
    ("GET", "/todo/7", 404),
    ("POST", "/todo", 422),
    ("GET", "/unknown", 404),
    ("PATCH", "/todo", 405),
]
"""None of them publishes an event, whose line would have the hashes."""

CUSTOMERS = [("GET", "/webhooks/endpoints", 200), ("GET", "/webhooks/unknown", 404)]


def ask(call: Invoke, requests: list[tuple[str, str, int]]) -> None:
    """Make the requests as Ann, who acts for an organisation."""
    for method, path, status in requests:
        event = request("http_api_v2", method, path)
        claims = {"sub": "ann@example.com", "org_id": "org-1"}
        event["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
        assert call(event)["statusCode"] == status, path


def lines_of(
    call: Invoke, requests: list[tuple[str, str, int]], capsys: pytest.CaptureFixture[str]
) -> list[JsonObject]:
    """The log's lines with an owner, after the requests of `ask`."""
    capsys.readouterr()
    ask(call, requests)
    out = capsys.readouterr().out
    assert "ann@example.com" not in out
    assert "org-1" not in out
    return [line for line in map(json.loads, out.splitlines()) if "owner" in line]


@pytest.fixture
def organisations(environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    environment.setenv("OWNER_CLAIM", "org_id")
    environment.setenv("PUBLISH_READS", "false")
    return environment


@pytest.fixture
def full(organisations: pytest.MonkeyPatch) -> None:
    organisations.setenv("ACCESS_LOG", "full")


@pytest.mark.usefixtures("full")
def test_a_full_log_has_the_hashed_owner_of_each_request(
    cold_start: Callable[[], Invoke],
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = lines_of(cold_start(), REQUESTS, capsys)

    assert [(line["owner"], line["actor"]) for line in lines] == [
        (hashed("org-1"), hashed("ann@example.com"))
    ] * len(REQUESTS)
    assert all(line["request_id"] for line in lines)


@pytest.mark.usefixtures("full")
def test_a_full_log_has_the_owner_of_a_customers_requests_too(
    customers: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    ask(customers, CUSTOMERS)

    owners = [vars(each)["owner"] for each in caplog.records if "owner" in vars(each)]
    assert owners == [hashed("org-1")] * len(CUSTOMERS)


def test_an_anonymous_caller_has_no_actor(
    organisations: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"SIGN_IN": "anonymous", "OWNER_CLAIM": "", "ACCESS_LOG": "full"}.items():
        organisations.setenv(name, value)

    (line,) = lines_of(cold_start(), REQUESTS[:1], capsys)

    assert (line["owner"], line["actor"]) == (hashed("everyone"), None)


def test_a_short_log_has_no_line_for_each_request(
    organisations: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
    capsys: pytest.CaptureFixture[str],
) -> None:
    organisations.setenv("ACCESS_LOG", "short")

    assert lines_of(cold_start(), REQUESTS, capsys) == []
