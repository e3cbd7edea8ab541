"""What the inbox shows beside its events: the failures, the queue, and the app's outbox.

They are looked at again and again, as long as somebody has the page open.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from infra.fake_convoy.inbox.views import outbox_view

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from infra.fake_convoy.faults import Faults
    from infra.fake_convoy.project import Project
    from infra.fake_convoy.queues import Queues
    from infra.fake_convoy.receiver import Receiver
    from infra.fake_convoy.trouble import Trouble

    JsonObject = dict[str, Any]

log = logging.getLogger(__name__)

EVERY_S = 0.5
"""Seconds between two looks."""

SHOWN = 50
"""The largest number of rows on the page: those that are due first."""


class OutboxUnreadable(Exception):
    """The outbox could not be read; the message says why."""


class ReadOutbox(Protocol):
    def __call__(self) -> list[JsonObject]:
        """The rows of the app's outbox. Raises OutboxUnreadable.

        A row has `event_id`, `key`, `event_type`, `data`, `due_at` (ISO 8601; None if the row can't
        be read), `state` (`waiting`, `failed` or `unreadable`), `attempts` and `reason`.
        """


@dataclass(frozen=True, slots=True)
class Failures:
    receiver: Receiver
    trouble: Trouble
    faults: Faults


class Gauges:
    def __init__(
        self,
        project: Project,
        queues: Queues,
        failures: Failures,
        read_outbox: ReadOutbox | None,
    ) -> None:
        self._project, self._queues = project, queues
        self._failures = failures
        self._read_outbox = read_outbox
        self._seen: JsonObject = {}
        self._rows: list[JsonObject] | None = None
        self._problem: str | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        looks = [self._look_at_trouble, self._look_at_outbox]
        tasks = [asyncio.create_task(self._repeat(look)) for look in looks]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def trouble(self) -> JsonObject:
        """Seconds that each failure lasts yet, the jobs that wait, and the faults of tests."""
        return {
            "receiver_s": self._failures.receiver.fails_for(),
            "down_s": self._failures.trouble.left_s("down"),
            "held_s": self._failures.trouble.left_s("held"),
            "queued": sum(self._queues.waiting().values()),
            "faults": len(self._failures.faults),
        }

    def outbox(self) -> JsonObject | None:
        """None if there is no outbox, or if it was not read yet."""
        if self._rows is None:
            return None
        now = self._project.clock()
        rows = [
            each | {"due_in_s": _seconds_to(each["due_at"], now)} for each in self._rows[:SHOWN]
        ]
        return {"rows": rows, "total": len(self._rows), "problem": self._problem}

    async def _repeat(self, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await look()
            except Exception:
                log.exception("the inbox could not be kept up to date")

    async def _look_at_trouble(self) -> None:
        now = self.trouble()
        seen = {name: bool(value) for name, value in now.items()} | {"queued": now["queued"]}
        if seen != self._seen:
            self._seen = seen
            self._project.feed.trouble()

    async def _look_at_outbox(self) -> None:
        if self._read_outbox is None or not self._project.feed.is_watched:
            self._rows = None
            return
        try:
            read, problem = await asyncio.to_thread(self._read_outbox), None
        except OutboxUnreadable as error:
            read, problem = [], str(error)
        ordered = sorted(read, key=lambda row: row["due_at"] or "")
        rows = outbox_view(self._project, self._queues, ordered)
        if (rows, problem) != (self._rows, self._problem):
            self._rows, self._problem = rows, problem
            self._project.feed.outbox()


def _seconds_to(at: str | None, now: datetime) -> float | None:
    return round((datetime.fromisoformat(at) - now).total_seconds(), 1) if at else None
