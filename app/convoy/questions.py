"""The relay's questions to Convoy: each one has a deadline and a named outcome."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from app.convoy.api_key import SecretError
from app.convoy.exchange import message_of, reason_of
from app.convoy.pages import NotAList, pages
from app.convoy.status_codes import outcome_of
from app.convoy.transport import ERRORS
from app.outbox.event_list import NotAnswered
from app.outbox.outcomes import Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import httpx

    from app.convoy.exchange import Exchange

JsonObject = dict[str, Any]

DEADLINE_S = 5.0
"""Seconds that one question may take in all. A page of 500 events took 10 to 30 ms on loopback."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Room for a page of the longest events."""


class Questions:
    """`exchange` has DEADLINE_S and MAX_ANSWER_BYTES. Each call raises NotAnswered.

    `clock` is aware, in UTC.
    """

    def __init__(self, exchange: Exchange, clock: Callable[[], datetime]) -> None:
        self._exchange = exchange
        self._clock = clock

    def ask(self, call: Callable[..., object], *about: str, **arguments: object) -> Any:  # noqa: ANN401
        """`data` of Convoy's answer."""
        return self.answer(call, *about, **arguments).get("data")

    def answer(self, call: Callable[..., object], *about: str, **arguments: object) -> JsonObject:
        """Convoy's whole answer."""
        try:
            response = self._exchange.answer(call, *about, **arguments)
        except ERRORS as error:
            reason = f"{type(error).__name__}: {error}"
            raise NotAnswered(Unavailable(self._exchange.redacted(reason))) from error
        except SecretError as error:
            raise NotAnswered(Misconfigured(str(error))) from error
        if response.is_success and message_of(response) is not None:
            answer: JsonObject = response.json()
            return answer
        raise NotAnswered(self._outcome(response))

    def pages(self, call: Callable[..., object], **filters: object) -> Iterator[list[JsonObject]]:
        """The pages of a list; unless `sort` is `ASC`, newest first."""
        try:
            yield from pages(partial(self.ask, call, **filters))
        except NotAList as error:
            raise NotAnswered(Unavailable(str(error))) from error

    def close(self) -> None:
        self._exchange.close()

    def _outcome(self, response: httpx.Response) -> Unavailable | Misconfigured:
        """Convoy answers 400 to some of its outages: a refused question counts as an outage."""
        outcome = outcome_of(response, self._clock())
        if isinstance(outcome, Unavailable | Misconfigured):
            return replace(outcome, reason=self._exchange.redacted(outcome.reason))
        return Unavailable(self._exchange.redacted(reason_of(response)))


@contextmanager
def expect_list_form() -> Iterator[None]:
    """An answer that is not in the form of Convoy's lists counts as no answer."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise NotAnswered(Unavailable(f"not in the form of Convoy's lists: {error!r}")) from error
