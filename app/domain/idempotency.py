"""Idempotency keys: whether a request repeats the first request of its key.

`Service._commit` asks it, and the record commits with the change (app/dynamodb/store.py).
"""

from __future__ import annotations

import json
from collections.abc import Set
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Self

from app.domain.fields import to_json

if TYPE_CHECKING:
    from datetime import datetime

KEY_LIFE = timedelta(hours=24)
"""How long a repeated request gets the answer of the first request with the same key."""


class KeyReused(Exception):
    """An idempotency key came with a request that differs from the key's first request."""


class Record(NamedTuple):
    """The stored first request of an idempotency key, and the change that it made."""

    fingerprint: str
    id: int
    version: int
    event_id: str


class Claim(NamedTuple):
    """A request's idempotency key, and the request's fingerprint."""

    owner: str
    key: str
    fingerprint: str
    now: datetime

    @classmethod
    def of(cls, owner: str, key: str, now: datetime, *request: object) -> Self:
        content = json.dumps(request, sort_keys=True, default=_as_json)
        return cls(owner, key, sha256(content.encode()).hexdigest(), now)

    def check(self, first: Record) -> None:
        """Raises KeyReused if `first`, the key's record, is of another request."""
        if first.fingerprint != self.fingerprint:
            raise KeyReused


def _as_json(value: object) -> object:
    """A set of versions as a sorted list; a field's value as its JSON."""
    return sorted(value) if isinstance(value, Set) else to_json(value)
