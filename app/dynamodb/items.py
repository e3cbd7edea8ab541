"""Attributes of DynamoDB's items: what every table writes and reads in the same way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.domain.events import Event
from app.dynamodb.errors import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

MAX_DEPTH = 32
"""Of an event's JSON. Python reads and writes some hundreds of levels, fewer the deeper the call
stack is: what one place reads another could not write."""

DAMAGE = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What the functions of this module raise for an attribute that is missing or is not what it was
written as."""


def text(item: Item, name: str) -> str:
    return item[name]["S"]


def number(item: Item, name: str) -> int:
    return int(item[name]["N"])


def moment(item: Item, name: str) -> datetime:
    return from_ms(item[name]["N"])


def event_item(event: Event) -> dict[str, AttributeValueTypeDef]:
    return {
        "owner": {"S": event.owner},
        "event_id": {"S": event.id},
        "event_type": {"S": event.type},
        "occurred_at": {"N": to_ms(event.occurred_at)},
        "data": {"S": json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))},
    }


def event_of(item: Item) -> Event:
    """Raises one of DAMAGE, also for data that could not be published."""
    return Event(
        id=text(item, "event_id"),
        owner=text(item, "owner"),
        type=text(item, "event_type"),
        occurred_at=moment(item, "occurred_at"),
        data=_object(text(item, "data")),
    )


def _object(content: str) -> dict[str, object]:
    found = json.loads(content)
    if not isinstance(found, dict):
        raise TypeError("its JSON is no object")
    if not _is_shallow(found):
        raise ValueError("its JSON is too deep")
    try:
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        # That error would show the text.
        raise ValueError("it has a number or a character that JSON has not") from None
    return found


def _is_shallow(found: object) -> bool:
    level: list[Any] = [found]
    for _ in range(MAX_DEPTH):
        level = [below for each in level for below in _parts(each)]
        if not level:
            return True
    return False


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return [*value.values()]
    return value if isinstance(value, list) else []
