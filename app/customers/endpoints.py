"""A customer's endpoints: made, changed, deleted, tested, by their owner alone."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.convoy_admin.calls import AddressRefused
from app.convoy_admin.choices import TEST
from app.convoy_admin.project import secret_of
from app.customers.addresses import canonical, host_of
from app.customers.errors import Conflict, UrlRefused
from app.customers.ownership import own_endpoint, own_endpoints
from app.customers.views import endpoint_view
from app.domain.events import PING, envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from app.convoy_admin.calls import JsonObject
    from app.convoy_admin.choices import Choices
    from app.convoy_admin.project import Project
    from app.customers.addresses import Addresses


MAX_SIGNING = 10
"""Secrets of an endpoint that sign at once. Each makes a webhook's header 68 bytes longer."""

MAX_SECRETS = 1000
"""Secrets that an endpoint ever had. Convoy keeps them, and lists them with the endpoint."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Every method raises CustomersError, and ConvoyError.

    `default_types` are the event types of an endpoint whose customer chose none. `clock` is aware,
    in UTC.
    """

    project: Project
    choices: Choices
    addresses: Addresses
    default_types: Sequence[str]
    max_endpoints: int
    clock: Callable[[], datetime]
    new_event_id: Callable[[datetime], str]

    def all(self, owner: str) -> list[JsonObject]:
        found = own_endpoints(self.project, owner)
        return [endpoint_view(each, self.choices.of(each["uid"]).shown) for each in found]

    def one(self, owner: str, endpoint_id: str) -> JsonObject:
        found = own_endpoint(self.project, owner, endpoint_id)
        return endpoint_view(found, self.choices.of(endpoint_id).shown)

    def create(self, owner: str, about: Mapping[str, Any]) -> tuple[JsonObject, str]:
        """The endpoint, and its secret. Finishes an endpoint of this URL whose creation stopped.

        `about`: `url`, and maybe `description`, `event_types`, `paused`.
        """
        url, description = about["url"], about.get("description", "")
        self.addresses.check(url)
        mine = own_endpoints(self.project, owner)
        endpoint = _at(url, mine)
        if endpoint is None:
            endpoint = self._create(owner, url, description, mine)
        elif self.choices.of(endpoint["uid"]).is_finished:
            raise _taken(endpoint)
        elif mine.index(endpoint) >= self.max_endpoints:
            raise self._too_many()  # concurrent creations stopped before they deleted it
        elif (endpoint.get("description") or "") != description:
            endpoint = self._change(endpoint, description=description)
        # Before the subscription, so that a paused endpoint never gets an event.
        endpoint = self._set_paused(endpoint, paused=about.get("paused", False))
        choice = self.choices.choose(
            endpoint["uid"], about.get("event_types") or self.default_types
        )
        return endpoint_view(endpoint, choice.shown), secret_of(endpoint)

    def update(self, owner: str, endpoint_id: str, changes: Mapping[str, Any]) -> JsonObject:
        """`changes`: any of `url`, `description`, `event_types`, `paused`. Keeps the others."""
        endpoint = own_endpoint(self.project, owner, endpoint_id)
        about = {
            name: changes[name]
            for name in ("url", "description")
            if name in changes and changes[name] != endpoint.get(name)
        }
        if "url" in about:
            self.addresses.check(about["url"])
            other = _at(about["url"], own_endpoints(self.project, owner))
            if other is not None and other["uid"] != endpoint_id:
                raise _taken(other)
        if about:
            endpoint = self._change(endpoint, **about)
        if "event_types" in changes:
            choice = self.choices.choose(endpoint_id, changes["event_types"])
        else:
            choice = self.choices.of(endpoint_id)
        if "paused" in changes:
            endpoint = self._set_paused(endpoint, paused=changes["paused"])
        return endpoint_view(endpoint, choice.shown)

    def delete(self, owner: str, endpoint_id: str) -> None:
        own_endpoint(self.project, owner, endpoint_id)
        self.project.delete_endpoint(endpoint_id)

    def secret(self, owner: str, endpoint_id: str) -> str:
        """The newest one."""
        return secret_of(own_endpoint(self.project, owner, endpoint_id))

    def rotate(self, owner: str, endpoint_id: str, overlap_h: int) -> str:
        """The new secret. The present one signs too, for `overlap_h` more hours."""
        _check_secrets(own_endpoint(self.project, owner, endpoint_id)["secrets"], overlap_h)
        return self.project.rotate_secret(endpoint_id, overlap_h)

    def test(self, owner: str, endpoint_id: str) -> str:
        """Publish a ping to this endpoint alone; gives the event's id."""
        active(own_endpoint(self.project, owner, endpoint_id))
        choice = self.choices.of(endpoint_id)
        if not choice.subscription_id:
            raise Conflict("The endpoint gets no event types: choose its event_types first (PUT).")
        self.choices.allow_test(choice)
        now = self.clock()
        event_id = self.new_event_id(now)
        event = envelope(PING, event_id=event_id, owner=owner, now=now)
        self.project.publish_to_endpoint(endpoint_id, TEST, dict(event.data), event_id)
        return event_id

    def _create(
        self, owner: str, url: str, description: str, before: Sequence[JsonObject]
    ) -> JsonObject:
        """A new endpoint, unless a concurrent request makes it one too many, or the second of its
        URL: the older endpoints stay."""
        if len(before) >= self.max_endpoints:
            raise self._too_many()
        with _refusals_of_the_url():
            made = self.project.create_endpoint(
                name=host_of(url), url=url, owner=owner, description=description
            )
        older = [each for each in own_endpoints(self.project, owner) if each["uid"] < made["uid"]]
        twin = _at(url, older)
        if twin is None and len(older) < self.max_endpoints:
            return made
        self.project.delete_endpoint(made["uid"])
        raise self._too_many() if twin is None else _taken(twin)

    def _too_many(self) -> Conflict:
        return Conflict(
            f"You have {self.max_endpoints} endpoints, which is the maximum. Delete one first."
        )

    def _change(self, endpoint: JsonObject, **about: str) -> JsonObject:
        with _refusals_of_the_url():
            return self.project.update_endpoint(endpoint, **about)

    def _set_paused(self, endpoint: JsonObject, *, paused: bool) -> JsonObject:
        """An endpoint that Convoy disabled gets no events either: it stays inactive if paused."""
        if paused and endpoint["status"] == "active":
            self.project.pause_endpoint(endpoint["uid"])
            return endpoint | {"status": "paused"}
        if not paused and endpoint["status"] != "active":
            self.project.activate_endpoint(endpoint["uid"])
            return endpoint | {"status": "active"}
        return endpoint


