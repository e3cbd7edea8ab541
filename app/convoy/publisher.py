"""Publishing to Convoy through its SDK: one deadline, and a named outcome for every answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from httpx import codes

from app.convoy.api_key import SecretError
from app.convoy.exchange import Exchange, message_of, told
from app.convoy.sdk import FanoutEvent, fanout
from app.convoy.transport import ERRORS
from app.outbox.outcomes import Accepted, Misconfigured, Refused, Unavailable

if TYPE_CHECKING:
    import httpx

    from app.convoy.api_key import ApiKey
    from app.events import Event
    from app.outbox.outcomes import Outcome

log = logging.getLogger(__name__)

_MAX_REASON_LENGTH = 200

MAX_ANSWER_BYTES = 1024 * 1024
"""Far over what Convoy answers to a publish, and soon read through."""


class ConvoyPublisher:
    """Fans events out to their owner's endpoints.

    See `app.convoy.exchange.Exchange` for its parameters; `deadline_s` is for one publish in all.
    """

    def __init__(
        self, *, base_url: str, project_id: str, api_key: ApiKey, deadline_s: float
    ) -> None:
        self._convoy = Exchange(
            base_url=base_url,
            project_id=project_id,
            api_key=api_key,
            deadline_s=deadline_s,
            max_bytes=MAX_ANSWER_BYTES,
        )

    def publish(self, event: Event) -> Outcome:
        """One attempt under the event's own id as idempotency key. Never raises for Convoy."""
        outcome = self._attempt(event)
        if isinstance(outcome, Accepted):
            return outcome
        # Before it is cut: a part of the key would not be recognised.
        reason = self._convoy.redacted(outcome.reason)
        return replace(outcome, reason=reason[:_MAX_REASON_LENGTH])

    def _attempt(self, event: Event) -> Outcome:
        if _has_nul(event.data):
            return Refused("not sent: Convoy would take a null character, and never deliver it")
        body = FanoutEvent(
            owner_id=event.owner,
            event_type=event.type,
            idempotency_key=event.id,
            data=dict(event.data),  # type: ignore[arg-type]  # the SDK sends a dict as it is
        )
        try:
            return outcome_of(self._convoy.answer(fanout.sync_detailed, body=body))
        except ERRORS as error:
            return Unavailable(f"{type(error).__name__}: {error}")
        except SecretError as error:
            log.warning("no API key that Convoy takes: %s", error)
            return Misconfigured(f"no API key that Convoy takes: {error}")
        except (TypeError, ValueError) as error:
            return Refused(f"not sent, not JSON: {error}")

    def close(self) -> None:
        self._convoy.close()


def outcome_of(response: httpx.Response) -> Outcome:
    """What an answer means."""
    status = response.status_code
    if status == codes.CREATED and message_of(response) is not None:
        return Accepted()
    reason = told(response)
    if status in {codes.CREATED, codes.REQUEST_TIMEOUT, codes.TOO_MANY_REQUESTS} or status >= 500:
        return Unavailable(reason, _retry_after(response))
    if status < 400 or status in {401, 403, 404, 405, 407}:
        return Misconfigured(reason)
    return Refused(reason)


def _has_nul(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_nul, value.values()))
    return isinstance(value, str) and "\0" in value


def _retry_after(response: httpx.Response) -> int | None:
    value = response.headers.get("retry-after", "")
    return int(value) if re.fullmatch("[0-9]{1,6}", value) else None
