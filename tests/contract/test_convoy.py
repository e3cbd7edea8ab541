"""What this project relies on in Convoy's HTTP API, as its server v26.7 answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from infra.local import convoy as stand_in
from infra.local import server
from infra.local.convoy import API_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support import Convoy

EVENT = {"owner_id": "ann", "event_type": "created", "data": {"x": 1}, "idempotency_key": "k"}
ENDPOINT = {"name": "ann's", "url": "http://127.0.0.1:9", "owner_id": "ann"}


@pytest.fixture
def http(convoy: Convoy) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {API_KEY}"}
    with httpx.Client(base_url=f"{convoy.api}/v1/projects/p", headers=headers) as http:
        yield http


def data(response: httpx.Response, status: int = 201) -> Any:
    assert response.status_code == status, response.text
    body = response.json()
    assert body["status"] is True
    return body["data"]


def message(response: httpx.Response, status: int = 400) -> str:
    assert response.status_code == status
    body = response.json()
    assert body["status"] is False
    text: str = body["message"]
    return text


def test_a_fan_out_is_queued_and_its_answer_has_no_data(http: httpx.Client) -> None:
    response = http.post("/events/fanout", json=EVENT)

    assert response.status_code == 201
    assert response.json() == {
        "status": True,
        "message": "Endpoint fanout event queued successfully",
        "data": None,
    }


def test_a_key_is_for_the_whole_project_whoever_the_owner(
    http: httpx.Client, convoy: Convoy
) -> None:
    http.post("/events/fanout", json=EVENT)
    response = http.post("/events/fanout", json=EVENT | {"owner_id": "bob"})

    assert response.status_code == 201
    assert response.json()["message"] == "Duplicate event received, but will not be sent"
    assert [event["is_duplicate_event"] for event in convoy.events()] == [False, True]


def test_without_a_key_nothing_is_a_duplicate(http: httpx.Client, convoy: Convoy) -> None:
    keyless = {name: value for name, value in EVENT.items() if name != "idempotency_key"}
    http.post("/events/fanout", json=keyless)
    http.post("/events/fanout", json=keyless)

    assert [event["is_duplicate_event"] for event in convoy.events()] == [False, False]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("owner_id", "owner_id:please provide an owner id"),
        ("event_type", "event_type:please provide an event type"),
        ("data", "data:please provide your data"),
    ],
)
def test_a_fan_out_without_a_field_is_a_400_that_names_it(
    http: httpx.Client, convoy: Convoy, name: str, told: str
) -> None:
    body = {field: value for field, value in EVENT.items() if field != name}

    assert message(http.post("/events/fanout", json=body)) == told
    assert convoy.events() == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "body must not be empty"),
        (b"{", "body contains badly-formed JSON (at character 2)"),
        (b"[]", "body contains incorrect JSON type (at character 1)"),
    ],
)
def test_a_body_that_is_not_an_object_is_a_400(
    http: httpx.Client, content: bytes, told: str
) -> None:
    assert message(http.post("/events/fanout", content=content)) == told


def test_another_content_type_is_a_415_without_a_body(http: httpx.Client) -> None:
    response = http.post("/events/fanout", content="x", headers={"content-type": "text/plain"})

    assert (response.status_code, response.content) == (415, b"")


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", "Authentication required"),
        ("Bearer", "Authentication required"),
        ("Basic eDp5", "Authentication required"),
        ("Bearer CO.other", "authorization failed"),
    ],
)
def test_a_wrong_key_is_a_401(http: httpx.Client, header: str, told: str) -> None:
    response = http.post("/events/fanout", json=EVENT, headers={"authorization": header})

    assert message(response, 401) == told


def test_an_endpoint_is_signed_in_the_advanced_form_with_a_secret_of_its_own(
    http: httpx.Client,
) -> None:
    endpoint = data(http.post("/endpoints", json=ENDPOINT))

    assert endpoint["advanced_signatures"] is True
    assert len(endpoint["secrets"][0]["value"]) >= 24
    assert endpoint["owner_id"] == "ann"


def test_endpoints_are_listed_by_owner(http: httpx.Client) -> None:
    mine = data(http.post("/endpoints", json=ENDPOINT | {"secret": "s"}))
    http.post("/endpoints", json=ENDPOINT | {"owner_id": "bob"})

    page = data(http.get("/endpoints", params={"ownerId": "ann"}), 200)
    assert [endpoint["uid"] for endpoint in page["content"]] == [mine["uid"]]
    assert mine["secrets"][0]["value"] == "s"


@pytest.mark.parametrize("name", ["name", "url"])
def test_an_endpoint_without_a_field_is_a_400_that_does_not_name_it(
    http: httpx.Client, name: str
) -> None:
    body = {field: value for field, value in ENDPOINT.items() if field != name}

    assert message(http.post("/endpoints", json=body)) == "Invalid input provided"
    assert message(http.post("/endpoints", content="{")) == "Invalid request format"


def test_an_endpoint_has_one_subscription_and_without_a_licence_no_filter(
    http: httpx.Client,
) -> None:
    endpoint = data(http.post("/endpoints", json=ENDPOINT))
    body = {
        "name": "all",
        "endpoint_id": endpoint["uid"],
        "filter_config": {"event_types": ["created"]},
    }

    subscription = data(http.post("/subscriptions", json=body))
    again = message(http.post("/subscriptions", json=body))

    assert subscription["filter_config"]["event_types"] == ["*"]
    assert again == "a subscription for this endpoint already exists"
    page = data(http.get("/subscriptions"), 200)
    assert [found["uid"] for found in page["content"]] == [subscription["uid"]]


def test_a_subscription_of_an_unknown_endpoint_is_a_400(http: httpx.Client) -> None:
    body = {"name": "all", "endpoint_id": "unknown"}

    assert message(http.post("/subscriptions", json=body)) == "failed to find endpoint by id"
    assert (
        message(http.post("/subscriptions", json={"name": "all"}))
        == "endpoint_id:please provide a valid endpoint id"
    )


def test_an_event_knows_its_owners_endpoints(http: httpx.Client, convoy: Convoy) -> None:
    endpoint = data(http.post("/endpoints", json=ENDPOINT))
    http.post("/endpoints", json=ENDPOINT | {"owner_id": "bob"})
    http.post("/events/fanout", json=EVENT)

    assert convoy.events()[0]["endpoints"] == [endpoint["uid"]]


def test_event_types_are_not_unique(http: httpx.Client) -> None:
    body = {"name": "created", "description": "Todo created", "json_schema": {"type": "object"}}
    data(http.post("/event-types", json=body))
    data(http.post("/event-types", json=body))

    listed = data(http.get("/event-types"), 200)
    assert [found["name"] for found in listed] == ["created", "created"]
    assert (
        message(http.post("/event-types", json={}))
        == "name:please provide a name for this event type"
    )


def test_outside_the_api_everything_is_the_dashboard(convoy: Convoy) -> None:
    response = convoy.http.post(f"{convoy.url}/v1/projects/p/events/fanout", json=EVENT)

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


def test_inside_the_api_an_unknown_path_is_a_404_in_plain_text(convoy: Convoy) -> None:
    response = convoy.http.get(f"{convoy.api}/v2/nothing")

    assert (response.status_code, response.text) == (404, "404 page not found\n")


def test_told_to_fail_so_many_times_it_recovers_by_itself(
    http: httpx.Client, convoy: Convoy
) -> None:
    convoy.fail(status=503, times=2)

    codes = [http.post("/events/fanout", json=EVENT).status_code for _ in range(3)]
    assert codes == [503, 503, 201]


def test_with_a_journal_what_was_received_outlives_a_restart(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    headers = {"authorization": f"Bearer {API_KEY}"}
    messages = []
    for _ in range(2):
        with server.running(stand_in.build(journal)) as url, httpx.Client(headers=headers) as http:
            answer = http.post(f"{url}/api/v1/projects/p/events/fanout", json=EVENT)
            messages.append(answer.json()["message"])
            received = http.get(f"{url}/inbox").json()["events"]

    assert messages[1] == "Duplicate event received, but will not be sent"
    assert [event["is_duplicate_event"] for event in received] == [False, True]


def test_told_to_fail_until_told_otherwise(http: httpx.Client, convoy: Convoy) -> None:
    convoy.fail(reset=True)
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            http.post("/events/fanout", json=EVENT)
    convoy.recover()

    assert http.post("/events/fanout", json=EVENT).status_code == 201
    assert len(convoy.events()) == 1
