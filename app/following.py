"""Seeing what becomes of an event, and which events are new: by asking Convoy again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.project import ConvoyRefused
from app.publisher import Accepted

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.events import Event
    from app.project import Project
    from app.publisher import Outcome, Publisher

    Json = dict[str, Any]

OVER = {"Success", "Failure", "Discarded"}
"""Statuses of a delivery that Convoy does not try again by itself."""


def published(
    event: Event,
    publisher: Publisher,
    project: Project,
    *,
    wait_s: int,
    wait: Callable[[float], None],
) -> tuple[Outcome, list[Json]]:
    """Its deliveries, once all are over or `wait_s` seconds were waited. Raises ConvoyError."""
    outcome = publisher.publish(event)
    found: list[Json] = []
    if isinstance(outcome, Accepted):
        for _ in range(wait_s):
            found = _deliveries(project, event.id)
            if found and all(each["status"] in OVER for each in found):
                break
            wait(1)
    return outcome, found


def _deliveries(project: Project, event_id: str) -> list[Json]:
    try:
        return list(project.deliveries(event_id=event_id))
    except ConvoyRefused:
        return []  # Convoy's worker has not come to the event yet


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
