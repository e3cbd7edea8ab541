"""What became of one attempt to publish an event, and the seam through which it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.events import Event


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
