"""Ids of events: UUIDv7 (RFC 9562), which sort by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

RANDOM_BITS = 74
"""The random bits of a UUIDv7: 12 after the time, 62 after the variant."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def uuid7(moment: datetime, random: int) -> str:
    """`moment` is aware, and is cut to milliseconds; `random` has RANDOM_BITS bits."""
    ms = max((moment - _EPOCH) // _MS, 0)
    high, low = divmod(random, 1 << 62)
    return str(UUID(int=ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))


def first_id(moment: datetime) -> str:
    """The smallest id of the moment's millisecond: no event from then on sorts before it."""
    return uuid7(moment, 0)
