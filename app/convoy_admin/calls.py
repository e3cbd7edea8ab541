"""Calls of Convoy's API by the SDK: `data` of each answer, or an error that says what to do.

    ConvoyError
    ├── ConvoyUnusable      no request can succeed: the message says what to change
    │   └── ConvoyTooLong   the answer has too many bytes
    └── ConvoyRefused       Convoy refused this request: the answer's status and message
        ├── ConvoyNotFound  Convoy has no resource with this id
        └── AddressRefused  Convoy did not take the URL of an endpoint

Convoy's answers are passed on unchanged, as JSON: the SDK's types do not fit all of them.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from app.convoy.api_key import SecretError
from app.convoy.errors import AnswerTooLong
from app.convoy.exchange import NotSendable, message_of, reason_of
from app.convoy.pages import NotAList, pages
from app.convoy.transport import ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from app.convoy.exchange import Exchange

JsonObject = dict[str, Any]
"""A JSON object of Convoy's."""

PAGE = 100
"""Resources on one page of a list."""

SHORT_PAGE = 10
"""The same, once a page was too long. Ten of the longest deliveries always fit: each has its
payload twice, and Convoy escapes it."""

_ID = re.compile(r"[0-9A-Za-z_-]+")
"""Another text, as the empty one or `..`, would make the path of another call."""

_ADDRESS_REFUSALS = (
    "endpoint validation failed",
    "invalid endpoint scheme",
    "only https endpoints allowed",
)
"""How Convoy's message begins. It pings an https URL at each creation and each update."""


class ConvoyError(Exception):
    """Convoy did not do what it was asked for; the message says why."""


class ConvoyUnusable(ConvoyError):
    """The URL, the key or the project is wrong, or Convoy is out of reach."""


class ConvoyTooLong(ConvoyUnusable):
    """The answer has too many bytes. A page with fewer resources may fit."""


class ConvoyRefused(ConvoyError):
    """Convoy refused this request."""


class ConvoyNotFound(ConvoyRefused):
    """Convoy has no resource with this id."""


class AddressRefused(ConvoyRefused):
    """Convoy did not take the URL. The message may name an address of Convoy's own network."""


class Calls:
    """Every method raises ConvoyError. `base_url` is that of the exchange."""

    def __init__(self, exchange: Exchange, base_url: str) -> None:
        self._exchange = exchange
        self._base_url = base_url

    def each(self, call: Callable[..., object], **filters: Any) -> Iterator[JsonObject]:  # noqa: ANN401
        for page in self.pages(call, **filters):
            yield from page

    def pages(
        self,
        call: Callable[..., object],
        *,
        per_page: int = PAGE,
        **filters: Any,  # noqa: ANN401
    ) -> Iterator[list[JsonObject]]:
        """Raises ValueError for an empty filter: Convoy would list the whole project."""
        for name, value in filters.items():
            if not value or (isinstance(value, list) and not all(value)):
                raise ValueError(f"the filter {name} is empty")
        try:
            yield from pages(_shortening(partial(self.ask, call, **filters), per_page))
        except NotAList as error:
            raise self._unknown_form(error) from error

    def one(self, call: Callable[..., object], *about: str, **arguments: object) -> JsonObject:
        """`data` of Convoy's answer, which is an object."""
        found = self.ask(call, *about, **arguments)
        if not isinstance(found, dict):
            raise self._unknown_form("its data is not an object")
        return found

    def some(self, call: Callable[..., object], *about: str) -> list[JsonObject]:
        """`data` of Convoy's answer, which is a list without pages."""
        found = self.ask(call, *about)
        if not isinstance(found, list):
            raise self._unknown_form("its data is not a list")
        return found

    def ask(self, call: Callable[..., object], *about: str, **arguments: object) -> Any:  # noqa: ANN401
        """`data` of Convoy's answer."""
        return self.answer(call, *about, **arguments).get("data")

    def answer(self, call: Callable[..., object], *about: str, **arguments: object) -> JsonObject:
        """Convoy's envelope: `message` and `data`. `about` are the ids in the path."""
        for each in about:
            if not _ID.fullmatch(each):
                raise ConvoyNotFound(f"not sent: {each!r} is not an id of Convoy's")
        try:
            response = self._exchange.answer(call, *about, **arguments)
        except AnswerTooLong as error:
            raise ConvoyTooLong(f"CONVOY_BASE_URL ({self._base_url}): {error}.") from error
        except ERRORS as error:
            raise ConvoyUnusable(
                f"CONVOY_BASE_URL ({self._base_url}): no answer"
                f" ({type(error).__name__}: {error}). Check that Convoy runs there."
            ) from error
        except SecretError as error:
            raise ConvoyUnusable(str(error)) from error
        except NotSendable as error:
            raise ConvoyRefused(str(error)) from error
        if response.is_success and message_of(response) is not None:
            answer: JsonObject = response.json()
            return answer
        raise self._error(response)

    def close(self) -> None:
        self._exchange.close()

    def _unknown_form(self, problem: object) -> ConvoyUnusable:
        return ConvoyUnusable(
            f"CONVOY_BASE_URL ({self._base_url}): the answer has another form than Convoy's"
            f" ({problem}). Check what answers there."
        )

    def _error(self, response: httpx.Response) -> ConvoyError:
        answer = self._exchange.redacted(reason_of(response))
        message = message_of(response)
        if message is None:
            return ConvoyUnusable(
                f"CONVOY_BASE_URL ({self._base_url}): that is not Convoy's API ({answer}). The URL"
                " must end in /api: elsewhere Convoy's dashboard answers, with HTML."
            )
        if response.status_code in {401, 403}:
            return ConvoyUnusable(
                f"{self._exchange.key_setting}: Convoy refused the key ({answer}). Put the"
                " project's key there: Convoy's dashboard has it in project settings, API keys."
            )
        if response.status_code == 429 or response.status_code >= 500:
            return ConvoyUnusable(f"Convoy can't do it now ({answer}). Try again later.")
        if message.startswith(_ADDRESS_REFUSALS):
            return AddressRefused(answer)
        # Without its database Convoy answers "failed to find …", with the same status.
        return ConvoyNotFound(answer) if message.endswith("not found") else ConvoyRefused(answer)


def _shortening(ask: Callable[..., Any], per_page: int) -> Callable[..., Any]:
    """`ask` for pages of `per_page`; of SHORT_PAGE from the first one on that is too long."""

    def asked(**cursor: str) -> Any:  # noqa: ANN401
        nonlocal per_page
        try:
            return ask(per_page=per_page, **cursor)
        except ConvoyTooLong:
            if per_page <= SHORT_PAGE:
                raise
            per_page = SHORT_PAGE
        return ask(per_page=per_page, **cursor)

    return asked
