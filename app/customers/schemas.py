"""The bodies of the customers' requests and answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, create_model
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from app.convoy_admin.choices import EVERY
from app.customers.views import STATUSES
from app.http.moments import Moment
from app.http.schemas import Documented, Input, Update, without_default

MAX_URL = 2048
MAX_DESCRIPTION = 500
"""Characters."""

MAX_OVERLAP_H = 168
"""Hours: a week."""

_Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_URL,
        description="Where webhooks are sent: https, and a host with public addresses alone.",
        examples=["https://example.com/webhooks"],
    ),
]
_Description = Annotated[str, Field(max_length=MAX_DESCRIPTION)]
_Paused = Annotated[
    bool, Field(description="A paused endpoint gets nothing. What it misses can be recovered.")
]


def _alone(chosen: list[str]) -> list[str]:
    if EVERY in chosen and len(chosen) > 1:
        raise PydanticCustomError(
            "every_alone", '"*" is every event type: give it alone, or leave it out'
        )
    return list(dict.fromkeys(chosen))


@dataclass(frozen=True, slots=True)
class Bodies:
    new: type[Input]
    update: type[Update]


def bodies(event_types: Sequence[str]) -> Bodies:
    """`NewEndpoint` and `EndpointUpdate`, which allow these event types."""
    known: Any = Literal[(EVERY, *event_types)]
    chosen: Any = Annotated[
        list[known],
        Field(
            min_length=1,
            max_length=100,
            description='The event types that the endpoint gets; ["*"]: all, new ones too.',
        ),
        AfterValidator(_alone),
    ]
    new: dict[str, Any] = {
        "url": (_Url, ...),
        "description": (_Description, ""),
        "event_types": (chosen | None, None),
        "paused": (_Paused, False),
    }
    update: dict[str, Any] = {
        "url": (_Url | None, None),
        "description": (_Description | None, None),
        "event_types": (chosen | None, None),
        "paused": (_Paused | None, None),
    }
    return Bodies(
        create_model("NewEndpoint", __base__=Input, **new),
        create_model("EndpointUpdate", __base__=Update, **update),
    )


class Rotation(Input):
    overlap_h: Annotated[
        int,
        Field(
            ge=0,
            le=MAX_OVERLAP_H,
            description="Hours for which the present secret signs beside the new one.",
        ),
    ] = 24


class Recovery(Input):
    since: Annotated[
        Moment,
        Field(
            description="Deliveries that were missed from this time on are sent again, at most"
            " those of the last 30 days."
        ),
    ]


class Endpoint(Documented):
    """An endpoint. `inactive`: Convoy disabled it after many failures."""

    id: str
    url: str
    description: str
    event_types: list[str]
    status: Literal["active", "paused", "inactive"]
    created_at: str


class OneEndpoint(Documented):
    data: Endpoint


class MadeEndpoint(Documented):
    """`secret` verifies the signatures of this endpoint's webhooks."""

    data: Endpoint
    secret: str


class Endpoints(Documented):
    data: list[Endpoint]


class Secret(Documented):
    secret: str


class OneSecret(Documented):
    data: Secret


class Test(Documented):
    event: Annotated[str, Field(description="The id of the test's event.")]


class OneTest(Documented):
    data: Test


class Recovered(Documented):
    """`more`: time was up. Call again for the rest."""

    resent: int
    more: bool


class OneRecovery(Documented):
    data: Recovered


_Absent = Annotated[str | SkipJsonSchema[None], Field(json_schema_extra=without_default)]


class Delivery(Documented):
    """An event on its way to an endpoint. Without `event`, this API did not publish it."""

    id: str
    event: _Absent = None
    event_type: str
    endpoint: str
    url: str
    status: Annotated[
        Literal[STATUSES],  # type: ignore[valid-type]
        Field(description="Discarded: the endpoint was paused or inactive."),
    ]
    attempts: int
    next_attempt_at: _Absent = None
    created_at: str


class Deliveries(Documented):
    data: list[Delivery]
    next: Annotated[
        str | SkipJsonSchema[None],
        Field(description="`after` of the next page; absent on the last."),
    ] = None


class Attempt(Documented):
    """`answer`: the status of the receiver's answer, or why there was none: `name not found`,
    `timed out`, `TLS failed`, `connection refused`, or another reason (`no answer`)."""

    at: str
    arrived: bool
    answer: str
    latency_ms: float | None
    body: Annotated[
        str | SkipJsonSchema[None],
        Field(json_schema_extra=without_default, description="The beginning of the answer."),
    ] = None


class DeliveryWithAttempts(Delivery):
    attempts_made: list[Attempt]


class OneDelivery(Documented):
    data: DeliveryWithAttempts


class Resent(Documented):
    id: str


class OneResent(Documented):
    data: Resent
