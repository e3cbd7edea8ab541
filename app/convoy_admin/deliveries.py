"""The deliveries of Convoy's project: listed, shown with their attempts, sent again.

`app.convoy_admin.calls` has the errors.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.convoy.exchange import utc
from app.convoy_admin import sdk
from app.convoy_admin.calls import PAGE, ConvoyNotFound, ConvoyRefused, ConvoyUnusable
from app.outbox.rows import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.convoy_admin.calls import Calls, JsonObject

MISSED = ("Failure", "Discarded")
"""Statuses of deliveries that did not arrive, and that Convoy does not try again by itself."""

ENDED = {"Success", *MISSED}

MAX_BODY = 1000
"""Characters of a receiver's answer that are shown."""

MAX_KEYS = 100
"""Keys of one event that are looked for. The relay adds a key only if Convoy lost the event."""


def keys_of(event_id: str) -> Iterator[str]:
    """The keys that the relay may have given the event, in their order."""
    return (key_of(event_id, burnt) for burnt in range(MAX_KEYS))


class DeliveryCalls:
    """Every method raises ConvoyError."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def deliveries(
        self,
        *,
        statuses: Sequence[str] = (),
        event_id: str = "",
        endpoint_ids: Sequence[str] | None = None,
        event_types: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        first: str = "",
        per_page: int = PAGE,
        oldest_first: bool = False,
    ) -> Iterator[JsonObject]:
        """Newest first, from the delivery with the id `first` on.

        `event_id` is the key that an event was published under. Convoy answers 400 for an event
        that it does not have: ConvoyNotFound. `since` and `until` are aware, and count in whole
        seconds; without `since` Convoy lists the last seven days. Without `endpoint_ids` the
        deliveries are everybody's; of no endpoints there are none.
        """
        if endpoint_ids is not None and not endpoint_ids:
            return
        filters = {
            "status": list(statuses),
            "idempotency_key": event_id,
            "event_type": event_types[0] if len(event_types) == 1 else "",
            "start_date": utc(since) if since else "",
            "end_date": utc(until) if until else "",
            "next_page_cursor": first,
            "sort": "ASC" if oldest_first else "",
        }
        wanted = {name: value for name, value in filters.items() if value}
        if endpoint_ids is not None:
            wanted["endpoint_id"] = list(endpoint_ids)
        for each in self._calls.each(sdk.deliveries, per_page=per_page, **wanted):
            _check(each, endpoint_ids, event_id)
            # Convoy takes one event type.
            if not event_types or each["event_type"] in event_types:
                yield each

    def deliveries_of_event(self, event_id: str, **filters: Any) -> Iterator[JsonObject]:  # noqa: ANN401
        """Under each key that the relay gave the event. ConvoyNotFound if Convoy has none."""
        found_before = False
        for key in keys_of(event_id):
            try:
                yield from self.deliveries(event_id=key, **filters)
            except ConvoyNotFound:
                if not found_before:
                    raise
                return
            found_before = True
        raise ConvoyUnusable(f"Convoy has more than {MAX_KEYS} keys of event {event_id}")

    def delivery(self, delivery_id: str) -> JsonObject:
        return self._calls.one(sdk.delivery, delivery_id)

    def attempts(self, delivery_id: str) -> list[JsonObject]:
        """Oldest first."""
        return self._calls.some(sdk.attempts, delivery_id)

    def resend(self, delivery_id: str, *, missed_only: bool = False) -> None:
        """Send a delivery again that arrived or failed for good; Convoy refuses one under way.

        With `missed_only` Convoy refuses one that arrived too.
        """
        if missed_only or self.delivery(delivery_id)["status"] != "Success":
            self._calls.ask(sdk.resend, delivery_id)
            return
        answer = self._calls.answer(sdk.force_resend, body=sdk.Ids(ids=[delivery_id]))
        # Convoy answers 200 even if the endpoint is paused.
        if not answer["message"].startswith("1 successful"):
            raise ConvoyRefused(
                f"200: {answer['message']}. Is the endpoint paused or inactive? Activate it first"
            )


def latency_ms(attempt: JsonObject) -> float | None:
    """Between the request and the answer; None without an answer."""
    answered = attempt.get("responded_at")
    if not answered:
        return None
    took = datetime.fromisoformat(answered) - datetime.fromisoformat(attempt["requested_at"])
    return round(took.total_seconds() * 1000, 1)


def _check(delivery: JsonObject, endpoint_ids: Sequence[str] | None, key: str) -> None:
    """Convoy ignores a filter that it does not know, and lists what is other owners'."""
    foreign = endpoint_ids is not None and delivery["endpoint_id"] not in endpoint_ids
    if foreign or key not in {"", delivery["idempotency_key"]}:
        raise ConvoyUnusable(f"Convoy lists delivery {delivery['uid']}, which was not asked for")
