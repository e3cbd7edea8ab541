"""Follow an event's deliveries, and find new events, by asking Convoy again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.convoy_admin.calls import ConvoyRefused
from app.convoy_admin.deliveries import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.convoy_admin.calls import JsonObject
    from app.convoy_admin.project import Project


def deliveries_of(
    event_id: str, project: Project, *, checks: int, wait: Callable[[float], None]
) -> list[JsonObject]:
    """The event's deliveries: when all are finished, or after `checks`, one a second.

    Raises ConvoyError.
    """
    found: list[JsonObject] = []
    for _ in range(checks):
        try:
            found = list(project.deliveries(event_id=event_id))
        except ConvoyRefused:
            found = []  # Convoy's worker has not reached the event yet
        if found and all(each["status"] in ENDED for each in found):
            break
        wait(1)
    return found


class Listener:
    """Remembers the newest events. `new_events` gives the events since then, oldest first."""

    def __init__(self, project: Project) -> None:
        self._project = project
        newest = next(project.pages_of_events(), [])
        self._known = {event["uid"] for event in newest}

    def new_events(self) -> list[JsonObject]:
        """Raises ConvoyError."""
        seen: set[str] = set()
        found: list[JsonObject] = []
        for page in self._project.pages_of_events():
            new = [event for event in page if event["uid"] not in self._known]
            seen.update(event["uid"] for event in page)
            found += new
            if len(new) < len(page):
                break
        self._known = seen
        return found[::-1]
