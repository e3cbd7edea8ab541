"""The inbox: its page and its JSON, its stream, and its actions."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from infra.fake_convoy import application as stand_in
from infra.fake_convoy import event_routes, inbox, server
from infra.fake_convoy.deliveries import Backoff
from tests.stand_in import Convoy
from tests.support import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import JsonObject

TODO = {"event": "todo.created", "todo": {"id": 42, "item": "Buy a ring", "version": 1}}
TEN_S = httpx.Timeout(10)


def send(convoy: Convoy, key: str, **about: Any) -> None:
    event = {"owner_id": "ann", "event_type": "created", "idempotency_key": key, "data": TODO}
    convoy.ask("POST", "/events/fanout", json=event | about)


def messages(answer: httpx.Response) -> Iterator[tuple[str, JsonObject]]:
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def new_messages(answer: httpx.Response) -> Iterator[tuple[str, JsonObject]]:
    """The messages of a stream after its `ready`."""
    lines = messages(answer)
    while next(lines)[0] != "ready":
        pass
    return lines


def first_messages(convoy: Convoy, count: int, search: str = "") -> list[tuple[str, JsonObject]]:
    """The first messages of a stream."""
    url = f"{convoy.url}/inbox/stream"
    with convoy.http.stream("GET", url, params={"search": search}, timeout=TEN_S) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = messages(answer)
        return [next(lines) for _ in range(count)]


def test_a_browser_gets_the_page_and_other_clients_get_json(convoy: Convoy) -> None:
    page = convoy.http.get(f"{convoy.url}/inbox", headers={"accept": "text/html,*/*"})
    plain = convoy.http.get(f"{convoy.url}/inbox")

    assert page.text.startswith("<!doctype html>")
    assert plain.json() == {"events": []}


def test_the_page_can_send_requests_only_to_its_server(convoy: Convoy) -> None:
    page = convoy.http.get(f"{convoy.url}/inbox", headers={"accept": "text/html"})

    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; connect-src 'self';")
    assert "unsafe" not in policy


def test_only_the_assets_are_served_and_under_the_same_policy(convoy: Convoy) -> None:
    for name in inbox.ASSETS:
        asset = convoy.http.get(f"{convoy.url}/inbox/{name}")
        assert "content-security-policy" in asset.headers
    for name in ("inbox.html", "other"):
        assert convoy.http.get(f"{convoy.url}/inbox/{name}").status_code == 404


def test_a_request_from_another_site_changes_nothing(convoy: Convoy) -> None:
    send(convoy, "e1")
    for path in ("/_control/reset", "/_control/faults", "/inbox/receiver"):
        answer = convoy.http.post(f"{convoy.url}{path}", content="{}")
        assert answer.status_code in {200, 405}  # 200: Convoy's dashboard

    assert len(convoy.events()) == 1


def test_an_event_that_convoy_would_lose_is_marked(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    event = r'{"owner_id": "ann", "event_type": "created", "data": {"x": "\ud800"}}'
    convoy.ask("POST", "/events/fanout", content=event)
    send(convoy, "e2")

    lost, kept = convoy.http.get(f"{convoy.url}/inbox").json()["events"]

    assert (lost["storable"], lost["deliveries"]) == (False, [])
    assert (kept["storable"], len(kept["deliveries"])) == (True, 1)


def test_a_stream_begins_with_the_present_events_oldest_first(convoy: Convoy) -> None:
    for key in ("e1", "e2"):
        send(convoy, key)

    (hello, _), (receiver, state), first, second, (last, _) = first_messages(convoy, 5)

    assert (hello, receiver, last) == ("hello", "receiver", "ready")
    assert state == {"fails_for_s": 0}
    assert [(name, event["idempotency_key"]) for name, event in (first, second)] == [
        ("event", "e1"), ("event", "e2"),
    ]  # fmt: skip
    assert [event["number"] for _, event in (first, second)] == [1, 2]


def test_a_stream_begins_with_only_the_newest_of_many_events(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "NEWEST", 2)
    for key in ("e1", "e2", "e3"):
        send(convoy, key)

    keys = [event.get("idempotency_key") for _, event in first_messages(convoy, 5)[2:]]
    assert keys == ["e2", "e3", None]


def test_several_changes_are_sent_once_and_an_old_event_is_not_sent(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "NEWEST", 2)
    monkeypatch.setattr(inbox, "TOGETHER_S", 0.5)
    convoy.endpoint("ann")
    for key in ("e1", "e2", "e3"):
        send(convoy, key)
    *_, oldest = convoy.deliveries()
    with httpx.stream("GET", f"{convoy.url}/inbox/stream", timeout=TEN_S) as answer:
        lines = new_messages(answer)
        convoy.ask("POST", "/eventdeliveries/forceresend", json={"ids": [oldest["uid"]]})
        convoy.deliveries()
        send(convoy, "e4")
        send(convoy, "e5")

        sent = [next(lines)[1]["idempotency_key"] for _ in range(2)]

    assert sent == ["e4", "e5"]


def test_an_event_is_sent_again_when_its_delivery_changes(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    url = f"{convoy.url}/inbox/stream"
    with httpx.stream("GET", url, timeout=TEN_S) as answer:
        lines = new_messages(answer)
        send(convoy, "e1")

        seen = []
        while "Success" not in seen:
            _, event = next(lines)
            seen += [each["status"] for each in event["deliveries"]]

    (attempt,) = event["deliveries"][0]["attempts"]
    assert (attempt["answer"], attempt["arrived"]) == ("204 No Content", True)
    assert attempt["verifies"] is True
    assert attempt["signature"].startswith("t=")
    assert attempt["latency_ms"] > 0


def test_a_reset_and_a_failing_receiver_are_sent(convoy: Convoy) -> None:
    with httpx.stream("GET", f"{convoy.url}/inbox/stream", timeout=TEN_S) as answer:
        lines = new_messages(answer)
        convoy.let_the_receiver_fail(30)
        failing = next(lines)
        convoy.reset()
        cleared, working = next(lines), next(lines)

    assert (cleared, working) == (("cleared", {}), ("receiver", {"fails_for_s": 0}))
    assert failing[0] == "receiver"
    assert 20 < failing[1]["fails_for_s"] <= 30


def test_a_silent_stream_sends_a_sign_of_life(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "STILL_THERE_S", 0.01)

    with httpx.stream("GET", f"{convoy.url}/inbox/stream", timeout=TEN_S) as answer:
        assert ": still there" in (line for line in answer.iter_lines())


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["e1", "E2"]),
        ("created", ["e1"]),
        ("todo.cre", ["e1"]),
        ("CREAT", ["e1"]),
        ("42", ["e1"]),
        ("#42", ["e1"]),
        ("7", ["E2"]),
        ("o-9", ["E2"]),
        ("e2", ["E2"]),
        ("uid-2", ["E2"]),
        ("ring", []),
        ("reated", []),
    ],
)
def test_a_search_finds_events_whose_type_or_id_begins_with_it(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch, search: str, found: list[str]
) -> None:
    uids = iter(["UID-1", "UID-2"])
    monkeypatch.setattr(event_routes, "uid", lambda: next(uids))
    send(convoy, "e1")
    about = {"todo_id": 7, "order": {"id": "O-9"}}
    send(convoy, "E2", event_type="failed", data={"event": "todo.failure", **about})

    *events, (last, _) = first_messages(convoy, 3 + len(found), search)[2:]

    assert [event["idempotency_key"] for _, event in events] == found
    assert last == "ready"


@pytest.mark.parametrize("data", [[1], "text", 3, {"todo": None}, {"todo": [1]}])
def test_a_payload_of_any_shape_is_searched(convoy: Convoy, data: object) -> None:
    send(convoy, "e1", data=data)

    names = [name for name, _ in first_messages(convoy, 3, "e1")]
    assert names == ["hello", "receiver", "event"]


def test_a_stream_with_a_search_sends_only_matching_events(convoy: Convoy) -> None:
    url = f"{convoy.url}/inbox/stream"
    with httpx.stream("GET", url, params={"search": "e2"}, timeout=TEN_S) as answer:
        lines = new_messages(answer)
        send(convoy, "e1")
        send(convoy, "e2")

        assert next(lines)[1]["idempotency_key"] == "e2"


def test_a_receiver_fails_for_the_requested_time(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.let_the_receiver_fail(60)
    convoy.send("e1")
    (failed,) = convoy.deliveries()
    convoy.let_the_receiver_fail(0)
    convoy.send("e2")
    arrived, _ = convoy.deliveries()

    assert (failed["status"], arrived["status"]) == ("Failure", "Success")


@pytest.mark.parametrize("seconds", [-1, 601, "5", None, float("1e300")])
def test_an_impossible_time_to_fail_is_refused(convoy: Convoy, seconds: object) -> None:
    answer = convoy.http.put(f"{convoy.url}/inbox/receiver", json={"seconds": seconds})

    assert answer.status_code == 400
    assert answer.json()["message"] == "seconds must be a number from 0 to 600"


def test_the_receiver_refuses_an_unsigned_request(convoy: Convoy) -> None:
    convoy.endpoint("ann")

    for signature in ("", "t=1,v1=00", "garbage"):
        headers = {"x-convoy-signature": signature}
        assert convoy.http.post(convoy.receiver, content="{}", headers=headers).status_code == 401


def test_an_ended_delivery_is_resent_and_an_unknown_one_is_a_404(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.send("e1")
    (delivery,) = convoy.deliveries()

    def resend(uid: str) -> httpx.Response:
        return convoy.http.put(f"{convoy.url}/inbox/deliveries/{uid}/resend")

    assert resend(delivery["uid"]).status_code == 204
    assert convoy.deliveries()[0]["metadata"]["num_trials"] == 2
    assert (resend("nope").status_code, resend("nope").json()["message"]) == (
        404, "event delivery not found",
    )  # fmt: skip


def test_a_delivery_that_waits_for_its_retry_is_not_resent() -> None:
    with (
        server.running(stand_in.build(backoff=Backoff(3600))) as url,
        httpx.Client(timeout=PATIENCE_S) as http,
    ):
        convoy = Convoy(url, http)
        convoy.endpoint("ann")
        convoy.let_the_receiver_fail()
        with httpx.stream("GET", f"{url}/inbox/stream", timeout=TEN_S) as answer:
            convoy.send("e1")
            deliveries = (event.get("deliveries") or [{}] for _, event in messages(answer))
            delivery = next(found[0] for found in deliveries if found[0].get("status") == "Retry")

        refused = http.put(f"{url}/inbox/deliveries/{delivery['uid']}/resend")

    assert refused.status_code == 409
    assert refused.json()["message"].startswith("The delivery has not ended")


def test_the_server_can_end_with_a_stream_open() -> None:
    with httpx.Client(timeout=TEN_S) as http, ExitStack() as stack:
        with server.running(stand_in.build()) as url:
            answer = stack.enter_context(http.stream("GET", f"{url}/inbox/stream"))
            lines = messages(answer)
            assert next(lines)[0] == "hello"

        assert [name for name, _ in lines] == ["receiver", "ready"]
