"""A row of the outbox: an event that Convoy does not show as handled, and its attempts.

commit ──▶ waiting ── Convoy shows the event as handled ──▶ gone
             │  ▲
refused too  │  │ redrive
often        ▼  │
            failed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from app.domain.ports import StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.events import Event

WAITING = "waiting"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """`due_at`: when the relay looks at the row next. `attempts`: tries to publish or to replay.

    `refusals`: attempts that count against the event itself. `tried_at`: the time of the last
    attempt; None until an attempt is recorded. A request records only an attempt that failed.
    `reason`: why the last attempt failed; empty if it did not, or if none is recorded.
    `maybe_accepted`: whether Convoy may have accepted the last attempt. `replays`: replays
    and checks under the present key that had no effect. `burnt`: how many keys Convoy has taken and
    delivers nothing for.
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
        """The idempotency key: the event's id; after the first key, with a number."""
        return key_of(self.event.id, self.burnt)

    @property
    def published_at(self) -> datetime:
        """When the event was last sent to Convoy: the last recorded attempt, else the request."""
        return self.tried_at or self.event.occurred_at


def key_of(event_id: str, burnt: int) -> str:
    """The key of an event after Convoy took `burnt` keys of it, and delivered nothing."""
    return f"{event_id}.{burnt + 1}" if burnt else event_id


def event_id_of(key: str) -> str:
    """The id of the event that has this key."""
    return key.partition(".")[0]


class UnreadableRow(StoreError):
    """A row that another version of this code wrote, or that was changed by hand."""

    def __init__(self, event_id: str, problem: Exception) -> None:
        super().__init__(f"outbox row {event_id} can't be read: {problem!r}")
        self.event_id = event_id


class Segment(NamedTuple):
    """Part `number` of a table's rows, from 1, if the rows are divided into `of` parts."""

    number: int
    of: int


WHOLE = Segment(1, 1)
