"""The events that the inbox's page asks for: by text, by state, with or without reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.fake_convoy.project import JsonObject

_READ = re.compile(r"(.*\.)?(ping|retrieved)")
"""The event types of reads, of any resource."""


@dataclass(frozen=True, slots=True)
class Search:
    """`words`: each is found in the event. `state`: of one of its deliveries; empty: any."""

    words: tuple[str, ...] = ()
    state: str = ""
    hides_reads: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        words = tuple(query.get("search", "").lower().split())
        return cls(words, query.get("state", ""), query.get("reads") == "hidden")

    def finds(self, view: JsonObject) -> bool:
        """`view`: an event as the page shows it."""
        if self.state and self.state not in view["states"]:
            return False
        if self.hides_reads and _READ.fullmatch(view["event_type"]):
            return False
        return all(_has(view, word) for word in self.words)


def _has(view: JsonObject, word: str) -> bool:
    """Whether the event has `word` in its type, an id or a text; `#4`: an id that begins so."""
    if word.startswith("#"):
        return any(text.lower().startswith(word[1:]) for text in _resource_ids(view["data"]))
    return any(word in text.lower() for text in _texts(view))


def _resource_ids(data: object) -> Iterator[str]:
    fields = data.items() if isinstance(data, dict) else ()
    for name, value in fields:
        if isinstance(value, dict) and "id" in value:
            yield str(value["id"])
        elif name.endswith("_id"):
            yield str(value)


def _texts(view: JsonObject) -> Iterator[str]:
    yield from (view[name] for name in ("event_type", "idempotency_key", "uid", "owner_id"))
    yield from (each["endpoint"]["url"] for each in view["deliveries"])
    yield from _leaves(view["data"])


def _leaves(value: object) -> Iterator[str]:
    """The texts and numbers in a JSON value, without the names of its fields."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
