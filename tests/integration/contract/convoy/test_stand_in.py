"""The stand-in's own features, and behaviour that only its inbox shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from infra.fake_convoy import application as stand_in
from infra.fake_convoy import server
from infra.fake_convoy.project import API_KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stand_in import Convoy

EVENT = {"owner_id": "ann", "event_type": "created", "data": {"x": 1}, "idempotency_key": "k"}


@pytest.fixture
def http(stand_in: httpx.Client) -> httpx.Client:
    return stand_in


def test_a_key_is_unique_in_the_project_across_owners(http: httpx.Client, convoy: Convoy) -> None:
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


def test_an_event_knows_its_owners_endpoints(http: httpx.Client, convoy: Convoy) -> None:
    endpoint = convoy.endpoint("ann")
    convoy.endpoint("bob")
    http.post("/events/fanout", json=EVENT)

    assert convoy.events()[0]["endpoints"] == [endpoint]


def test_outside_the_api_everything_is_the_dashboard(convoy: Convoy) -> None:
    response = convoy.http.post(f"{convoy.url}/v1/projects/p/events/fanout", json=EVENT)

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


def test_inside_the_api_an_unknown_path_is_a_404_in_plain_text(convoy: Convoy) -> None:
    response = convoy.http.get(f"{convoy.api}/v2/nothing")

    assert (response.status_code, response.text) == (404, "404 page not found\n")


def test_a_fault_with_times_ends_by_itself(http: httpx.Client, convoy: Convoy) -> None:
    convoy.fail(status=503, times=2)

    codes = [http.post("/events/fanout", json=EVENT).status_code for _ in range(3)]
    assert codes == [503, 503, 201]


def test_with_a_journal_events_outlive_a_restart(tmp_path: Path) -> None:
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


def test_a_fault_without_times_lasts_until_it_is_removed(
    http: httpx.Client, convoy: Convoy
) -> None:
    convoy.fail(reset=True)
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            http.post("/events/fanout", json=EVENT)
    convoy.recover()

    assert http.post("/events/fanout", json=EVENT).status_code == 201
    assert len(convoy.events()) == 1


def test_a_refused_event_is_not_stored(http: httpx.Client, convoy: Convoy) -> None:
    keys = {"authorization": "Bearer CO.other"}
    http.post("/events/fanout", json=EVENT, headers=keys)
    http.post("/events/fanout", json={"owner_id": "ann"})

    assert convoy.events() == []
