"""Convoy gets no event that it could not deliver: such an event is refused, and nothing is sent."""

from __future__ import annotations

from contextlib import closing
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from app.domain.events import Event
from app.outbox.outcomes import Accepted, Refused
from tests.components import make_publisher
from tests.raw_server import raw_server
from tests.support import NOW

if TYPE_CHECKING:
    import socket

    from app.convoy.publisher import ConvoyPublisher
    from tests.stand_in import Convoy

NULL_CHARACTER = Refused(
    "not sent: Convoy would accept a null character, and never deliver the event"
)


def nested(depth: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for _ in range(depth):
        found = {"in": found}
    return found


CIRCULAR: list[object] = []
CIRCULAR.append(CIRCULAR)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        10**5000,
        object(),
        MappingProxyType({}),
        CIRCULAR,
        nested(100_000),
        "\ud800",
        {"\udfff": 1},
        [[{"in": ["\ud83d"]}]],
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_that_is_not_json_is_refused_before_it_is_sent(value: object) -> None:
    refused = refused_unsent({"value": value})

    assert refused.reason.startswith("not sent, not JSON: ")


def test_any_failure_to_encode_an_event_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow(*_: object, **__: object) -> NoReturn:
        raise OverflowError("too large")

    monkeypatch.setattr("app.convoy.exchange.dumps", overflow)

    assert refused_unsent({}) == Refused("not sent, not JSON: too large")


@pytest.mark.parametrize("data", [None, [1], "text", [["event", "todo.created"]]])
def test_data_that_is_not_an_object_is_refused_before_it_is_sent(data: Any) -> None:
    assert refused_unsent(data) == Refused("not sent, not JSON: the event's data is not an object")


@pytest.mark.parametrize(
    "data",
    [
        {"todo": {"item": "a\0b"}},
        {"description": "\0"},
        {"todo": {"tags": ["x", "\0"]}},
        {"todo": {"steps": [{"item": "\0"}]}},
        {"todo": {"a\0b": 1}},
        {"item": "\\\0"},
        {"item": '"\0'},
        {"pair": ("x", ("\0",))},
    ],
)
def test_a_null_character_anywhere_is_refused_before_it_is_sent(data: dict[str, object]) -> None:
    assert refused_unsent(data) == NULL_CHARACTER


@pytest.mark.parametrize("about", [{"owner": "a\0"}, {"type": "\0"}, {"id": "e\0"}])
def test_a_null_character_beside_the_data_is_refused_too(about: dict[str, str]) -> None:
    assert refused_unsent({}, **about) == NULL_CHARACTER


@pytest.mark.parametrize("text", [r"\u0000", r"\\u0000", r"a\\\u0000", "\1", "\x7f", "😀"])
def test_a_text_that_looks_like_a_null_character_is_sent(
    publisher: ConvoyPublisher, convoy: Convoy, text: str
) -> None:
    data = {"item": text}

    assert publisher.publish(Event("e1", "ann", "created", NOW, data)) == Accepted()
    assert convoy.payloads() == [data]


def refused_unsent(data: Any, **about: str) -> Refused:
    """The outcome for the event, which opens no connection to the server."""
    names = {"id": "e1", "owner": "ann", "type": "created", **about}
    event = Event(**names, occurred_at=NOW, data=data)
    connections: list[socket.socket] = []
    with raw_server(connections.append) as url, closing(make_publisher(url)) as publisher:
        outcome = publisher.publish(event)
    assert connections == []
    assert isinstance(outcome, Refused)
    return outcome
