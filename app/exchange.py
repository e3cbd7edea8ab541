"""One exchange with Convoy's API: the SDK sends, within a deadline, and does not judge the answer.

Of convoy-python 1.0.0a1: it hides the status of an HTML answer (JSONDecodeError), gives None for a
429, and fails on a status that Python has no name for. So each answer is taken before it gets it.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import httpx
from httpx import codes

from app.sdk import AuthenticatedClient
from app.transport import DeadlineTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from app.api_key import ApiKey

log = logging.getLogger(__name__)


class Exchange:
    """`base_url` ends in `/api`.

    `deadline_s` is for one exchange in all, in seconds: the reading of another key after a 401, and
    the second try with it, end by it too. Threads may share one: it keeps its connections alive.
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

    def answer(
        self, call: Callable[..., object], *about: str, **arguments: object
    ) -> httpx.Response:
        """What Convoy, or what stands before it, answers to a call of the SDK (`sync_detailed`).

        Raises one of `app.transport.ERRORS` when no whole answer came, SecretError when the key
        could not be read anew, TypeError or ValueError when the arguments are not JSON.
        """
        try:
            call(self._project_id, *about, client=self._client, **arguments)
        except _AnsweredError as answered:
            return answered.response
        raise AssertionError("_Bearer raises for every answer")  # pragma: no cover

    def redacted(self, text: str) -> str:
        """Convoy, or what stands before it, may repeat the key."""
        return self._api_key.redacted(text)

    def close(self) -> None:
        self._client.get_httpx_client().close()
        self._api_key.close()


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
        raise _AnsweredError(response)


def _signed(request: httpx.Request, key: str) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {key}"
    return request


def message_of(response: httpx.Response) -> str | None:
    """`message` of Convoy's envelope; None if this is not one."""
    try:
        message = str(response.json()["message"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return "".join(character if character.isprintable() else " " for character in message)


def told(response: httpx.Response) -> str:
    """Its status, and what it says or that it is not Convoy's."""
    content_type = response.headers.get("content-type", "no content type")
    message = message_of(response) or f"not Convoy's JSON but {content_type}"
    return f"{response.status_code}: {message}"
