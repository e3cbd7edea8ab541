"""ULIDs, as Convoy has them: 26 characters that sort in the order of their creation."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_BELOW_MS_BITS, _RANDOM_BITS = 20, 60


def uid() -> str:
    """48 bits of milliseconds; then their nanoseconds, so that the next uid sorts behind this."""
    ms, ns = divmod(time.time_ns(), 1_000_000)
    number = ms << _BELOW_MS_BITS | ns
    number = number << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
