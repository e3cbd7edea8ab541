"""The watchers of the stand-in's project, with the changes that each has not seen yet."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    JsonObject = dict[str, Any]


@dataclass
class Changes:
    """The changes since the last look; an event that changed twice is listed once."""

    events: dict[str, JsonObject] = field(default_factory=dict)
    trouble: bool = False
    outbox: bool = False
    cleared: bool = False
    ended: bool = False


NOTHING = Changes()


class Watch:
    def __init__(self) -> None:
        self.changes = Changes()
        self._has_changes = asyncio.Event()

    def wake(self) -> None:
        self._has_changes.set()

    async def wait(self) -> None:
        """Wait until there are changes to take."""
        await self._has_changes.wait()

    def take(self) -> Changes:
        taken, self.changes = self.changes, Changes()
        self._has_changes.clear()
        return taken


class Feed:
    """Passes each change to every watcher. It is not thread-safe: use it on one event loop."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()

    @property
    def is_watched(self) -> bool:
        return bool(self._watches)

    @contextmanager
    def watch(self) -> Iterator[Watch]:
        watch = Watch()
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def event(self, event: JsonObject) -> None:
        for watch in self._watches:
            watch.changes.events[event["uid"]] = event
            watch.wake()

    def trouble(self) -> None:
        """A failure began or ended, or the number of jobs changed."""
        for watch in self._watches:
            watch.changes.trouble = True
            watch.wake()

    def outbox(self) -> None:
        for watch in self._watches:
            watch.changes.outbox = True
            watch.wake()

    def cleared(self) -> None:
        for watch in self._watches:
            watch.changes = Changes(cleared=True, trouble=True)
            watch.wake()

    def end(self) -> None:
        for watch in self._watches:
            watch.changes.ended = True
            watch.wake()
