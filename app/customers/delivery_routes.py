"""The routes of a customer's deliveries."""

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic.json_schema import SkipJsonSchema

from app.customers import schemas
from app.customers.deliveries import Deliveries
from app.customers.endpoint_routes import FORM, Act, PathId
from app.customers.ownership import is_id
from app.customers.views import STATUSES
from app.http.parameters import DEFAULT_PAGE, Limit, problems
from app.http.problems import Answer, BadInput

_EndpointId = Annotated[
    str | SkipJsonSchema[None],
    Query(json_schema_extra=FORM, description="Only deliveries to this endpoint."),
]
_EVENT_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_EventId = Annotated[
    str | SkipJsonSchema[None],
    Query(
        json_schema_extra={"pattern": f"^{_EVENT_ID}$"},
        description="Only deliveries of the event with this id.",
    ),
]
_Statuses = Annotated[
    list[Literal[STATUSES]],  # type: ignore[valid-type]
    Query(description="Only deliveries in one of these."),
]
_After = Annotated[
    str | SkipJsonSchema[None],
    Query(json_schema_extra=FORM, description="The `next` of the page before."),
]


def delivery_router(deliveries: Deliveries, act: Act) -> APIRouter:
    router = APIRouter(prefix="/webhooks/deliveries", responses=problems(401, 413, 500, 503))
    _add_list(router, deliveries, act)
    _add_one(router, deliveries, act)
    return router


def _add_list(router: APIRouter, deliveries: Deliveries, act: Act) -> None:
    @router.get(
        "",
        name="list_deliveries",
        response_model=schemas.Deliveries,
        responses=problems(400, 404, 422),
        description="The caller's deliveries of the last 30 days, newest first.",
    )
    async def read_page(
        request: Request,
        endpoint: _EndpointId = None,
        event: _EventId = None,
        status: _Statuses = [],  # noqa: B006  # FastAPI copies it
        after: _After = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Answer:
        _check(after, event)
        page = await act(
            deliveries.page,
            request,
            endpoint_id=endpoint,
            event_id=event,
            statuses=list(dict.fromkeys(status)),  # a query may repeat one a thousand times
            after=after,
            limit=limit,
        )
        following = {} if page.next is None else {"next": page.next}
        return Answer({"data": page.found, **following})


def _check(after: str | None, event: str | None) -> None:
    if after is not None and not is_id(after):
        raise BadInput("query", "after", "must be the `next` of an earlier page, unchanged")
    if event is not None and re.fullmatch(_EVENT_ID, event) is None:
        raise BadInput("query", "event", "must be the id of an event")


def _add_one(router: APIRouter, deliveries: Deliveries, act: Act) -> None:
    @router.get(
        "/{id}", name="get_delivery", response_model=schemas.OneDelivery, responses=problems(404)
    )
    async def read_one(request: Request, delivery_id: PathId) -> Answer:
        """A delivery with its attempts, oldest first."""
        return Answer({"data": await act(deliveries.one, request, delivery_id)})

    @router.post(
        "/{id}/resend",
        name="resend_delivery",
        status_code=202,
        response_model=schemas.OneResent,
        responses=problems(404, 409),
    )
    async def resend(request: Request, delivery_id: PathId) -> Answer:
        """Send it again, also if it arrived."""
        await act(deliveries.resend, request, delivery_id)
        return Answer({"data": {"id": delivery_id}}, 202)
