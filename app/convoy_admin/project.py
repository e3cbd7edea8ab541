"""Convoy's project as its operator sees it: endpoints, subscriptions, event types, events.

`app.convoy_admin.calls` has the errors.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from app.convoy.exchange import utc
from app.convoy_admin import sdk
from app.convoy_admin.calls import Calls, ConvoyNotFound, ConvoyRefused, ConvoyUnusable
from app.convoy_admin.deliveries import DeliveryCalls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from app.convoy.exchange import Exchange
    from app.convoy_admin.calls import JsonObject

DEADLINE_S = 30.0
"""Seconds for one call: Convoy may ping the URL of a new endpoint before it answers."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""Room for a page of the longest events."""


class Project(DeliveryCalls):
    """Every method raises ConvoyError. `base_url` and `project_id` are those of the exchange."""

    def __init__(self, exchange: Exchange, *, base_url: str, project_id: str) -> None:
        super().__init__(Calls(exchange, base_url))
        self._project_id = project_id

    def check(self) -> JsonObject:
        """The project, with its `config`. Raises ConvoyUnusable unless key and id fit."""
        try:
            found = self._calls.one(sdk.project)
        except ConvoyRefused as error:
            if "project" not in str(error).lower():
                raise  # Convoy answers 400 to some of its outages too
            raise ConvoyUnusable(
                f"CONVOY_PROJECT_ID ({self._project_id}): Convoy did not find it ({error}). Copy"
                " the id from the project's settings, or from the dashboard's URL."
            ) from error
        if found["uid"] != self._project_id:
            raise ConvoyUnusable(
                f"CONVOY_PROJECT_ID is {self._project_id}, but the key belongs to the project"
                f' {found["uid"]} ("{found["name"]}"), and Convoy goes by the key. Set'
                f" CONVOY_PROJECT_ID={found['uid']}, or CONVOY_API_KEY to the key of project"
                f" {self._project_id}."
            )
        return found

    def event_types(self) -> list[JsonObject]:
        return self._calls.some(sdk.event_types)

    def create_event_type(self, about: Mapping[str, Any]) -> JsonObject:
        return self._calls.one(sdk.create_event_type, body=sdk.NewEventType(**about))

    def update_event_type(self, uid: str, about: Mapping[str, Any]) -> JsonObject:
        changed = sdk.ChangedEventType(**about)
        return self._calls.one(sdk.update_event_type, uid, body=changed)

    def endpoints(self, owner: str | None = None) -> Iterator[JsonObject]:
        """The endpoints of one owner, or all endpoints."""
        return self._calls.each(sdk.endpoints, **({} if owner is None else {"owner_id": owner}))

    def endpoint(self, endpoint_id: str) -> JsonObject:
        """With its secrets, oldest first. `owner_id` names its owner."""
        return self._calls.one(sdk.endpoint, endpoint_id)

    def create_endpoint(
        self, *, name: str, url: str, owner: str, description: str = ""
    ) -> JsonObject:
        """With advanced signatures, and a secret that Convoy generates."""
        wanted = sdk.NewEndpoint(
            name=name, url=url, owner_id=owner, description=description, advanced_signatures=True
        )
        return self._calls.one(sdk.create_endpoint, body=wanted)

    def update_endpoint(
        self, endpoint: JsonObject, *, url: str | None = None, description: str | None = None
    ) -> JsonObject:
        """Change an endpoint that Convoy showed; gives it. None leaves a field as it is.

        Convoy pings an https URL, also one that does not change: AddressRefused.
        """
        # Convoy clears these fields when they are left out. It keeps the others.
        kept = ("name", "url", "description", "rate_limit", "rate_limit_duration", "content_type")
        whole = {field: endpoint[field] for field in kept}
        if endpoint["authentication"]:
            whole["authentication"] = endpoint["authentication"]
        changes = {"url": url, "description": description}
        whole |= {field: value for field, value in changes.items() if value is not None}
        body = sdk.ChangedEndpoint.from_dict(whole)
        return self._calls.one(sdk.update_endpoint, endpoint["uid"], body=body)

    def delete_endpoint(self, endpoint_id: str) -> None:
        """Convoy deletes its subscription too, and still lists its deliveries."""
        self._calls.ask(sdk.delete_endpoint, endpoint_id)

    def pause_endpoint(self, endpoint_id: str) -> JsonObject:
        """Convoy discards the deliveries of a paused endpoint. It can't pause a disabled one."""
        found = self.endpoint(endpoint_id)
        for _ in range(2):
            if found["status"] == "paused":
                break
            # A toggle: another caller that paused the endpoint meanwhile makes it active.
            found = self._calls.one(sdk.pause_endpoint, endpoint_id)
        if found["status"] != "paused":
            raise ConvoyRefused(f"202: the endpoint is {found['status']}. Pause it again.")
        return found

    def activate_endpoint(self, endpoint_id: str) -> JsonObject:
        """Activate a paused endpoint, or one that Convoy disabled after failures."""
        found = self.endpoint(endpoint_id)
        if found["status"] == "active":
            return found
        return self._calls.one(sdk.activate_endpoint, endpoint_id)

    def rotate_secret(self, endpoint_id: str, overlap_h: int) -> str:
        """The new secret. The present ones sign too: the last one for `overlap_h` more hours."""
        # Convoy's `expires_at` takes the number as seconds; its worker takes it as hours.
        body = sdk.ExpiredSecret(expiration=overlap_h)
        return secret_of(self._calls.one(sdk.expire_secret, endpoint_id, body=body))

    def subscriptions(self, endpoint_id: str) -> Iterator[JsonObject]:
        for each in self._calls.each(sdk.subscriptions, endpoint_id=[endpoint_id]):
            if (each["endpoint_metadata"] or {}).get("uid") != endpoint_id:
                raise ConvoyUnusable(
                    f"Convoy lists subscription {each['uid']}, not {endpoint_id}'s"
                )
            yield each

    def create_subscription(self, *, name: str, endpoint_id: str) -> JsonObject:
        """To all event types, by a first event filter of type `*`."""
        wanted = sdk.NewSubscription(name=name, endpoint_id=endpoint_id)
        return self._calls.one(sdk.create_subscription, body=wanted)

    def event_filters(self, subscription_id: str) -> list[JsonObject]:
        """The event types of the subscription: each has a `uid` and an `event_type`, maybe `*`."""
        return self._calls.some(sdk.event_filters, subscription_id)

    def add_filter(self, subscription_id: str, event_type: str) -> JsonObject:
        """Raises ConvoyUnusable for an event type that Convoy does not have yet."""
        wanted = sdk.NewEventFilter(event_type=event_type)
        try:
            return self._calls.one(sdk.create_event_filter, subscription_id, body=wanted)
        except ConvoyRefused as error:
            if "event type does not exist" not in str(error):
                raise
            raise ConvoyUnusable(
                f"Convoy has no event type {event_type} ({error}). Run `convoy setup`."
            ) from error

    def delete_filter(self, subscription_id: str, filter_id: str) -> None:
        """Also one that is gone already. Without any filter the endpoint gets no event."""
        with suppress(ConvoyNotFound):
            self._calls.ask(sdk.delete_event_filter, subscription_id, filter_id)

    def publish_to_endpoint(
        self, endpoint_id: str, event_type: str, data: JsonObject, event_id: str
    ) -> None:
        """To this endpoint alone, if it gets this event type; `event_id` is the key."""
        body = sdk.EndpointEvent(
            endpoint_id=endpoint_id,
            event_type=event_type,
            idempotency_key=event_id,
            data=data,  # type: ignore[arg-type]  # the SDK sends a dict as it is
        )
        self._calls.ask(sdk.create_endpoint_event, body=body)

    def pages_of_events(self) -> Iterator[list[JsonObject]]:
        """Newest first."""
        return self._calls.pages(sdk.events)

    def events_of(self, key: str, since: datetime) -> list[JsonObject]:
        """The events that Convoy has under this key, newest first; `since` is aware."""
        return list(self._calls.each(sdk.events, idempotency_key=key, start_date=utc(since)))

    def close(self) -> None:
        self._calls.close()


def secret_of(endpoint: JsonObject) -> str:
    """The endpoint's newest secret."""
    secret: str = endpoint["secrets"][-1]["value"]
    return secret
