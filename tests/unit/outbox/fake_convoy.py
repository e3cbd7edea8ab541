"""A fake Convoy behind our own interfaces: it accepts, shows, holds and loses events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from app.outbox.event_list import NO_SUBSCRIPTION, REPLAY_IGNORED, NotAnswered, Shown
from app.outbox.outcomes import Accepted, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from app.domain.events import Event
    from app.outbox.outcomes import Misconfigured, Outcome


@dataclass
class FakeConvoy:
    """A publisher and an event list in one. `clock` is aware, in UTC.

    `answer` is the outcome of each publish, unless `answers` has one for the event's id. Accepted
    events are shown at once with `status`, unless `loses` or `holds`. `down`: the outcome of every
    question. `page`: entries on a page.
    """

    clock: Callable[[], datetime]
    accepted: ClassVar[Accepted] = Accepted()
    answer: Outcome = accepted
    answers: dict[str, Outcome] = field(default_factory=dict)
    status: str = "Success"
    loses: bool = False
    holds: bool = False
    down: Unavailable | Misconfigured | None = None
    goes_down_with_publishing: bool = False
    page: int = 3
    entries: list[Shown] = field(default_factory=list)
    held: list[Shown] = field(default_factory=list)
    published: Counter[str] = field(default_factory=Counter)
    replayed: Counter[str] = field(default_factory=Counter)
    questions: list[str] = field(default_factory=list)

    def publish(self, event: Event) -> Outcome:
        self.published[event.id] += 1
        if self.goes_down_with_publishing:
            self.down = Unavailable("down")
        outcome = self.answers.get(event.id, self.answer)
        if isinstance(outcome, Accepted) and not self.loses:
            self.take(event.id)
        return outcome

    def take(self, key: str, status: str = "", at: datetime | None = None) -> None:
        known = any(entry.key == key for entry in (*self.entries, *self.held))
        entry = Shown(
            uid=f"uid-{len(self.entries) + len(self.held)}",
            key=key,
            status=status or self.status,
            created_at=at or self.clock(),
            acknowledged_at=at or self.clock(),
            duplicate=known,
            reason=NO_SUBSCRIPTION if (status or self.status) == "Failure" else "",
        )
        (self.held if self.holds else self.entries).append(entry)

    def release(self) -> None:
        """Convoy's workers now process the held events."""
        self.entries += [replace(entry, created_at=self.clock()) for entry in self.held]
        self.held.clear()

    def between(self, start: datetime, end: datetime) -> Iterator[list[Shown]]:
        found = [e for e in reversed(self._newest_first()) if start <= e.created_at <= end]
        for at in range(0, max(len(found), 1), self.page):
            self._ask("between")
            yield found[at : at + self.page]

    def under(self, key: str, since: datetime) -> list[Shown]:
        self._ask("under")
        return [e for e in self._newest_first() if e.key == key and e.created_at >= since]

    def newest(self) -> list[Shown]:
        self._ask("newest")
        return self._newest_first()[: self.page]

    def replay(self, uid: str) -> None:
        self._ask("replay")
        self.replayed[uid] += 1
        self.entries = [
            replace(e, status=self.status) if e.uid == uid and e.status not in REPLAY_IGNORED else e
            for e in self.entries
        ]

    def _ask(self, question: str) -> None:
        self.questions.append(question)
        if self.down is not None:
            raise NotAnswered(self.down)

    def _newest_first(self) -> list[Shown]:
        return sorted(self.entries, key=lambda entry: entry.created_at, reverse=True)
