"""The outcomes of one attempt to publish an event, and the interface of a publisher."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.domain.events import Event


@dataclass(frozen=True, slots=True)
class Accepted:
    """Convoy answered 201: it has the event. That is not yet a delivery."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """An outage, a rate limit or a fault in Convoy. Try again, for as long as it takes.

    `outage`: no answer came, or Convoy answered "not now". The next attempt would probably
    take as long, and fail too. Any other answer came at once, and may concern this event only.
    `in_doubt`: Convoy may have accepted the event anyway. `limited`: the answer is a 429.
    """

    reason: str
    retry_after_s: int | None = None
    outage: bool = field(default=True, kw_only=True)
    in_doubt: bool = field(default=False, kw_only=True)
    limited: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Skipped(Unavailable):
    """No attempt was made: the breaker is open."""


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """The key, the project or the URL is wrong: no event gets through until an operator acts.

    `outage`: there was no key to send, and no attempt. Without it, the answer may concern this
    event only: some firewalls answer 403 to certain texts.
    """

    reason: str
    outage: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Refused:
    """Convoy refused this event. It answers 400 to some outages too: try a few times more."""

    reason: str


Outcome = Accepted | Unavailable | Misconfigured | Refused


class Publisher(Protocol):
    def publish(self, event: Event) -> Outcome: ...
