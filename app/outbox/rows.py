"""A row of the outbox: an event that Convoy is not known to have handled, and what was tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.ports import StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from app.events import Event

WAITING = "waiting"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """`due_at` is when the relay may try; `refusals` are those of `attempts` that count as such."""

    event: Event
    due_at: datetime
    state: str = WAITING
    attempts: int = 0
    refusals: int = 0
    reason: str = ""


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
