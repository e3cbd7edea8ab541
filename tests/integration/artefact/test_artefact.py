"""The deployed zip, built for this machine: it answers, delivers, and names its failures."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from app.runtime.version import version
from infra.package.build import ROOT
from tests.integration.artefact.runtime_api import FunctionError
from tests.integration.customers.world import set_up
from tests.integration.lambda_.gateways import contract, contract_events, request
from tests.product import CHANGED, NEW, PATH, RESOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.artefact.conftest import Start
    from tests.stand_in import Convoy
    from tests.support import JsonObject
    from tests.tables import Outbox

IMAGES = pytest.mark.parametrize(
    "runtime",
    [None, "older-boto3"],
    ids=["the lock's boto3", "an older boto3"],
    indirect=True,
)
CREATE = ("POST", PATH, json.dumps(NEW))
CONTRACT = contract(RESOURCE, NEW, CHANGED)


def ask(
    method: str, path: str, body: str | None = None, query: JsonObject | None = None
) -> JsonObject:
    """The event that an HTTP API makes of Ann's request."""
    event = request("http_api_v2", method, path, body, query)
    event["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": "ann"}, "scopes": None}}
    return event


@IMAGES
def test_the_zip_serves_the_whole_contract(start: Start, convoy: Convoy) -> None:
    api = start("handler.api")

    answers = [api.invoke(ask(*asked)) for asked, _ in CONTRACT]

    assert [(answer["statusCode"], json.loads(answer["body"])) for answer in answers] == [
        answer for _, answer in CONTRACT
    ]
    assert [event["event_type"] for event in convoy.events()] == contract_events(RESOURCE.events)
    assert {event["owner_id"] for event in convoy.events()} == {"ann"}


def test_the_zip_serves_its_document_under_the_projects_version(start: Start) -> None:
    answer = start("handler.api").invoke(ask("GET", "/openapi.json"))

    assert json.loads(answer["body"])["info"]["version"] == version()


def test_problems_are_sent_as_text(start: Start) -> None:
    api = start("handler.api")
    anonymous = request("http_api_v2", "GET", PATH)

    for event, status in (
        (anonymous, 401),
        (ask("GET", f"{PATH}/9"), 404),
        (ask("POST", PATH), 422),
    ):
        answer = api.invoke(event)

        assert (answer["statusCode"], answer["isBase64Encoded"]) == (status, False)
        assert answer["headers"]["content-type"] == "application/problem+json"
        assert json.loads(answer["body"])["status"] == status


def test_the_zip_serves_the_committed_document(start: Start) -> None:
    answer = start("handler.api").invoke(ask("GET", "/openapi.json"))

    assert json.loads(answer["body"]) == json.loads((ROOT / "docs" / "openapi.json").read_text())


@IMAGES
def test_the_relay_of_the_zip_settles_what_convoy_lost(
    start: Start, convoy: Convoy, outbox: Outbox
) -> None:
    convoy.stop_worker()
    accepted = start("handler.api").invoke(ask(*CREATE))["headers"]
    assert accepted["webhook-status"] == "accepted"
    assert convoy.lose() == 1
    convoy.start_worker()
    relay = start("handler.relay")

    published = relay.invoke({})
    convoy.wait_for_worker()
    settled = relay.invoke({})

    counts = ("settled", "published", "pending", "failed", "stopped", "partial")
    assert [published[name] for name in counts] == [0, 1, 1, 0, None, False]
    assert [settled[name] for name in counts] == [1, 0, 0, 0, None, False]
    assert settled["deliveries"]["failed"] == 0
    (event,) = [each for each in convoy.events() if not each["is_duplicate_event"]]
    assert event["idempotency_key"] == accepted["webhook-id"]
    assert event["event_type"] == RESOURCE.events.created.name
    assert outbox.event_ids() == []


@IMAGES
def test_the_customers_function_of_the_zip_makes_endpoints(
    start: Start, convoy: Convoy, environment: dict[str, str]
) -> None:
    set_up(convoy)
    environment["LOCAL_ENDPOINTS"] = "true"
    webhooks = start("handler.webhooks")
    body = f'{{"url": "{convoy.receiver}"}}'

    made = webhooks.invoke(ask("POST", "/webhooks/endpoints", body))
    one = f"/webhooks/endpoints/{json.loads(made['body'])['data']['id']}"
    tested = webhooks.invoke(ask("POST", f"{one}/test"))
    convoy.deliveries()
    deliveries = webhooks.invoke(ask("GET", "/webhooks/deliveries"))

    assert (made["statusCode"], tested["statusCode"]) == (201, 202)
    (delivery,) = json.loads(deliveries["body"])["data"]
    assert (delivery["event_type"], delivery["status"]) == ("test", "Success")
    assert start("handler.api").invoke(ask("GET", one))["statusCode"] == 404


def test_a_package_missing_from_the_zip_is_named_at_the_start(start: Start, task: Path) -> None:
    shutil.rmtree(task / "mangum")

    with pytest.raises(FunctionError, match=r"init/error: .*No module named 'mangum'"):
        start("handler.api").invoke(ask(*CREATE))


def test_a_missing_setting_is_named_at_the_start(start: Start, environment: dict[str, str]) -> None:
    del environment["RESOURCES_TABLE"]

    with pytest.raises(FunctionError, match=r"init/error: .*RESOURCES_TABLE is not set"):
        start("handler.api").invoke(ask(*CREATE))
