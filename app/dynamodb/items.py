"""Attributes of DynamoDB's items, written and read in the same way for every table."""

from __future__ import annotations

import json
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from app.domain.events import Event
from app.dynamodb.errors import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from app.domain.fields import Json

    Item = Mapping[str, AttributeValueTypeDef]

MAX_PAGE_CHARACTERS = 800_000
"""The most characters of a page. Lambda's answer has at most 6 MB, and a control character takes 7
bytes of it: this API escapes it, then Lambda escapes the escape. An item has at most
400 KB, and so always fits."""

MAX_DEPTH = 32
"""Levels of an event's JSON. Python reads and writes some hundreds of levels, and fewer on a deep
call stack: one place could read JSON that another one can't write."""

DAMAGE = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What the functions of this module raise for an attribute that is missing or damaged."""


def text(item: Item, name: str) -> str:
    return item[name]["S"]


def number(item: Item, name: str) -> int:
    return int(item[name]["N"])


def moment(item: Item, name: str) -> datetime:
    return from_ms(item[name]["N"])


def attribute(value: Json) -> AttributeValueTypeDef:
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case list():
            return {"L": [attribute(each) for each in value]}
        case _:
            return {"M": {name: attribute(each) for name, each in value.items()}}


def json_value(attribute: AttributeValueTypeDef) -> Json:
    """Raises one of DAMAGE for an attribute that `attribute` does not write."""
    kind: str
    value: Any
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            scalar: str | bool = value
            return scalar
        case "N":
            return int(value)
        case "L":
            return [json_value(each) for each in value]
        case "M":
            return {name: json_value(each) for name, each in value.items()}
    raise ValueError(f"it has the type {kind}")


def page_of(found: Sequence[Item], limit: int) -> Sequence[Item]:
    """The first items: up to `limit`, and up to MAX_PAGE_CHARACTERS."""
    total = list(accumulate(map(characters, found)))
    return found[: min(limit, bisect_right(total, MAX_PAGE_CHARACTERS))]


def characters(item: Item) -> int:
    """Of all text of an item, names in maps too."""
    return sum(map(_characters, item.values()))


def _characters(attribute: AttributeValueTypeDef) -> int:
    if "S" in attribute:
        return len(attribute["S"])
    if "M" in attribute:
        return sum(map(len, attribute["M"])) + characters(attribute["M"])
    if "L" in attribute:
        return sum(map(_characters, attribute["L"]))
    return 0


def event_item(event: Event) -> dict[str, AttributeValueTypeDef]:
    return {
        "owner": {"S": event.owner},
        "event_id": {"S": event.id},
        "event_type": {"S": event.type},
        "occurred_at": {"N": to_ms(event.occurred_at)},
        "data": {"S": event.text},
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
        raise TypeError("its JSON is not an object")
    if not _is_shallow(found):
        raise ValueError("its JSON is too deep")
    try:
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        # That error would show the text.
        raise ValueError("it has a number or a character that JSON does not have") from None
    return found


def _is_shallow(found: object) -> bool:
    level: list[Any] = [found]
    for _ in range(MAX_DEPTH):
        level = [below for each in level for below in _children(each)]
        if not level:
            return True
    return False


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return [*value.values()]
    return value if isinstance(value, list) else []
