"""A second resource beside the todo: its own routes, events, versions, keys, rule and fields."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app.http import application
from tests.built_once import built_once
from tests.components import make_service
from tests.invoices import INVOICE
from tests.support import NOW, OWNER
from tests.tables import TABLES, make_store
from tests.todo import TODO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.domain.service import Service
    from tests.stand_in import Convoy

BODY: dict[str, Any] = {
    "lines": {"bolt": 2, "nut": 3},
    "price": "12.50",
    "due": "2026-12-01T08:00:00+01:00",
    "tags": ["b", "a"],
}
PARCEL = {"carrier": "bike", "postage": "3.20"}
STORED = {"id": 1, **BODY, "paid": False, "version": 1}


pytestmark = pytest.mark.parametrize("dynamodb", ["moto", "dynamodb_local"], indirect=True)


@pytest.fixture
def client(dynamodb: DynamoDBClient, publisher: ConvoyPublisher) -> Iterator[TestClient]:
    ids = iter(range(1000))
    services = [
        make_service(
            dynamodb,
            publisher,
            type=each,
            store=make_store(dynamodb, type=each),
            new_event_id=lambda _: f"event-{next(ids)}",
        )
        for each in (TODO, INVOICE)
    ]
    with built_once(_app, *services) as app, TestClient(app) as client:
        yield client


def _app(*services: Service[Any]) -> FastAPI:
    return application.build(services, lambda _: OWNER)


def events(convoy: Convoy) -> list[tuple[str, Any]]:
    return [(each["event_type"], each["data"]) for each in convoy.events()]


def test_it_is_created_read_updated_and_deleted_with_an_event_each(
    client: TestClient, convoy: Convoy
) -> None:
    created = client.post("/invoice", json={"id": 1, **BODY})
    read = client.get("/invoice/1")
    updated = client.put("/invoice/1", json={"note": "soon", "paid": True, "price": "0"})
    page = client.get("/invoice")

    assert (created.status_code, created.json()) == (201, {"data": ["Invoice added."]})
    assert created.headers["location"] == "/invoice/1"
    assert (read.json(), read.headers["etag"]) == ({"data": STORED}, '"1"')
    assert updated.json() == {"data": "Invoice with id 1 has been updated."}
    after = STORED | {"note": "soon", "paid": True, "price": "0", "version": 2}
    assert page.json() == {"data": [after]}
    types = [(name, data.get("invoice")) for name, data in events(convoy)]
    assert types == [
        ("invoice.created", STORED),
        ("invoice.retrieved", STORED),
        ("invoice.updated", after),
        ("invoice.retrieved", None),
    ]


def test_objects_and_one_of_some_texts_are_stored_and_published_unchanged(
    client: TestClient, convoy: Convoy
) -> None:
    parcels = [PARCEL | {"sent": "2026-12-01T08:00:00+01:00"}, PARCEL]

    client.post("/invoice", json={"id": 1, **BODY})
    client.put("/invoice/1", json={"parcels": parcels, "state": "closed"})

    after = STORED | {"parcels": parcels, "state": "closed", "version": 2}
    assert client.get("/invoice/1").json() == {"data": after}
    assert events(convoy)[1] == ("invoice.updated", events(convoy)[1][1] | {"invoice": after})


def test_a_put_with_null_clears_an_optional_field(client: TestClient, convoy: Convoy) -> None:
    client.post("/invoice", json={"id": 1, **BODY, "note": "x", "reminders": [BODY["due"]]})

    client.put("/invoice/1", json={"note": None})

    assert client.get("/invoice/1").json()["data"] == STORED | {
        "reminders": [BODY["due"]],
        "version": 2,
    }
    assert "note" not in events(convoy)[1][1]["invoice"]


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("price", 12.5, 'must be a decimal as text, such as "12.50"'),
        ("price", "1e3", 'must be a decimal as text, such as "12.50"'),
        ("price", "-1", "greater than or equal to 0"),
        ("price", None, "null is not allowed"),
        ("due", "2026-12-01T08:00:00", "must be a time with its offset (RFC 3339)"),
        ("due", "2026-13-01T08:00:00Z", "must be a time with its offset (RFC 3339)"),
        ("due", 5, "must be a time with its offset (RFC 3339)"),
        ("lines", {}, "at least 1 item"),
        ("lines", {"a": 0}, "greater than or equal to 1"),
        ("lines", {"a": 2**53}, "less than or equal to 9007199254740991"),
        ("lines", {"a\0": 1}, "null character"),
        ("tags", "x", "valid list"),
        ("tags", [1], "valid string"),
        ("note", "x" * 101, "at most 100 characters"),
        ("paid", "yes", "valid boolean"),
        ("labels", ["a", "a"], "each label may be there once"),
        ("state", "lost", "'open' or 'closed'"),
        ("parcels", [{"carrier": "post"}], "required"),
        ("parcels", [PARCEL | {"weight": 1}], "not permitted"),
        ("parcels", [PARCEL | {"carrier": "mule"}], "'post' or 'bike'"),
        ("parcels", [PARCEL | {"postage": 1.5}], 'must be a decimal as text, such as "12.50"'),
        ("parcels", [PARCEL | {"postage": "1.555"}], "no more than 2 decimal places"),
        ("parcels", [PARCEL | {"sent": None}], "must be a time with its offset"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_changes(
    client: TestClient, field: str, value: object, detail: str
) -> None:
    client.post("/invoice", json={"id": 1, **BODY})

    for answer in (
        client.post("/invoice", json={"id": 2, **BODY, field: value}),
        client.put("/invoice/1", json={field: value}),
    ):
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert fault["field"].split(".")[0] == field
        assert not fault["detail"].startswith("Value error")
        assert detail in fault["detail"]
    assert client.get("/invoice").json() == {"data": [STORED]}


def test_its_rule_answers_409_without_a_line_elsewhere(client: TestClient) -> None:
    client.post("/invoice", json={"id": 1, **BODY, "paid": True})

    for refused in (client.put("/invoice/1", json={"price": "1"}), client.delete("/invoice/1")):
        assert refused.status_code == 409
        assert refused.json()["detail"] == "Invoice with id 1 is paid."


def test_a_missing_resource_has_its_own_failed_event(client: TestClient, convoy: Convoy) -> None:
    assert client.delete("/invoice/9").json() == {"data": "Invoice with id 9 not found."}

    ((name, data),) = events(convoy)
    assert (name, data["event"], data["invoice_id"]) == ("invoice.failed", "invoice.failure", 9)


def test_both_resources_may_use_one_id_and_have_separate_pages(client: TestClient) -> None:
    client.post("/todo", json={"id": 1, "item": "x"})
    client.post("/invoice", json={"id": 1, **BODY})

    client.delete("/todo/1")

    assert client.get("/todo").json() == {"data": []}
    assert client.get("/invoice").json() == {"data": [STORED]}


def test_a_key_stands_for_one_request_of_one_resource(client: TestClient) -> None:
    key = {"Idempotency-Key": "k"}
    first = client.post("/invoice", json=BODY, headers=key)
    again = client.post("/invoice", json=BODY, headers=key)
    other = client.post("/invoice", json=BODY | {"price": "12.5"}, headers=key)
    todo = client.post("/todo", json={"item": "x"}, headers=key)

    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert (other.status_code, todo.status_code) == (422, 422)


def test_its_version_guards_an_update(client: TestClient) -> None:
    client.post("/invoice", json={"id": 1, **BODY})

    stale = client.put("/invoice/1", json={"paid": True}, headers={"If-Match": '"2"'})

    assert stale.status_code == 412


def test_an_attribute_of_a_newer_version_of_the_code_survives_an_update(
    client: TestClient, dynamodb: DynamoDBClient
) -> None:
    client.post("/invoice", json={"id": 1, **BODY})
    key: Any = {"kind/owner": {"S": f"invoice/{OWNER}"}, "id": {"N": "1"}}
    dynamodb.update_item(
        TableName=TABLES["ResourcesTable"],
        Key=key,
        UpdateExpression="SET colour = :red",
        ExpressionAttributeValues={":red": {"S": "red"}},
    )

    assert client.put("/invoice/1", json={"paid": True}).status_code == 200

    item = dynamodb.get_item(TableName=TABLES["ResourcesTable"], Key=key)["Item"]
    assert (item["colour"], item["paid"]) == ({"S": "red"}, {"BOOL": True})


def test_the_document_has_its_paths_bodies_and_webhooks(client: TestClient) -> None:
    document = client.get("/openapi.json").json()

    assert {"/invoice", "/invoice/{id}", "/todo", "/todo/{id}"} <= document["paths"].keys()
    invoice = document["webhooks"]["invoice.created"]["post"]["requestBody"]
    schema = invoice["content"]["application/json"]["schema"]["properties"]["invoice"]
    assert schema["required"] == ["id", "lines", "price", "due", "paid", "tags", "version"]
    assert schema["properties"]["due"]["format"] == "date-time"
    assert schema["properties"]["price"]["description"] == "at least 0"
    new = document["components"]["schemas"]["NewInvoice"]
    assert {"type": "null"} in new["properties"]["note"]["anyOf"]


def test_a_list_without_a_value_is_empty(client: TestClient) -> None:
    client.post("/invoice", json={name: value for name, value in BODY.items() if name != "tags"})

    (stored,) = client.get("/invoice").json()["data"]
    assert stored["tags"] == []


@pytest.mark.parametrize(
    "due", ["2026-12-01T08:00:00.123456789Z", "2026-12-01t08:00:00z", "2026-12-01T08:00:00-23:59"]
)
def test_every_time_of_rfc_3339_is_taken(client: TestClient, due: str) -> None:
    assert client.post("/invoice", json=BODY | {"due": due}).status_code == 201


def test_a_rule_does_not_refuse_a_request_that_was_done_before(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher
) -> None:
    """The invoice was due in the future when the request came first, and is due in the past now."""
    body = BODY | {"due": (NOW + timedelta(hours=1)).isoformat()}
    moments = iter([NOW, NOW, *[NOW + timedelta(hours=2)] * 2])
    service = make_service(
        dynamodb,
        publisher,
        type=INVOICE,
        store=make_store(dynamodb, type=INVOICE),
        clock=lambda: next(moments),
        new_event_id=lambda _: "event",
    )
    with TestClient(application.build([service], lambda _: OWNER)) as client:
        first = client.post("/invoice", json=body, headers={"Idempotency-Key": "k"})
        again = client.post("/invoice", json=body, headers={"Idempotency-Key": "k"})

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"


def test_a_resource_that_no_row_can_hold_is_refused(client: TestClient) -> None:
    client.post("/invoice", json={"id": 1, **BODY})
    parts = [
        {"lines": {f"{number:0250}": 1 for number in range(300)}},
        {"tags": ["x" * 60_000]},
        {"reminders": [BODY["due"]] * 4_200},
    ]

    statuses = [client.put("/invoice/1", json=part).status_code for part in parts]

    assert statuses == [200, 200, 413]
    assert client.get("/invoice/1").headers["etag"] == '"3"'


def test_two_resources_of_one_name_stop_the_start(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher
) -> None:
    services = [make_service(dynamodb, publisher) for _ in range(2)]

    with pytest.raises(ValueError, match="Two resources have the same name: todo"):
        application.build(services, lambda _: OWNER)
