"""The events that the inbox's page asks for: by text, by state, without reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from infra.fake_convoy import event_routes
from tests.integration.infra.inbox_stream import TEN_S, first_messages, new_events, send

if TYPE_CHECKING:
    from tests.stand_in import Convoy


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["e1", "E2"]),
        ("created", ["e1"]),
        ("todo.cre", ["e1"]),
        ("CREAT", ["e1"]),
        ("eated", ["e1"]),
        ("42", ["e1"]),
        ("#42", ["e1"]),
        ("#4", ["e1"]),
        ("#2", []),
        ("7", ["E2"]),
        ("#o-9", ["E2"]),
        ("e2", ["E2"]),
        ("d-2", ["E2"]),
        ("ring", ["e1"]),
        ("ann", ["e1", "E2"]),
        ("a RING #42", ["e1"]),
        ("ring #7", []),
        ("item", []),
        ("true", []),
    ],
)
def test_a_search_finds_each_word_in_a_type_an_id_or_a_text(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch, search: str, found: list[str]
) -> None:
    uids = iter(["UID-1", "UID-2"])
    monkeypatch.setattr(event_routes, "uid", lambda: next(uids))
    send(convoy, "e1")
    about = {"todo_id": 7, "order": {"id": "O-9", "paid": True}}
    send(convoy, "E2", event_type="failed", data={"event": "todo.failure", **about})

    *events, (last, _) = first_messages(convoy, 3 + len(found), search)[2:]

    assert [event["idempotency_key"] for _, event in events] == found
    assert last == "ready"


@pytest.mark.parametrize("data", [[1], "text", 3, {"todo": None}, {"todo": [1]}])
def test_a_payload_of_any_shape_is_searched(convoy: Convoy, data: object) -> None:
    send(convoy, "e1", data=data)

    names = [name for name, _ in first_messages(convoy, 3, "e1")]
    assert names == ["hello", "trouble", "event"]


def test_a_changed_event_is_sent_with_whether_the_search_still_finds_it(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.stop_worker("attempts")
    url, waiting = f"{convoy.url}/inbox/stream", {"state": "waiting", "reads": "hidden"}
    with httpx.stream("GET", url, params=waiting, timeout=TEN_S) as answer:
        lines = new_events(answer)
        send(convoy, "e1", event_type="todo.retrieved")
        send(convoy, "e2")

        found = {event["idempotency_key"]: event["found"] for event in (next(lines), next(lines))}
        convoy.start_worker()
        gone = next(each for each in lines if each["idempotency_key"] == "e2" and not each["found"])

    assert found == {"e1": False, "e2": True}
    assert gone["states"] == ["delivered"]


@pytest.mark.parametrize("state", ["waiting", "delivered", "failed", "lost", "unsent"])
def test_events_are_found_by_their_state(convoy: Convoy, state: str) -> None:
    send(convoy, "unsent")
    convoy.endpoint("ann")
    send(convoy, "delivered")
    convoy.deliveries()
    convoy.let_the_receiver_fail()
    send(convoy, "failed")
    convoy.deliveries()
    convoy.stop_worker("deliveries")
    send(convoy, "lost")
    convoy.http.put(f"{convoy.url}/inbox/queue/lose")
    convoy.stop_worker("matching")
    send(convoy, "waiting")

    *_, (_, event), (last, _) = first_messages(convoy, 4, state=state)

    assert (event["idempotency_key"], event["states"], last) == (state, [state], "ready")
