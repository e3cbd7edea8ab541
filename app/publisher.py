"""Publishing to Convoy through its SDK: one deadline, and a named outcome for every answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import httpx
from httpx import codes

from app.sdk import AuthenticatedClient, FanoutEvent, fanout
from app.transport import ERRORS, DeadlineTransport

if TYPE_CHECKING:
    from app.events import Event

_MAX_REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    """Convoy answered 201: it has the event. That is not yet a delivery."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """An outage or a rate limit. Try again, for as long as it takes."""

    reason: str
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Skipped(Unavailable):
    """No attempt was made: the breaker is open."""


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """The key, the project or the URL is wrong: no event gets through until an operator acts."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """This event was refused. Convoy answers 400 to its own outages too: try again, a few times."""

    reason: str


Outcome = Accepted | Unavailable | Misconfigured | Refused


class Publisher(Protocol):
    def publish(self, event: Event) -> Outcome: ...


class ConvoyPublisher:
    """Fans events out to their owner's endpoints.

    `base_url` ends in `/api`; `deadline_s` is for one publish in all, in seconds. Threads may share
    one publisher: it keeps its connections alive.
    """

    def __init__(self, *, base_url: str, project_id: str, api_key: str, deadline_s: float) -> None:
        self._project_id = project_id
        ssl_context = httpx.create_ssl_context() if base_url.startswith("https:") else None
        self._client = AuthenticatedClient(
            base_url=base_url,
            token=api_key,
            httpx_args={
                "transport": DeadlineTransport(deadline_s, ssl_context=ssl_context),
                "event_hooks": {"response": [_take_over]},
            },
        )
        # The SDK makes its httpx client at first use, unguarded: two threads would make two.
        self._client.get_httpx_client()

    def publish(self, event: Event) -> Outcome:
        """One attempt under the event's own id as idempotency key. Never raises for Convoy."""
        body = FanoutEvent(
            owner_id=event.owner,
            event_type=event.type,
            idempotency_key=event.id,
            data=dict(event.data),  # type: ignore[arg-type]  # the SDK sends a dict as it is
        )
        try:
            fanout.sync_detailed(self._project_id, client=self._client, body=body)
        except _AnsweredError as answered:
            return outcome_of(answered.response)
        except ERRORS as error:
            return Unavailable(f"{type(error).__name__}: {error}"[:_MAX_REASON_LENGTH])
        except (TypeError, ValueError) as error:
            return Refused(f"not sent, not JSON: {error}"[:_MAX_REASON_LENGTH])
        raise AssertionError("the response hook raises for every answer")  # pragma: no cover

    def close(self) -> None:
        self._client.get_httpx_client().close()


def outcome_of(response: httpx.Response) -> Outcome:
    """What an answer means."""
    status = response.status_code
    message = _message(response)
    if status == codes.CREATED and message is not None:
        return Accepted()
    reason = f"{status}: {message or _not_convoys(response)}"[:_MAX_REASON_LENGTH]
    if status in {codes.CREATED, codes.REQUEST_TIMEOUT, codes.TOO_MANY_REQUESTS} or status >= 500:
        return Unavailable(reason, _retry_after(response))
    if status < 400 or status in {401, 403, 404, 405, 407}:
        return Misconfigured(reason)
    return Refused(reason)


class _AnsweredError(Exception):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response


def _take_over(response: httpx.Response) -> None:
    # The SDK hides the status of an HTML answer (JSONDecodeError), gives None for a 429, and fails
    # on a status that Python has no name for (ValueError): it does not get to see an answer.
    response.read()
    raise _AnsweredError(response)


def _message(response: httpx.Response) -> str | None:
    """`message` of Convoy's envelope; None if this is not one."""
    try:
        message = str(response.json()["message"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return "".join(character if character.isprintable() else " " for character in message)


def _not_convoys(response: httpx.Response) -> str:
    return f"not Convoy's JSON but {response.headers.get('content-type', 'no content type')}"


def _retry_after(response: httpx.Response) -> int | None:
    value = response.headers.get("retry-after", "")
    return int(value) if re.fullmatch("[0-9]{1,6}", value) else None