def active(endpoint: JsonObject) -> JsonObject:
    """Raises Conflict if Convoy would discard what is sent to the endpoint."""
    if endpoint["status"] != "active":
        raise Conflict(
            f"The endpoint is {endpoint['status']}, and gets nothing. Resume it first: PUT"
            ' {"paused": false}.'
        )
    return endpoint


def _check_secrets(secrets: Sequence[JsonObject], overlap_h: int) -> None:
    """Raises Conflict if another secret would be one too many."""
    if len(secrets) >= MAX_SECRETS:
        raise Conflict(
            f"The endpoint had {MAX_SECRETS} secrets, which is the maximum. Make another endpoint."
        )
    signing = sum(not each.get("deleted_at") for each in secrets)
    if overlap_h and signing >= MAX_SIGNING:
        raise Conflict(
            f"The endpoint has {signing} secrets that sign, and {MAX_SIGNING} is the maximum. Wait"
            " for the end of an overlap, or give an overlap_h of 0."
        )


def _at(url: str, endpoints: Sequence[JsonObject]) -> JsonObject | None:
    """The first endpoint with this URL."""
    wanted = canonical(url)
    return next((each for each in endpoints if canonical(each["url"]) == wanted), None)


def _taken(endpoint: JsonObject) -> Conflict:
    return Conflict(f"Your endpoint {endpoint['uid']} has this URL: change that one (PUT).")


@contextmanager
def _refusals_of_the_url() -> Iterator[None]:
    try:
        yield
    except AddressRefused:
        # Convoy's message may name an address of its own network.
        raise UrlRefused(
            "did not answer the ping that Convoy sends at each change of url or description, or"
            " Convoy does not allow it: check that it is reachable by HTTPS, with a valid"
            " certificate"
        ) from None
