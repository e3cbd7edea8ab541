"""The bodies of the log's answers. Only the OpenAPI document needs them."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from app.http.schemas import without_default


class EventPayload(BaseModel):
    """An event's payload, as it was published: see the webhooks."""

    model_config = ConfigDict(extra="allow")

    event: str
    description: str
    id: str
    occurred_at: AwareDatetime


class LoggedEvent(BaseModel):
    data: EventPayload


class LoggedEvents(BaseModel):
    data: list[EventPayload]
    next: Annotated[
        str | SkipJsonSchema[None],
        Field(
            description="`after` of the next page. If it is absent, there are no more events before"
            " `until`.",
            json_schema_extra=without_default,
        ),
    ] = None
    until: Annotated[
        AwareDatetime,
        Field(description="The page has events before this time only: no earlier one can follow."),
    ]
    gap: Annotated[
        Literal[True] | SkipJsonSchema[None],
        Field(
            description="Events from `after` on may have expired: no page has them any more. List"
            " the resources, then go on with `after` = this `until`. Absent otherwise.",
            json_schema_extra=without_default,
        ),
    ] = None
