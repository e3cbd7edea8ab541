"""The customers' function: each route by each gateway's event, its callers, its cold start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from app.outbox.metrics import hashed
from tests.integration.customers.world import UNKNOWN
from tests.integration.lambda_.gateways import EVENTS, request
from tests.integration.lambda_.identities import USER, iam
from tests.paths import ROOT
from tests.stand_in import deployment

if TYPE_CHECKING:
    from tests.integration.lambda_.gateways import Invoke
    from tests.stand_in import Convoy
    from tests.support import JsonObject


@pytest.fixture
def anonymous(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SIGN_IN", "anonymous")


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.usefixtures("anonymous")
def test_every_route_works_behind_every_gateway(
    convoy: Convoy, customers: Invoke, kind: str
) -> None:
    def ask(status: int, method: str, path: str, body: object = None, **query: str) -> JsonObject:
        text = None if body is None else json.dumps(body)
        answer = customers(request(kind, method, f"/webhooks{path}", text, query))
        assert answer["statusCode"] == status, answer
        found: JsonObject = json.loads(answer["body"] or "{}")
        return found

    made = ask(201, "POST", "/endpoints", {"url": convoy.receiver, "paused": True})["data"]["id"]
    one = f"/endpoints/{made}"
    convoy.send("a", "everyone")
    convoy.wait_for_worker()
    assert ask(200, "PUT", one, {"paused": False})["data"]["status"] == "active"
    assert [each["id"] for each in ask(200, "GET", "/endpoints")["data"]] == [made]
    assert ask(200, "GET", one)["data"]["id"] == made
    secret = ask(200, "POST", f"{one}/rotate", {})["data"]
    assert ask(200, "GET", f"{one}/secret")["data"] == secret
    recovered = ask(200, "POST", f"{one}/recover", {"since": "2026-01-01T00:00:00Z"})["data"]
    assert recovered == {"resent": 1, "more": False}
    convoy.deliveries()
    test = ask(202, "POST", f"{one}/test")["data"]["event"]
    convoy.deliveries()
    (delivery,) = ask(200, "GET", "/deliveries", event=test, limit="1")["data"]
    shown = ask(200, "GET", f"/deliveries/{delivery['id']}")["data"]
    assert [each["arrived"] for each in shown["attempts_made"]] == [True]
    ask(202, "POST", f"/deliveries/{delivery['id']}/resend")
    ask(204, "DELETE", one)
    ask(404, "GET", one)


@pytest.mark.usefixtures("anonymous")
def test_a_location_has_the_gateways_prefix(convoy: Convoy, customers: Invoke) -> None:
    event = request("rest_api", "POST", "/webhooks/endpoints", f'{{"url": "{convoy.receiver}"}}')

    answer = customers(event)

    made = json.loads(answer["body"])["data"]["id"]
    assert answer["headers"]["location"] == f"/dev/webhooks/endpoints/{made}"


@pytest.mark.usefixtures("anonymous")
def test_the_function_has_no_other_routes(customers: Invoke) -> None:
    for path in ("/", "/todo", "/events", "/docs", "/openapi.json", "/webhooks", "/webhooks/x"):
        answer = customers(request("http_api_v2", "GET", path))
        assert answer["statusCode"] == 404
        assert answer["headers"]["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("anonymous")
def test_head_of_a_route_that_only_changes_is_a_405(customers: Invoke) -> None:
    answer = customers(request("http_api_v2", "HEAD", f"/webhooks/endpoints/{UNKNOWN}/rotate"))

    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "POST")


def test_an_owner_is_the_recognised_caller_and_the_log_says_who_did_what(
    convoy: Convoy, customers: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    def ask(authorizer: JsonObject | None, method: str, path: str, body: str = "") -> JsonObject:
        event = request("http_api_v2", method, f"/webhooks/{path}", body or None)
        event["headers"] |= {"x-owner": "ann"}
        event["requestContext"]["authorizer"] = authorizer
        return customers(event)

    def jwt(subject: str) -> JsonObject:
        return {"jwt": {"claims": {"sub": subject}, "scopes": None}}

    made = ask(jwt("ann"), "POST", "endpoints", f'{{"url": "{convoy.receiver}"}}')
    assert made["statusCode"] == 201
    endpoint = json.loads(made["body"])["data"]["id"]
    path = f"endpoints/{endpoint}"

    assert convoy.ask("GET", "/endpoints")["content"][0]["owner_id"] == "ann"
    assert ask(jwt("ann"), "GET", path)["statusCode"] == 200
    assert ask(jwt("bob"), "GET", path)["statusCode"] == 404
    assert ask(jwt("bob"), "GET", f"{path}/secret")["statusCode"] == 404
    assert ask(jwt("ann"), "POST", "deliveries/%22x/resend")["statusCode"] == 404
    for caller in (None, {"lambda": {"claims": {"sub": "ann"}}}, iam(USER)["authorizer"]):
        assert ask(caller, "GET", path)["statusCode"] == 401
    lines = [vars(each) for each in caplog.records if each.name == "app.customers.audit"]
    assert [{name: line[name] for name in ("action", "outcome", "owner")} for line in lines] == [
        {"action": "create_endpoint", "outcome": "done", "owner": hashed("ann")},
        {"action": "get_endpoint_secret", "outcome": "NotFound", "owner": hashed("bob")},
        {"action": "resend_delivery", "outcome": "NotFound", "owner": hashed("ann")},
    ]
    assert [line.get("endpoint") for line in lines] == [endpoint, endpoint, None]
    assert lines[2]["delivery"] is None  # the text of another form is the client's
    assert all(line["actor"] == line["owner"] for line in lines)  # the `sub` is both here
    assert {line["request_id"] for line in lines} == {"request-1"}


STORE = {"app.dynamodb.store", "app.http.resource_routes", "app.http.webhooks", "app.outbox.relay"}
CUSTOMERS = {"app.customers.endpoints", "app.convoy_admin.project", "app.wiring.customers"}


@pytest.mark.parametrize(
    ("entry_point", "foreign"),
    [
        ("handler.api", CUSTOMERS | {"app.outbox.relay"}),
        ("handler.relay", CUSTOMERS),
        ("handler.webhooks", STORE),
    ],
)
def test_a_cold_start_imports_no_other_functions_modules(
    convoy: Convoy, entry_point: str, foreign: set[str]
) -> None:
    script = "import handler, json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | deployment(convoy, "everyone") | {"_HANDLER": entry_point},
        capture_output=True,
        check=True,
    )

    imported = set(json.loads(done.stdout))
    assert imported & foreign == set()
    assert imported & (STORE | CUSTOMERS)
