"""Times in requests: RFC 3339, with the offset."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)[0-9]*"
    r"(Z|[+-][0-9]{2}:[0-5][0-9])"
)
"""RFC 3339. Digits after the microsecond are dropped."""


def moment(value: object) -> datetime:
    problem = PydanticCustomError(
        "moment", 'must be a time with its offset (RFC 3339), such as "2026-11-24T12:00:00Z"'
    )
    found = _MOMENT.fullmatch(value.upper()) if isinstance(value, str) else None
    if found is None:
        raise problem
    try:
        return datetime.fromisoformat(found[1] + found[2])
    except ValueError:
        raise problem from None


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
