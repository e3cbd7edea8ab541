"""Convoy's list of events, and what its entries say about a row of the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from app.outbox.outcomes import Misconfigured, Unavailable

NO_SUBSCRIPTION = "no subscription matched this event"
"""Convoy's `failure_reason` of an event without a subscribed endpoint of its owner (v26.7.3)."""

STUCK_AFTER = timedelta(minutes=2)
"""Convoy takes an event from `Pending` to `Success` within seconds, unless a queue lost it."""

REPLAY_IGNORED = {"Processing", "Failure"}
"""Statuses of events whose replay Convoy accepts and ignores (v26.7.3). It replays an event that is
`Pending` or `Retry`. An event stays `Processing` for ever if its worker is killed while it looks
for subscriptions, and the queue then loses the job."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry. `uid` is Convoy's own id, `key` the idempotency key: the event's id.

    `acknowledged_at`: when Convoy answered 201. `created_at`: when its worker took the event from
    the queue. `duplicate`: Convoy took the event for a repetition of its key, and delivers nothing
    for it.
    """

    uid: str
    key: str
    status: str
    created_at: datetime
    acknowledged_at: datetime
    duplicate: bool = False
    reason: str = ""


class NotAnswered(Exception):
    """Convoy did not answer a question: an outage, a rate limit, or a wrong configuration."""

    def __init__(self, outcome: Unavailable | Misconfigured) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class EventList(Protocol):
    """Each call raises NotAnswered."""

    def between(self, start: datetime, end: datetime) -> Iterator[list[Shown]]:
        """The entries that Convoy created in this time, a page at a time, oldest first."""

    def under(self, key: str, since: datetime) -> list[Shown]:
        """Every entry under this key that Convoy created since then."""

    def newest(self) -> list[Shown]:
        """The page of entries that Convoy created last."""

    def replay(self, uid: str) -> None:
        """Ask Convoy to process an event that it has; harmless if it was processed already."""


@dataclass(frozen=True, slots=True)
class Handled:
    """Convoy has created the deliveries, or no endpoint subscribes. The row can be removed."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Convoy does not show the event: publish it again."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """Convoy has the event and does not process it: replay the entry `uid`.

    `replay_ignored`: Convoy accepts the replay of such an event, and does nothing.
    """

    uid: str
    reason: str
    replay_ignored: bool = False


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Convoy got the event a moment ago: look again later."""


@dataclass(frozen=True, slots=True)
class Burnt:
    """Convoy shows only duplicates under the key: it drops every event that comes under it."""


Finding = Handled | Missing | Stuck | UnderWay | Burnt


def finding(
    entries: Sequence[Shown], now: datetime, stuck_after: timedelta = STUCK_AFTER
) -> Finding:
    """What Convoy's entries under one key say. A duplicate is never taken for the event."""
    originals = [entry for entry in entries if not entry.duplicate]
    if any(is_handled(entry) for entry in originals):
        return Handled()
    if not originals:
        return Burnt() if entries else Missing()
    newest = max(originals, key=lambda entry: entry.created_at)
    if newest.status == "Failure" or now - newest.created_at > stuck_after:
        reason = f"{newest.status} in Convoy {newest.reason}".strip()
        return Stuck(newest.uid, reason, newest.status in REPLAY_IGNORED)
    return UnderWay()


def is_handled(entry: Shown) -> bool:
    """Whether Convoy is done with the entry's event: no later entry changes that."""
    if entry.duplicate:
        return False
    if entry.status == "Failure":
        return entry.reason == NO_SUBSCRIPTION
    return entry.status == "Success"
