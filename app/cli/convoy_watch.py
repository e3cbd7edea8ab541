"""Seeing what becomes of an event, and which are new: by asking Convoy again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.convoy_admin.project import ConvoyRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.convoy_admin.project import Json, Project

OVER = {"Success", "Failure", "Discarded"}
"""Statuses of a delivery that Convoy does not try again by itself."""


def deliveries_of(
    event_id: str, project: Project, *, looks: int, wait: Callable[[float], None]
) -> list[Json]:
    """Its deliveries, once all are over; after so many looks, a second apart, as they are then.

    Raises ConvoyError.
    """
    found: list[Json] = []
    for _ in range(looks):
        try:
            found = list(project.deliveries(event_id=event_id))
        except ConvoyRefused:
            found = []  # Convoy's worker has not come to the event yet
        if found and all(each["status"] in OVER for each in found):
            break
        wait(1)
    return found


class Listener:
    """Knows the newest events; `news` gives those that came since, oldest first."""

    def __init__(self, project: Project) -> None:
        self._project = project
        newest = next(project.pages_of_events(), [])
        self._known = {event["uid"] for event in newest}

    def news(self) -> list[Json]:
        """Raises ConvoyError."""
        seen: set[str] = set()
        news: list[Json] = []
        for page in self._project.pages_of_events():
            new = [event for event in page if event["uid"] not in self._known]
            seen.update(event["uid"] for event in page)
            news += new
            if len(new) < len(page):
                break
        self._known = seen
        return news[::-1]
