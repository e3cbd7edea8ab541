"""Creates what Convoy's project needs to deliver an owner's events, and keeps what exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.convoy_admin.choices import EVERY, Choices
from app.convoy_admin.project import secret_of
from app.http.webhooks import DIALECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.convoy_admin.calls import JsonObject
    from app.convoy_admin.project import Project
    from app.http.webhooks import Webhooks

SIGNED = ("X-Convoy-Signature", "SHA256", "hex")
"""Header, hash and encoding of a project's signatures, as docs/receivers.md describes them."""


class OwnerNeeded(Exception):
    """Somebody has an endpoint at this URL. It may be a customer, who knows the secret."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"{owner} has an endpoint at this URL already.")
        self.owner = owner


@dataclass
class Setup:
    """The endpoint's owner and secret; what was made, what was changed, and what is wrong."""

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
    wanted_types: Sequence[str] = (),
    step: Callable[[], object] = lambda: None,
) -> Setup:
    """Event types with their schemas, an endpoint at `url`, and its subscription.

    Without an `owner` it takes a new one. The endpoint gets the `wanted_types` and no others;
    without them it keeps its choice, and a new one gets all. A second run changes nothing. Raises
    ConvoyError; OwnerNeeded, before any change, if somebody has an endpoint at this URL.
    """
    done = Setup()
    endpoint = _endpoint(project, url, owner)
    if endpoint is not None and not owner:
        raise OwnerNeeded(endpoint["owner_id"])
    _event_types(project, webhooks, done, step)
    if endpoint is None:
        name = urlsplit(url).hostname or url
        endpoint = project.create_endpoint(name=name, url=url, owner=owner or new_owner())
        done.made.append(f"endpoint {url}")
    step()
    _subscribe(project, endpoint, wanted_types, done)
    step()
    done.owner, done.endpoint_id = endpoint["owner_id"], endpoint["uid"]
    done.secret = secret_of(endpoint)
    done.wrong = [
        *_endpoint_problems(endpoint),
        *_signature_problems(project.check()["config"]["signature"]),
    ]
    return done


def _endpoint(project: Project, url: str, owner: str) -> JsonObject | None:
    """An endpoint at this URL. One without an owner is no use: it gets no events."""
    owned = (each for each in project.endpoints(owner or None) if each.get("owner_id"))
    return next((each for each in owned if each["url"] == url), None)


def _subscribe(
    project: Project, endpoint: JsonObject, wanted_types: Sequence[str], done: Setup
) -> None:
    choices = Choices(project)
    before = choices.of(endpoint["uid"])
    wanted = wanted_types or ([] if before.subscription_id else [EVERY])
    if not wanted or (before.is_finished and before.types == set(wanted)):
        return
    choices.choose(endpoint["uid"], wanted)
    types = "all event types" if EVERY in wanted else ", ".join(wanted)
    if before.subscription_id:
        done.changed.append(f"subscription: it is to {types} now")
    else:
        done.made.append(f"subscription to {types}")


def _event_types(
    project: Project, webhooks: Webhooks, done: Setup, step: Callable[[], object]
) -> None:
    known = {each["name"]: each for each in project.event_types()}
    for event_type in webhooks.event_types:
        wanted: JsonObject = {
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


def _endpoint_problems(endpoint: JsonObject) -> Iterator[str]:
    if endpoint["status"] != "active":
        yield (
            f"the endpoint is {endpoint['status']}, and Convoy discards its deliveries: activate it"
            f" with convoy endpoints resume {endpoint['uid']}"
        )
    if not endpoint["advanced_signatures"]:
        yield (
            "the endpoint has simple signatures, and a receiver can't detect a replay: turn on"
            " advanced signatures in Convoy's dashboard"
        )


def _signature_problems(signature: JsonObject) -> Iterator[str]:
    newest = signature["versions"][-1]
    signed = (signature["header"], newest["hash"], newest["encoding"])
    if signed != SIGNED:
        yield (
            f"the project signs with {', '.join(signed)}, and receivers expect {', '.join(SIGNED)}:"
            " change it in the project's settings"
        )
