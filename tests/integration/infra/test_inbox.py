"""The inbox: its page and its JSON, its stream, and its actions."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx

from infra.fake_convoy import application as stand_in
from infra.fake_convoy import server
from infra.fake_convoy.deliveries import Backoff
from infra.fake_convoy.inbox import routes, stream
from tests.integration.infra.inbox_stream import (
    TEN_S,
    first_messages,
    messages,
    new_events,
    new_messages,
    send,
)
from tests.stand_in import Convoy
from tests.support import PATIENCE_S

if TYPE_CHECKING:
    import pytest


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
    assert page.headers["cross-origin-opener-policy"] == "same-origin"


def test_only_the_assets_are_served_and_under_the_same_policy(convoy: Convoy) -> None:
    for name in routes.ASSETS:
        asset = convoy.http.get(f"{convoy.url}/inbox/{name}")
        assert "content-security-policy" in asset.headers
    assert {"inbox.css", "inbox.js"} <= routes.ASSETS
    for name in ("inbox.html", "other"):
        assert convoy.http.get(f"{convoy.url}/inbox/{name}").status_code == 404


def test_a_request_from_another_site_changes_nothing(convoy: Convoy) -> None:
    send(convoy, "e1")
    for path in ("/_control/reset", "/_control/faults", "/inbox/receiver", "/inbox/queue/lose"):
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

    (hello, _), (trouble, state), first, second, (last, _) = first_messages(convoy, 5)

    assert (hello, trouble, last) == ("hello", "trouble", "ready")
    assert state == {"receiver_s": 0, "down_s": 0, "held_s": 0, "queued": 0, "faults": 0}
    assert [(name, event["idempotency_key"]) for name, event in (first, second)] == [
        ("event", "e1"), ("event", "e2"),
    ]  # fmt: skip
    assert [event["number"] for _, event in (first, second)] == [1, 2]


def test_a_stream_begins_with_only_the_newest_of_many_events(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "NEWEST", 2)
    for key in ("e1", "e2", "e3"):
        send(convoy, key)

    keys = [event.get("idempotency_key") for _, event in first_messages(convoy, 5)[2:]]
    assert keys == ["e2", "e3", None]


def test_several_changes_are_sent_once(convoy: Convoy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "TOGETHER_S", 0.5)
    convoy.endpoint("ann")
    with httpx.stream("GET", f"{convoy.url}/inbox/stream", timeout=TEN_S) as answer:
        lines = new_events(answer)
        for key in ("e1", "e2"):
            send(convoy, key)
        convoy.deliveries()
        send(convoy, "e3")

        sent = [next(lines)["idempotency_key"] for _ in range(3)]

    assert sent == ["e1", "e2", "e3"]


def test_an_event_is_sent_again_when_its_delivery_changes(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    url = f"{convoy.url}/inbox/stream"
    with httpx.stream("GET", url, timeout=TEN_S) as answer:
        lines = new_events(answer)
        send(convoy, "e1")

        seen = []
        while "Success" not in seen:
            event = next(lines)
            seen += [each["status"] for each in event["deliveries"]]

    (attempt,) = event["deliveries"][0]["attempts"]
    assert (attempt["answer"], attempt["arrived"]) == ("204 No Content", True)
    assert attempt["verifies"] is True
    assert attempt["signature"].startswith("t=")
    assert attempt["latency_ms"] > 0
    assert attempt["request_headers"]["X-Convoy-Idempotency-Key"] == "e1"
    assert (attempt["response_headers"]["server"], attempt["response_body"]) == ("uvicorn", "")


def test_a_reset_and_a_failing_receiver_are_sent(convoy: Convoy) -> None:
    with httpx.stream("GET", f"{convoy.url}/inbox/stream", timeout=TEN_S) as answer:
        lines = new_messages(answer)
        convoy.let_the_receiver_fail(30)
        failing = next(lines)
        convoy.reset()
        cleared, working = next(lines), next(lines)

    assert (failing[0], cleared, working[0]) == ("trouble", ("cleared", {}), "trouble")
    assert 20 < failing[1]["receiver_s"] <= 30
    assert working[1]["receiver_s"] == 0


def test_a_silent_stream_sends_a_sign_of_life(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STILL_THERE_S", 0.01)

    with httpx.stream("GET", f"{convoy.url}/inbox/stream", timeout=TEN_S) as answer:
        assert ": still there" in (line for line in answer.iter_lines())


def test_a_receiver_fails_for_the_requested_time(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.let_the_receiver_fail(60)
    convoy.send("e1")
    (failed,) = convoy.deliveries()
    convoy.let_the_receiver_fail(0)
    convoy.send("e2")
    arrived, _ = convoy.deliveries()

    assert (failed["status"], arrived["status"]) == ("Failure", "Success")


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

        assert [name for name, _ in lines] == ["trouble", "ready"]
