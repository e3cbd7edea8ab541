"""A row of the outbox: an event that Convoy does not show as handled, and what was tried.

commit ──▶ waiting ── Convoy shows the event as handled ──▶ gone
             │  ▲
refused too  │  │ redrive
often        ▼  │
            failed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.ports import StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.events import Event

WAITING = "waiting"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """`due_at`: when the relay looks at the row next. `attempts`: tries to publish or to replay.

    `refusals`: those of the attempts that count against the event itself. `tried_at`: the last
    attempt; None until an attempt is recorded, as a request records only one that failed.
    `reason`: why the last attempt failed; empty if it did not, or if none is recorded.
    `maybe_accepted`: whether Convoy may have accepted the last attempt. `replays`: how often
    Convoy was asked in vain to go on with the event under its present key. `burnt`: how many keys
    Convoy has taken and delivers nothing for.
    """

    event: Event
    due_at: datetime
    state: str = WAITING
    attempts: int = 0
    refusals: int = 0
    reason: str = ""
    tried_at: datetime | None = None
    maybe_accepted: bool = True
    replays: int = 0
    burnt: int = 0

    @property
    def key(self) -> str:
        """What the event is published under: its id, and a number after the first key."""
        return f"{self.event.id}.{self.burnt + 1}" if self.burnt else self.event.id

    @property
    def published_at(self) -> datetime:
        """When Convoy may have been given the event last: by its request, unless it was later."""
        return self.tried_at or self.event.occurred_at


def event_id_of(key: str) -> str:
    """The event of a row's key."""
    return key.partition(".")[0]


class UnreadableRow(StoreError):
    """A row of another version of this code, or one that was changed by hand."""

    def __init__(self, event_id: str, problem: Exception) -> None:
        super().__init__(f"outbox row {event_id} can't be read: {problem!r}")
        self.event_id = event_id


@dataclass(frozen=True, slots=True)
class Segment:
    """The `number`th, from 1, `of` so many parts that a table's rows fall into."""

    number: int
    of: int


WHOLE = Segment(1, 1)
