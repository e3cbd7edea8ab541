"""One exchange with Convoy's API, within a deadline: the SDK sends, and does not read the answer.

convoy-python 1.0.0a1 hides the status of an HTML answer (JSONDecodeError), gives None for a 429,
and fails on a status that Python has no name for. So each answer is taken before the SDK gets it.
"""

from __future__ import annotations

import logging
import math
import re
import time
from datetime import UTC
from json import dumps
from typing import TYPE_CHECKING, Any

import httpx
from httpx import codes

from app.convoy.connections import Origin, Request
from app.convoy.sdk import AuthenticatedClient
from app.convoy.transport import DeadlineTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import NoReturn

    from app.convoy.api_key import ApiKey
    from app.convoy.proxies import Proxy

    Send = Callable[..., httpx.Response]
    Observe = Callable[[Send], Send]

log = logging.getLogger(__name__)

USER_AGENT = b"fastapi-todo-convoy"
_ACCEPT = [(b"Accept", b"application/json")]
_JSON = (b"Content-Type", b"application/json")
_NULL_CHARACTER = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON writes it. After an odd number of further backslashes it is plain text."""


class NotSendable(ValueError):
    """The arguments of a call were not sent. The message says why."""


class Exchange:
    """`base_url` ends in `/api`. Without a `proxy` the connection is direct. `observe` may wrap
    the function that sends each request.

    `deadline_s`: seconds for one whole exchange, with the read of another key after a 401 and the
    second try; fewer if `left_s()` is less. An answer over `max_bytes` counts as no answer. Threads
    may share one instance: it keeps its connections alive.
    """

    def __init__(
        self,
        *,
        base_url: str,
        project_id: str,
        api_key: ApiKey,
        proxy: Proxy | None,
        deadline_s: float,
        max_bytes: int,
        left_s: Callable[[], float] = lambda: math.inf,
        observe: Observe = lambda exchange: exchange,
    ) -> None:
        self._api_key = api_key
        self._project_id = project_id

        def limit_s() -> float:
            return min(deadline_s, left_s())

        self._sender = _Sender(base_url, api_key, proxy, limit_s, max_bytes, observe)
        self._client = AuthenticatedClient(base_url=base_url, token="")  # the sender has the key
        self._client.set_httpx_client(self._sender)

    def answer(
        self, call: Callable[..., object], *about: str, **arguments: object
    ) -> httpx.Response:
        """The answer of Convoy, or of a proxy before it, to a call of the SDK (`sync_detailed`).

        Raises one of `app.convoy.transport.ERRORS` when no whole answer came, SecretError when the
        key could not be read, NotSendable when Convoy could not deliver the arguments.
        """
        try:
            call(self._project_id, *about, client=self._client, **arguments)
        except _AnsweredError as answered:
            return answered.response
        raise AssertionError("the sender raises for every answer")  # pragma: no cover

    @property
    def key_setting(self) -> str:
        """The setting that the API key comes from, for messages."""
        return self._api_key.setting

    def redacted(self, text: str) -> str:
        """The text without the key: Convoy, or a proxy before it, may repeat the key."""
        return self._api_key.redacted(text)

    def close(self) -> None:
        self._sender.close()
        self._api_key.close()


class _AnsweredError(Exception):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response


class _Sender(httpx.Client):
    """The SDK's client. It has no redirects, cookies or auth flows: they take half of httpx's time.

    It sends the key; after a 401 it tries once more, if it gets another key by the deadline. Raises
    _AnsweredError for every answer, SecretError when the key could not be read, and NotSendable.
    """

    def __init__(
        self,
        base_url: str,
        api_key: ApiKey,
        proxy: Proxy | None,
        limit_s: Callable[[], float],
        max_bytes: int,
        observe: Observe,
    ) -> None:
        url = httpx.URL(base_url)
        secure = url.scheme == "https" or (proxy is not None and proxy.origin.scheme == "https")
        ssl_context = httpx.create_ssl_context() if secure else None
        self._deadline = DeadlineTransport(
            max_bytes=max_bytes, ssl_context=ssl_context, proxy=proxy
        )
        self._exchange = observe(self._deadline.exchange)
        super().__init__(transport=self._deadline, trust_env=False)
        self._root = url
        self._origin = Origin.of(url)
        self._always = [(b"Host", url.netloc), (b"User-Agent", USER_AGENT), *_ACCEPT]
        self._api_key = api_key
        self._limit_s = limit_s

    def request(  # type: ignore[override]  # only the arguments that the SDK uses
        self,
        method: str,
        url: str,
        *,
        json: object = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002  # Content-Type, which is set below
    ) -> NoReturn:
        limit_s = self._limit_s()
        ends_at = time.monotonic() + limit_s
        query = f"?{httpx.QueryParams(params)}" if params else ""
        target = f"{self._root.path}{url}{query}"
        body = b"" if json is None else _compact(json)
        # A repeated key makes no second event, but a repeated request makes a second endpoint.
        repeatable = method == "get" or (isinstance(json, dict) and "idempotency_key" in json)

        def send(key: str) -> httpx.Response:
            headers = [*self._always, (b"Authorization", f"Bearer {key}".encode())]
            if body:
                headers += [_JSON, (b"Content-Length", b"%d" % len(body))]
            request = Request(method.upper(), self._origin, target, headers, body)
            return self._exchange(request, ends_at, repeatable=repeatable)

        key = self._api_key.value or self._api_key.renewed("", limit_s)
        answer = send(key)
        if answer.status_code == codes.UNAUTHORIZED:
            renewed = self._api_key.renewed(key, ends_at - time.monotonic())
            if renewed != key:
                log.info("Convoy refused the API key; another key was read")
                answer = send(renewed)
        raise _AnsweredError(answer)


def _compact(value: object) -> bytes:
    """Convoy signs the compact form: with white space the signature would not verify.

    Raises NotSendable.
    """
    try:
        compact = dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise NotSendable(f"not sent, not JSON: {error}") from error
    if b"\\u0000" in compact and _NULL_CHARACTER.search(compact):
        raise NotSendable(
            "not sent: Convoy would accept a null character, and never deliver the event"
        )
    return compact


def message_of(response: httpx.Response) -> str | None:
    """`message` of Convoy's envelope; None if the answer has no such envelope."""
    try:
        message = str(response.json()["message"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return "".join(character if character.isprintable() else " " for character in message)


def reason_of(response: httpx.Response) -> str:
    """The answer's status and message, or a note that the answer is not Convoy's."""
    headers = response.headers
    form = headers.get("content-encoding") or headers.get("content-type", "no content type")
    message = message_of(response) or f"not Convoy's JSON but {form}"
    return f"{response.status_code}: {message}"


def utc(moment: datetime) -> str:
    """A date of a filter, as Convoy reads it: UTC, in whole seconds, without a zone."""
    return moment.astimezone(UTC).isoformat()[:19]
