"""The relay, and its clients of Convoy. The API's cold start does not import this module."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from app.convoy.deliveries import ConvoyDeliveries
from app.convoy.event_list import ConvoyEvents
from app.convoy.questions import DEADLINE_S, MAX_ANSWER_BYTES, Questions
from app.outbox.deliveries import HUNG_AFTER
from app.outbox.event_list import STUCK_AFTER
from app.outbox.relay import WORKERS, Relay
from app.outbox.relay_attempts import Attempts
from app.outbox.rows import WHOLE, Segment
from app.wiring.clock import jitter, now
from app.wiring.convoy import exchange_of

if TYPE_CHECKING:
    from app.wiring.api import Components

WRITE_S = 9.0
"""Seconds that a write takes at worst: see `app.wiring.clients.DYNAMODB`."""


@dataclass(frozen=True, slots=True)
class RelayComponents:
    """The relay, and its clients of Convoy."""

    relay: Relay
    events: ConvoyEvents
    questions: Questions

    @classmethod
    def build(
        cls,
        components: Components,
        *,
        workers: int = WORKERS,
        segment: Segment = WHOLE,
        stuck_after: timedelta = STUCK_AFTER,
        hung_after: timedelta = HUNG_AFTER,
    ) -> Self:
        settings = components.settings
        convoy = exchange_of(
            settings, components.api_key, deadline_s=DEADLINE_S, max_bytes=MAX_ANSWER_BYTES
        )
        questions = Questions(convoy, now)
        events = ConvoyEvents(questions, now)
        attempts = Attempts(
            # No breaker: the relay asks Convoy whether Convoy is up.
            components.metered(components.publisher),
            events,
            components.outbox,
            now,
            jitter,
            timedelta(seconds=settings.settle_after_s),
        )
        relay = Relay(
            attempts,
            events,
            components.outbox,
            now,
            # An attempt, the question whether Convoy is up, and the write of the outcome.
            reserve_s=settings.convoy_deadline_s + DEADLINE_S + WRITE_S,
            deliveries=ConvoyDeliveries(questions),
            workers=workers,
            segment=segment,
            stuck_after=stuck_after,
            hung_after=hung_after,
        )
        return cls(relay, events, questions)

    def close(self) -> None:
        self.questions.close()
