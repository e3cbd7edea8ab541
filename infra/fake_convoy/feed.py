"""Who watches the stand-in's project, and what each has not seen yet."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    Json = dict[str, Any]


@dataclass
class Changes:
    """What has changed since one last looked; an event that changed twice is there once."""

    events: dict[str, Json] = field(default_factory=dict)
    receiver: bool = False
    cleared: bool = False
    ended: bool = False


NOTHING = Changes()


class Watch:
    def __init__(self) -> None:
        self.changes = Changes()
        self._some = asyncio.Event()

    def noted(self) -> None:
        self._some.set()

    async def some(self) -> None:
        """Until there are changes to take."""
        await self._some.wait()

    def take(self) -> Changes:
        taken, self.changes = self.changes, Changes()
        self._some.clear()
        return taken


class Feed:
    """Tells those who watch what has changed, from the one thread that all runs on."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()

    @contextmanager
    def watched(self) -> Iterator[Watch]:
        watch = Watch()
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def event(self, event: Json) -> None:
        for watch in self._watches:
            watch.changes.events[event["uid"]] = event
            watch.noted()

    def receiver(self) -> None:
        for watch in self._watches:
            watch.changes.receiver = True
            watch.noted()

    def cleared(self) -> None:
        for watch in self._watches:
            watch.changes = Changes(cleared=True, receiver=True)
            watch.noted()

    def end(self) -> None:
        for watch in self._watches:
            watch.changes.ended = True
            watch.noted()
