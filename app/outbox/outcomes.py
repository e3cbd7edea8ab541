"""What became of one attempt to publish an event, and the seam through which it is made."""

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
    """An outage, a rate limit or a fault of Convoy's. Try again, for as long as it takes.

    `outage`: no answer came, or Convoy answered "not now". The next attempt would probably end in
    the same way, after as long a time. Any other answer came at once, and may follow this event.
    `in_doubt`: Convoy may have accepted the event all the same. `limited`: the answer is a 429.
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

    `outage`: there was no key to send, and no attempt. An answer may follow this event: some
    firewalls answer 403 to a text.
    """

    reason: str
    outage: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Refused:
    """This event was refused. Convoy answers 400 to its own outages too: try again, a few times."""

    reason: str


Outcome = Accepted | Unavailable | Misconfigured | Refused


class Publisher(Protocol):
    def publish(self, event: Event) -> Outcome: ...
