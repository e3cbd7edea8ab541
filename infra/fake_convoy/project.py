"""The data of the stand-in's project, which Convoy has in its database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

from infra.fake_convoy.feed import Feed
from infra.fake_convoy.ids import uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.requests import Request

    from infra.fake_convoy.journal import Journal

JsonObject = dict[str, Any]

Table = Literal[
    "endpoints", "subscriptions", "filters", "event_types", "events", "deliveries", "attempts",
    "batch_retries",
]  # fmt: skip
TABLES: tuple[Table, ...] = get_args(Table)

PROJECT_ID = "local"
API_KEY = "CO.local"

RECEIVER = "/receiver"
"""The path of the stand-in's own receiver: `make run` makes an endpoint of it."""

ANY_TYPE = "*"

EVERY_TYPE: JsonObject = {
    "uid": "EVERY", "name": ANY_TYPE, "category": "", "description": "", "json_schema": {},
    "deprecated_at": None,
}  # fmt: skip
"""The event type that each new project has."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def shown(at: datetime) -> str:
    """A time as Convoy shows it."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _first_event_types() -> dict[str, JsonObject]:
    return {EVERY_TYPE["uid"]: dict(EVERY_TYPE)}


@dataclass
class Project:
    """The tables of a project, by uid, oldest first. Change them only by `put`.

    `clock` is aware, in UTC.
    """

    journal: Journal | None = None
    clock: Callable[[], datetime] = utc_now
    endpoints: dict[str, JsonObject] = field(default_factory=dict)
    subscriptions: dict[str, JsonObject] = field(default_factory=dict)
    filters: dict[str, JsonObject] = field(default_factory=dict)
    """The event types of subscriptions."""
    event_types: dict[str, JsonObject] = field(default_factory=_first_event_types)
    events: dict[str, JsonObject] = field(default_factory=dict)
    deliveries: dict[str, JsonObject] = field(default_factory=dict)
    attempts: dict[str, JsonObject] = field(default_factory=dict)
    batch_retries: dict[str, JsonObject] = field(default_factory=dict)
    deliveries_of: dict[str, list[JsonObject]] = field(default_factory=lambda: defaultdict(list))
    """Deliveries by their event's uid."""
    attempts_of: dict[str, list[JsonObject]] = field(default_factory=lambda: defaultdict(list))
    """Attempts by their delivery's uid."""
    verdicts: dict[str, bool] = field(default_factory=dict)
    """Whether an attempt's signature verifies, by the attempt's uid."""
    keys: set[str] = field(default_factory=set)
    """The idempotency keys of the events."""
    accepted: set[str] = field(default_factory=set)
    """The idempotency keys of the events that were accepted since the start, stored or not."""
    feed: Feed = field(default_factory=Feed)

    def now(self) -> str:
        return shown(self.clock())

    def restore(self, entries: Iterable[tuple[str, JsonObject]]) -> None:
        """Repeat the changes in a journal."""
        for table, record in entries:
            if table == "cleared":
                self._forget()
            elif table in TABLES:
                self._keep(table, record)

    def put(self, table: Table, record: JsonObject) -> JsonObject:
        """Add a record, or change these fields of the record with its uid; gives the record."""
        if self.journal is not None:
            self.journal.write(table, record)
        kept = self._keep(table, record)
        event = self.events.get(_event_of(self, table, kept))
        if event is not None:
            self.feed.event(event)
        return kept

    def clear(self) -> None:
        """Delete everything, except the watchers of the feed."""
        if self.journal is not None:
            self.journal.write("cleared", {})
        self._forget()
        self.feed.cleared()

    def subscription_of(self, endpoint_uid: str) -> JsonObject | None:
        """The endpoint's subscription. An endpoint without one gets no event."""
        of_endpoint = (s for s in self.subscriptions.values() if s["endpoint_id"] == endpoint_uid)
        return next(of_endpoint, None)

    def subscribe(self, endpoint_uid: str, name: str) -> JsonObject:
        """Make a subscription to every event type."""
        made: JsonObject = {
            "uid": uid(),
            "name": name,
            "type": "api",
            "endpoint_id": endpoint_uid,
            # Without a licence Convoy silently replaces the filter by this one.
            "filter_config": {"event_types": [ANY_TYPE]},
            "created_at": self.now(),
        }
        made = self.put("subscriptions", made)
        self.add_filter(made["uid"], ANY_TYPE)
        return made

    def add_filter(self, subscription_uid: str, event_type: str) -> JsonObject:
        made = {"uid": uid(), "subscription_id": subscription_uid, "event_type": event_type}
        return self.put("filters", made | {"enabled_at": self.now(), "deleted_at": None})

    def filters_of(self, subscription_uid: str) -> list[JsonObject]:
        """Oldest first, without the deleted ones."""
        filters = self.filters.values()
        of_subscription = (f for f in filters if f["subscription_id"] == subscription_uid)
        return [each for each in of_subscription if not is_deleted(each)]

    def endpoints_of(self, owner: str) -> list[str]:
        """The uids of the owner's endpoints, without the deleted ones."""
        endpoints = self.endpoints.items()
        return [uid for uid, e in endpoints if e["owner_id"] == owner and not is_deleted(e)]

    def _keep(self, table: Table, record: JsonObject) -> JsonObject:
        records: dict[str, JsonObject] = getattr(self, table)
        uid = record["uid"]
        if uid in records:
            records[uid].update(record)
            return records[uid]
        kept = records[uid] = dict(record)
        match table:
            case "events":
                kept["number"] = len(self.events)
                if kept["idempotency_key"]:
                    self.keys.add(kept["idempotency_key"])
            case "deliveries":
                self.deliveries_of[kept["event_id"]].append(kept)
            case "attempts":
                self.attempts_of[kept["msg_id"]].append(kept)
        return kept

    def _forget(self) -> None:
        kept = {"journal": self.journal, "clock": self.clock, "feed": self.feed}
        self.__dict__.update(vars(Project()) | kept)


def _event_of(project: Project, table: Table, record: JsonObject) -> str:
    """The uid of the record's event; empty if it has none, as an endpoint."""
    match table:
        case "events":
            return str(record["uid"])
        case "deliveries":
            return str(record["event_id"])
        case "attempts":
            return str(project.deliveries[record["msg_id"]]["event_id"])
    return ""


def is_deleted(record: JsonObject) -> bool:
    """Whether an endpoint or a filter was deleted. An endpoint is kept for its deliveries."""
    return record["deleted_at"] is not None


def is_active(endpoint: JsonObject) -> bool:
    return endpoint["status"] == "active" and not is_deleted(endpoint)


def project_of(request: Request) -> Project:
    project: Project = request.app.state.project
    return project
