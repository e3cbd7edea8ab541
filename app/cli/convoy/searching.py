"""The changes of one resource, from the log, and what became of each event in Convoy.

The log has each committed event. Convoy's own list may lack the very event that a customer misses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

import typer

from app.cli import convoy_tables, terminal
from app.convoy_admin.calls import ConvoyNotFound
from app.convoy_admin.deliveries import keys_of
from app.domain.resource import MAX_ID
from app.outbox.rows import FAILED
from app.register import RESOURCES
from app.wiring.clock import now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from app.convoy_admin.calls import JsonObject
    from app.convoy_admin.project import Project
    from app.domain.events import Event
    from app.wiring.api import Components

CLOCKS = timedelta(hours=1)
"""How far Convoy's clock may be behind ours."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One resource of an owner."""

    resource: str
    id: int

    def __str__(self) -> str:
        return f"{self.resource} {self.id}"

    def has(self, event: Event) -> bool:
        state = event.data.get(self.resource)
        return isinstance(state, dict) and state.get("id") == self.id


SUBJECT_EXAMPLE = f"{RESOURCES[0].name}/7"
"""Of a `Subject` as an operator types it."""


def subject(text: str) -> Subject:
    """Of `NAME/ID`, or of a path: `/NAME/ID`. Raises BadParameter."""
    name, _, number = text.removeprefix("/").partition("/")
    names = [each.name for each in RESOURCES]
    if name not in names:
        valid = ", ".join(f"{each}/ID" for each in names)
        raise typer.BadParameter(f"{text!r} names no resource. Give one of {valid}")
    if not (number.isascii() and number.isdigit()) or int(number) > MAX_ID:
        raise typer.BadParameter(f"{text!r} has no id of a {name}. Give one, such as {name}/7")
    return Subject(name, int(number))


@dataclass(frozen=True, slots=True)
class Search:
    """`since` is aware."""

    components: Components
    project: Project
    owner: str
    since: datetime

    def deliveries(
        self,
        about: Subject,
        *,
        statuses: Sequence[str],
        event_types: Sequence[str],
        endpoints: Sequence[str],
        limit: int,
    ) -> list[JsonObject]:
        """Newest event first. An event without a delivery has a row with the reason, unless the
        rows are chosen by status or endpoint. Raises ConvoyError, StoreError.
        """
        events = [
            each for each in self._changes(about) if each.type in event_types or not event_types
        ]
        found: list[JsonObject] = []
        with terminal.progress("Asking Convoy", "events", len(events)) as advance:
            for event in reversed(events):
                if len(found) >= limit:
                    break
                found += self._rows(event, statuses, endpoints)
                advance()
        return found[:limit]

    def _changes(self, about: Subject) -> list[Event]:
        """Oldest first."""
        found: list[Event] = []
        with terminal.progress("Reading the log", "events") as advance:
            for page in self.components.events.since(self.since, now=now(), owner=self.owner):
                found += [each for each in terminal.counted(page, advance) if about.has(each)]
        return found

    def _rows(
        self, event: Event, statuses: Sequence[str], endpoints: Sequence[str]
    ) -> list[JsonObject]:
        since = event.occurred_at - CLOCKS
        try:
            every = list(self.project.deliveries_of_event(event.id, since=since))
        except ConvoyNotFound:
            every = []
        if not every and not statuses and not endpoints:
            return [convoy_tables.no_delivery(event, self._why_none(event))]
        return [
            convoy_tables.delivery_summary(each)
            for each in every
            if (not statuses or each["status"] in statuses)
            and (not endpoints or each["endpoint_id"] in endpoints)
        ]

    def _why_none(self, event: Event) -> str:
        shown = list(self._in_convoy(event))
        reasons = []
        if shown:
            last = shown[-1]
            reason = f", {last['failure_reason']}" if last.get("failure_reason") else ""
            reasons.append(f"Convoy: {last['status']}{reason}")
        row = self.components.outbox.get(event.id)
        if row is not None and (row.state == FAILED or not shown):
            reasons.append(f"{row.state} in the outbox" + (f": {row.reason}" if row.reason else ""))
        return "; ".join(reasons) or "neither Convoy nor the outbox has the event: see republish"

    def _in_convoy(self, event: Event) -> Iterator[JsonObject]:
        """The event under each of its keys, without the duplicates that Convoy does not send."""
        since = event.occurred_at - CLOCKS
        found = (self.project.events_of(key, since) for key in keys_of(event.id))
        for under_one_key in takewhile(bool, found):
            yield from (each for each in under_one_key if not each["is_duplicate_event"])
