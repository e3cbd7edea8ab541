"""What an HTTP status of Convoy means: a 429, a 503, a 400.

The waits that follow: `app/outbox/backoff.py` for an event, `app/outbox/breaker.py` for the
requests, `Attempts.learn` in `app/outbox/relay_attempts.py` for the relay's pass.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from math import ceil
from typing import TYPE_CHECKING

from httpx import codes

from app.convoy.exchange import message_of, reason_of
from app.outbox.outcomes import Accepted, Misconfigured, Refused, Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    import httpx

    from app.outbox.outcomes import Outcome

MAX_RETRY_AFTER_S = 24 * 60 * 60
"""Seconds; a longer `Retry-After` counts as this."""

_NOT_NOW = {
    codes.REQUEST_TIMEOUT,
    codes.TOO_MANY_REQUESTS,
    codes.BAD_GATEWAY,
    codes.SERVICE_UNAVAILABLE,
    codes.GATEWAY_TIMEOUT,
}


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
