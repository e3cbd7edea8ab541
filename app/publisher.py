"""Publishing to Convoy through its SDK: one deadline, and a named outcome for every answer."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import httpx
from httpx import codes

from app.api_key import SecretError
from app.sdk import AuthenticatedClient, FanoutEvent, fanout
from app.transport import ERRORS, DeadlineTransport

if TYPE_CHECKING:
    from collections.abc import Generator

    from app.api_key import ApiKey
    from app.events import Event

log = logging.getLogger(__name__)

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

    `base_url` ends in `/api`; `deadline_s` is for one publish in all, in seconds: the reading of
    another key after a 401, and the second try with it, end by it too. Threads may share one
    publisher: it keeps its connections alive.
    """

    def __init__(
        self, *, base_url: str, project_id: str, api_key: ApiKey, deadline_s: float
    ) -> None:
        self._api_key = api_key
        self._project_id = project_id
        ssl_context = httpx.create_ssl_context() if base_url.startswith("https:") else None
        self._client = AuthenticatedClient(
            base_url=base_url,
            token="",  # _Bearer's to send
            httpx_args={
                "transport": DeadlineTransport(deadline_s, ssl_context=ssl_context),
                "auth": _Bearer(api_key, deadline_s),
            },
        )
        # The SDK makes its httpx client at first use, unguarded: two threads would make two.
        self._client.get_httpx_client()

    def publish(self, event: Event) -> Outcome:
        """One attempt under the event's own id as idempotency key. Never raises for Convoy."""
        outcome = self._attempt(event)
        if isinstance(outcome, Accepted):
            return outcome
        # Convoy, or what stands before it, may repeat the key; a cut one would not be recognised.
        told = self._api_key.redacted(outcome.reason)
        return replace(outcome, reason=told[:_MAX_REASON_LENGTH])

    def _attempt(self, event: Event) -> Outcome:
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
            return Unavailable(f"{type(error).__name__}: {error}")
        except SecretError as error:
            log.warning("the API key was refused, and can't be read anew: %s", error)
            return Misconfigured(f"401: the key was refused, and can't be read anew: {error}")
        except (TypeError, ValueError) as error:
            return Refused(f"not sent, not JSON: {error}")
        raise AssertionError("_Bearer raises for every answer")  # pragma: no cover

    def close(self) -> None:
        self._client.get_httpx_client().close()
        self._api_key.close()


def outcome_of(response: httpx.Response) -> Outcome:
    """What an answer means."""
    status = response.status_code
    message = _message(response)
    if status == codes.CREATED and message is not None:
        return Accepted()
    reason = f"{status}: {message or _not_convoys(response)}"
    if status in {codes.CREATED, codes.REQUEST_TIMEOUT, codes.TOO_MANY_REQUESTS} or status >= 500:
        return Unavailable(reason, _retry_after(response))
    if status < 400 or status in {401, 403, 404, 405, 407}:
        return Misconfigured(reason)
    return Refused(reason)


class _AnsweredError(Exception):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response


class _Bearer(httpx.Auth):
    """Signs with the key; after a 401 once more, if another key is to be had by the deadline.

    Raises _AnsweredError for every answer, and SecretError when the key could not be read anew.
    """

    def __init__(self, api_key: ApiKey, deadline_s: float) -> None:
        self._api_key = api_key
        self._deadline_s = deadline_s

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        ends_at = time.monotonic() + self._deadline_s
        request.extensions["ends_at"] = ends_at
        key = self._api_key.value
        response = yield _signed(request, key)
        response.read()
        if response.status_code == codes.UNAUTHORIZED:
            renewed = self._api_key.renewed(key, ends_at - time.monotonic())
            if renewed != key:
                log.info("the API key was refused: another one was read")
                response = yield _signed(request, renewed)
                response.read()
        # The SDK hides the status of an HTML answer (JSONDecodeError), gives None for a 429, and
        # fails on a status that Python has no name for: it does not get to see an answer.
        raise _AnsweredError(response)


def _signed(request: httpx.Request, key: str) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {key}"
    return request


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
