"""What Convoy's project needs for an owner's events to arrive; what is there already is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.http.webhooks import DIALECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.convoy_admin.project import Json, Project
    from app.http.webhooks import Webhooks

SIGNED = ("X-Convoy-Signature", "SHA256", "hex")
"""Header, hash and encoding of a project's signatures, as docs/receivers.md tells of them."""


@dataclass
class Setup:
    """The endpoint's owner and secret; what was made, was changed, and is not as it should be."""

    owner: str = ""
    endpoint_id: str = ""
    secret: str = ""
    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def steps(webhooks: Webhooks) -> int:
    """How many times `set_up` calls its `step`."""
    return len(webhooks.event_types) + 2


def set_up(
    project: Project,
    webhooks: Webhooks,
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
    done = Setup()
    _event_types(project, webhooks, done, step)
    endpoint = _endpoint(project, url, owner)
    if endpoint is None:
        name = urlsplit(url).hostname or url
        endpoint = project.create_endpoint(name=name, url=url, owner=owner or new_owner())
        done.made.append(f"endpoint {url}")
    step()
    if next(project.subscriptions(endpoint["uid"]), None) is None:
        project.create_subscription(name=f"all events to {url}", endpoint_id=endpoint["uid"])
        done.made.append("subscription to all event types")
    step()
    done.owner, done.endpoint_id = endpoint["owner_id"], endpoint["uid"]
    done.secret = endpoint["secrets"][-1]["value"]
    done.wrong = [*_wrong_of(endpoint), *_wrong_with(project.check()["config"]["signature"])]
    return done


def _endpoint(project: Project, url: str, owner: str) -> Json | None:
    """One at this URL; what has no owner gets no event of anybody's."""
    owned = (each for each in project.endpoints(owner) if each.get("owner_id"))
    return next((each for each in owned if each["url"] == url), None)


def _event_types(
    project: Project, webhooks: Webhooks, done: Setup, step: Callable[[], object]
) -> None:
    known = {each["name"]: each for each in project.event_types()}
    for event_type in webhooks.event_types:
        wanted: Json = {
            "category": event_type.event.partition(".")[0],
            "description": event_type.description,
            "json_schema": webhooks.schema(event_type) | {"$schema": DIALECT},
        }
        found = known.get(event_type.name)
        if found is None:
            project.create_event_type({"name": event_type.name, **wanted})
            done.made.append(f"event type {event_type.name}")
        elif {name: found[name] for name in wanted} != wanted:
            project.update_event_type(found["uid"], wanted)
            done.changed.append(f"event type {event_type.name}")
        step()


def _wrong_of(endpoint: Json) -> Iterator[str]:
    if endpoint["status"] != "active":
        yield f"the endpoint is {endpoint['status']}: Convoy discards what comes for it meanwhile"
    if not endpoint["advanced_signatures"]:
        yield "the endpoint has simple signatures, without a time: a receiver can't tell a replay"


def _wrong_with(signature: Json) -> Iterator[str]:
    newest = signature["versions"][-1]
    signed = (signature["header"], newest["hash"], newest["encoding"])
    if signed != SIGNED:
        yield f"the project signs by {', '.join(signed)}: receivers expect {', '.join(SIGNED)}"
