"""Publishing to Convoy through its SDK: one deadline, and a named outcome for every answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import ceil
from typing import TYPE_CHECKING

from httpx import codes

from app.convoy.api_key import SecretError
from app.convoy.exchange import NotSendable, message_of, reason_of
from app.convoy.sdk import FanoutEvent, fanout
from app.convoy.transport import ERRORS, NOT_SENT
from app.outbox.outcomes import Accepted, Misconfigured, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import httpx

    from app.convoy.exchange import Exchange
    from app.domain.events import Event
    from app.outbox.outcomes import Outcome

log = logging.getLogger(__name__)

_MAX_REASON_LENGTH = 200

MAX_ANSWER_BYTES = 1024 * 1024
"""Far more than Convoy's answer to a publish has, and quick to read."""

MAX_RETRY_AFTER_S = 24 * 60 * 60
"""Seconds; a longer `Retry-After` counts as this."""

_NOT_NOW = {
    codes.REQUEST_TIMEOUT,
    codes.TOO_MANY_REQUESTS,
    codes.BAD_GATEWAY,
    codes.SERVICE_UNAVAILABLE,
    codes.GATEWAY_TIMEOUT,
}


class ConvoyPublisher:
    """Fans events out to their owner's endpoints, each within the exchange's deadline.

    `clock` gives the time, aware, in UTC: a `Retry-After` may be a date.
    """

    def __init__(self, convoy: Exchange, clock: Callable[[], datetime]) -> None:
        self._convoy = convoy
        self._clock = clock

    def publish(self, event: Event) -> Outcome:
        """One attempt under the event's own id as idempotency key. Never raises for Convoy."""
        outcome = self._attempt(event)
        if isinstance(outcome, Accepted):
            return outcome
        # Redact before the cut: a part of the key would not be recognised.
        reason = self._convoy.redacted(outcome.reason)
        return replace(outcome, reason=reason[:_MAX_REASON_LENGTH])

    def _attempt(self, event: Event) -> Outcome:
        if not isinstance(event.data, Mapping):
            return Refused("not sent, not JSON: the event's data is not an object")
        body = FanoutEvent(
            owner_id=event.owner,
            event_type=event.type,
            idempotency_key=event.id,
            data=dict(event.data),  # type: ignore[arg-type]  # the SDK sends a dict as it is
        )
        try:
            return outcome_of(self._convoy.answer(fanout.sync_detailed, body=body), self._clock())
        except ERRORS as error:
            in_doubt = not isinstance(error, NOT_SENT)
            return Unavailable(f"{type(error).__name__}: {error}", in_doubt=in_doubt)
        except SecretError as error:
            log.warning("no API key that Convoy takes: %s", error)
            return Misconfigured(f"no API key that Convoy takes: {error}", outage=True)
        except NotSendable as error:
            return Refused(str(error))

    def close(self) -> None:
        self._convoy.close()


def outcome_of(response: httpx.Response, now: datetime) -> Outcome:
    """What an answer means; `now` is aware."""
    status = response.status_code
    if status == codes.CREATED and message_of(response) is not None:
        return Accepted()
    reason = reason_of(response)
    if status in _NOT_NOW:
        return Unavailable(
            reason,
            # httpx ignores a name's case, and any text without a number stands for no header.
            retry_after_s(response.headers.get("retry-after", ""), now),  # pragma: no mutate
            in_doubt=status in {408, 502, 504},
            limited=status == codes.TOO_MANY_REQUESTS,
        )
    if status == codes.CREATED or status >= 500:
        return Unavailable(reason, outage=False, in_doubt=True)
    if status < 400 or status in {401, 403, 404, 405, 407}:
        return Misconfigured(reason)
    return Refused(reason)


def retry_after_s(value: str, now: datetime) -> int | None:
    """Seconds, 0 to MAX_RETRY_AFTER_S, from a number of seconds or a date (RFC 9110, 10.2.3).

    None for anything else. `now` is aware.
    """
    if value.isascii() and value.isdigit():
        # More digits exceed the maximum all the same.
        significant = value.lstrip("0")[:6]  # pragma: no mutate
        return min(int(significant or 0), MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(value)
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return None
    return min(max(ceil(seconds.total_seconds()), 0), MAX_RETRY_AFTER_S)
