"""What `app.convoy_admin.project` makes of Convoy's calls for a customer's endpoint."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.convoy.api_key import ApiKey
from app.convoy_admin.calls import ConvoyNotFound, ConvoyRefused, ConvoyUnusable
from app.convoy_admin.project import Project, secret_of
from tests.components import make_exchange
from tests.integration.contract.convoy.envelope import (
    data,
    delivery_of,
    event_of,
    eventually,
    publish,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.integration.e2e.receiving import Receiver
    from tests.support import JsonObject


@pytest.fixture
def project(http: httpx.Client) -> Iterator[Project]:
    api, _, project_id = str(http.base_url).rstrip("/").partition("/v1/projects/")
    api_key = ApiKey(http.headers["authorization"].removeprefix("Bearer "))
    exchange = make_exchange(api, project_id=project_id, api_key=api_key)
    with closing(Project(exchange, base_url=api, project_id=project_id)) as project:
        yield project


@pytest.fixture
def made(project: Project, owner: str) -> JsonObject:
    return project.create_endpoint(
        name="mine", url="http://127.0.0.1:9", owner=owner, description="first"
    )


def test_an_update_changes_only_what_it_names(http: httpx.Client, project: Project) -> None:
    kept = {
        "owner_id": str(uuid4()),
        "rate_limit": 7,
        "rate_limit_duration": 60,
        "authentication": {
            "type": "api_key",
            "api_key": {"header_name": "X-Key", "header_value": "v"},
        },
    }
    about = {"name": "mine", "url": "http://127.0.0.1:9", "description": "first"}
    uid = data(http.post("/endpoints", json=about | kept))["uid"]

    project.update_endpoint(project.endpoint(uid), description="")
    project.update_endpoint(project.endpoint(uid), url="http://127.0.0.1:8")

    found = project.endpoint(uid)
    assert {name: found[name] for name in kept} == kept
    assert (found["url"], found["description"]) == ("http://127.0.0.1:8", "")
    assert (found["name"], found["advanced_signatures"]) == ("mine", True)


def test_a_new_endpoint_shows_its_description_and_its_secret(
    project: Project, made: JsonObject, owner: str
) -> None:
    assert (made["description"], made["owner_id"]) == ("first", owner)
    assert len(secret_of(made)) >= 24
    assert secret_of(project.endpoint(made["uid"])) == secret_of(made)
    assert [each["uid"] for each in project.endpoints(owner)] == [made["uid"]]


def test_an_endpoint_can_be_paused_and_activated_twice(project: Project, made: JsonObject) -> None:
    uid = made["uid"]

    for _ in range(2):
        assert project.pause_endpoint(uid)["status"] == "paused"
        assert project.endpoint(uid)["status"] == "paused"
    for _ in range(2):
        assert project.activate_endpoint(uid)["status"] == "active"
        assert project.endpoint(uid)["status"] == "active"


def test_the_newest_secret_is_that_of_the_last_rotation(project: Project, made: JsonObject) -> None:
    first, second = (project.rotate_secret(made["uid"], overlap_h=24) for _ in range(2))

    found = project.endpoint(made["uid"])
    assert [each["value"] for each in found["secrets"]] == [secret_of(made), first, second]
    assert secret_of(found) == second


def test_a_deleted_endpoint_is_not_found(project: Project, made: JsonObject) -> None:
    project.delete_endpoint(made["uid"])

    for call in (project.endpoint, project.delete_endpoint, project.pause_endpoint):
        with pytest.raises(ConvoyNotFound):
            call(made["uid"])
    with pytest.raises(ConvoyNotFound):
        project.update_endpoint(made, description="second")
    with pytest.raises(ConvoyNotFound):
        project.delivery("unknown")


def test_a_description_that_convoy_can_not_store_is_refused(
    project: Project, made: JsonObject
) -> None:
    with pytest.raises(ConvoyRefused, match=r"^not sent: "):
        project.update_endpoint(made, description="\0")

    assert project.endpoint(made["uid"])["description"] == "first"


def test_filters_are_added_and_deleted(project: Project, made: JsonObject) -> None:
    subscription = project.create_subscription(name="all", endpoint_id=made["uid"])["uid"]
    wanted = f"test.{uuid4()}"
    project.create_event_type({"name": wanted})
    (every,) = project.event_filters(subscription)

    added = project.add_filter(subscription, wanted)
    for _ in range(2):
        project.delete_filter(subscription, every["uid"])

    (found,) = project.event_filters(subscription)
    assert (found["uid"], found["event_type"]) == (added["uid"], wanted)
    with pytest.raises(ConvoyUnusable, match=r"Run `convoy setup`\.$"):
        project.add_filter(subscription, f"unknown.{uuid4()}")


def test_an_event_to_one_endpoint_has_its_data_and_its_key(
    project: Project, subscribed: str, receiver: Receiver
) -> None:
    key = str(uuid4())

    project.publish_to_endpoint(subscribed, "ping", {"event": "ping", "id": key}, key)

    (received,) = eventually(lambda: receiver.of(key))
    assert received.body == b'{"event":"ping","id":"%s"}' % key.encode()


def test_deliveries_are_found_by_endpoint_type_time_and_place(
    http: httpx.Client, project: Project, owner: str, subscribed: str
) -> None:
    types = ["created", "updated", "deleted"]
    keys = [publish(http, owner, event_type=each) for each in types]
    for key in keys:
        delivery_of(http, key, "Success")
    now, minute = datetime.now(UTC), timedelta(minutes=1)

    def found(*event_types: str, **filters: object) -> list[str]:
        asked = {"endpoint_ids": [subscribed, "unknown"], "event_types": event_types, **filters}
        return [each["event_type"] for each in project.deliveries(**asked)]  # type: ignore[arg-type]

    assert sorted(found()) == sorted(types)
    assert found("updated") == ["updated"]
    assert sorted(found("updated", "deleted")) == ["deleted", "updated"]
    assert found("other") == []
    assert sorted(found(since=now - minute, until=now + minute, per_page=1)) == sorted(types)
    assert (found(since=now + minute, until=now + 2 * minute), found(until=now - minute)) == (
        [],
        [],
    )
    every = list(project.deliveries(endpoint_ids=[subscribed]))
    assert found(first=every[1]["uid"]) == [each["event_type"] for each in every[1:]]
    assert project.delivery(every[0]["uid"])["uid"] == every[0]["uid"]
    with pytest.raises(ConvoyNotFound):
        list(project.deliveries(event_id=str(uuid4())))


def test_a_delivery_to_a_paused_endpoint_is_resent_once_it_is_active(
    http: httpx.Client, project: Project, owner: str, subscribed: str, receiver: Receiver
) -> None:
    project.pause_endpoint(subscribed)
    key = publish(http, owner)
    uid = delivery_of(http, key, "Discarded")["uid"]
    event_of(http, key)
    with pytest.raises(ConvoyRefused, match="the endpoint is currently paused"):
        project.resend(uid)

    project.activate_endpoint(subscribed)
    project.resend(uid)

    eventually(lambda: receiver.of(key))


def test_what_was_missed_is_resent_and_what_arrived_is_not(
    http: httpx.Client, project: Project, owner: str, subscribed: str, receiver: Receiver
) -> None:
    project.pause_endpoint(subscribed)
    key = publish(http, owner)
    uid = delivery_of(http, key, "Discarded")["uid"]
    project.activate_endpoint(subscribed)

    project.resend(uid, missed_only=True)
    delivery_of(http, key, "Success")
    with pytest.raises(ConvoyRefused, match="event already sent"):
        project.resend(uid, missed_only=True)

    assert len(receiver.of(key)) == 1


def test_the_events_of_a_key_are_found_with_their_status(
    http: httpx.Client, project: Project, owner: str
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    key = publish(http, owner)
    event_of(http, key, "Failure")

    (event,) = project.events_of(key, since)

    assert event["failure_reason"] == "no subscription matched this event"
    assert project.events_of(str(uuid4()), since) == []
    assert project.events_of(key, since + timedelta(minutes=2)) == []
