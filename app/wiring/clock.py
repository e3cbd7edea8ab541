"""The clock, random numbers, and the ids of events."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from random import SystemRandom

from app.domain.event_ids import RANDOM_BITS, uuid7

random = SystemRandom()
jitter = random.random


def now() -> datetime:
    return datetime.now(UTC)


def new_event_id(moment: datetime) -> str:
    return uuid7(moment, secrets.randbits(RANDOM_BITS))
