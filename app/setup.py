"""What Convoy's project needs for an owner's events to arrive; what is there already is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app import catalogue
from app.events import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from app.project import Project

    Json = dict[str, Any]

CATEGORY = "todos"
STEPS = len(CATALOGUE) + 2
"""How many times `step` is called."""


@dataclass
class Setup:
    """What came of it: the endpoint's owner and secret, and what was made or changed for it."""

    owner: str
    endpoint_id: str
    secret: str
    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def set_up(
    project: Project,
    *,
    url: str,
    owner: str,
    new_owner: Callable[[], str],
    step: Callable[[], object] = lambda: None,
) -> Setup:
    """Event types with their schemas, an endpoint at `url`, and its subscription to all of them.

    Without an `owner` it is whose endpoint already has this URL, or a new one. Run twice, it finds
    all in place. Raises ConvoyError.
    """
    made: list[str] = []
    changed: list[str] = []
    _event_types(project, made, changed, step)
    endpoint = next((e for e in project.endpoints(owner) if e["url"] == url), None)
    if endpoint is None:
        name = urlsplit(url).hostname or url
        endpoint = project.create_endpoint(name=name, url=url, owner=owner or new_owner())
        made.append(f"endpoint {url}")
    step()
    if next(project.subscriptions(endpoint["uid"]), None) is None:
        project.create_subscription(name=f"todos to {url}", endpoint_id=endpoint["uid"])
        made.append("subscription to all event types")
    step()
    newest = endpoint["secrets"][-1]["value"]
    return Setup(endpoint["owner_id"], endpoint["uid"], newest, made, changed)


def _event_types(
    project: Project, made: list[str], changed: list[str], step: Callable[[], object]
) -> None:
    known = {each["name"]: each for each in project.event_types()}
    for event_type in CATALOGUE:
        wanted: Json = {
            "category": CATEGORY,
            "description": event_type.description,
            "json_schema": catalogue.schema(event_type) | {"$schema": catalogue.DIALECT},
        }
        found = known.get(event_type.name)
        if found is None:
            project.create_event_type({"name": event_type.name, **wanted})
            made.append(f"event type {event_type.name}")
        elif {name: found[name] for name in wanted} != wanted:
            project.update_event_type(found["uid"], wanted)
            changed.append(f"event type {event_type.name}")
        step()
