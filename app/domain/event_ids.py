"""Ids of events: UUIDv7 (RFC 9562), which sort by time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

RANDOM_BITS = 74
"""The random bits of a UUIDv7: 12 after the time, 62 after the variant."""

EVENT_ID = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
"""A pattern: an id as `uuid7` writes it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def uuid7(moment: datetime, random: int) -> str:
    """`moment` is aware, and is cut to milliseconds; `random` has RANDOM_BITS bits."""
    ms = max((moment - _EPOCH) // _MS, 0)
    high, low = divmod(random, 1 << 62)
    digits = f"{ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def first_id(moment: datetime) -> str:
    """The smallest id of the moment's millisecond: no event from then on sorts before it."""
    return uuid7(moment, 0)


def last_id_before(moment: datetime) -> str:
    """The largest text of an id that sorts before `first_id(moment)`."""
    return _shifted(first_id(moment), -1)


def next_id(event_id: str) -> str:
    """The smallest text of an id that sorts after this one."""
    return _shifted(event_id, 1)


def is_event_id(text: str) -> bool:
    return re.fullmatch(EVENT_ID, text) is not None


def _shifted(event_id: str, by: int) -> str:
    return str(UUID(int=UUID(event_id).int + by))
