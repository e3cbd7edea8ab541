"""The routes of the log: an owner's events, as they were published."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic.json_schema import SkipJsonSchema

from app.domain.event_ids import EVENT_ID, is_event_id
from app.domain.event_log import EventLog
from app.domain.events import timestamp
from app.http.moments import moment
from app.http.parameters import DEFAULT_PAGE, Limit, OwnerOf, Responses, Run, problems
from app.http.problems import Answer, BadInput

MAX_TYPES = 100
"""DynamoDB's `IN` takes as many values."""

EventId = Annotated[str, Path(alias="id", pattern=EVENT_ID)]
After = Annotated[
    str | SkipJsonSchema[None],
    Query(
        description="The `next` of the page before: the page begins after it. An event's id: the"
        " same. A time (RFC 3339), such as the `until` of an earlier page: the page begins with the"
        " first event from then on. A start later than `until` gives an empty page: ask again with"
        " that start. `next` and `until` miss no event. The id of a webhook may: an event with an"
        " earlier id may have been committed later."
    ),
]


def event_router(log: EventLog, types: Sequence[str], owner_of: OwnerOf, run: Run) -> APIRouter:
    """The two routes of the log. `types`: the names of the types of its events."""
    router = APIRouter(prefix="/events", responses=problems(401, 413, 500, 503))
    _add_list(router, log, types, owner_of, run)

    @router.get("/{id}", name="get_event", responses=_answer("LoggedEvent") | problems(404, 422))
    async def read_one(request: Request, event_id: EventId) -> Answer:
        event = await run(log.get, owner_of(request), event_id)
        return Answer({"data": event.data})

    return router


def _add_list(
    router: APIRouter, log: EventLog, types: Sequence[str], owner_of: OwnerOf, run: Run
) -> None:
    known: Any = Literal.__getitem__(tuple(types))
    Types = Annotated[  # noqa: N806
        list[known],
        Query(
            alias="type",
            default_factory=list,
            max_length=MAX_TYPES,
            description="Only events of these types.",
        ),
    ]

    @router.get(
        "",
        name="list_events",
        responses=_answer("LoggedEvents") | problems(400, 422),
        description="The caller's events of changes, oldest first, for as long as the log keeps"
        " them. A page may be shorter than `limit`, or empty: if it has `next`, there are more. If"
        " it has none, go on later with `after` = its `until`. If it has `gap`, events from `after`"
        " on may have expired.",
    )
    async def read_page(
        request: Request, types: Types, limit: Limit = DEFAULT_PAGE, after: After = None
    ) -> Answer:
        chosen = frozenset(types)
        page = await run(
            log.page, owner_of(request), after=_start(after), types=chosen, limit=limit
        )
        body: dict[str, object] = {"data": [event.data for event in page.found]}
        if page.after is not None:
            body["next"] = page.after
        body["until"] = timestamp(page.until)
        if page.gap:
            body["gap"] = True
        return Answer(body)


def _answer(schema: str) -> Responses:
    """By reference to a schema of app/http/event_schemas.py: only the document needs it."""
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {200: {"content": {"application/json": {"schema": reference}}}}


def _start(after: str | None) -> str | datetime | None:
    if after is None or is_event_id(after):
        return after
    try:
        return moment(after)
    except ValueError:
        # The most frequent mistake: clients that put a query together from texts do not encode.
        plus = "; a + is a space in a query: write it as %2B" if " " in after else ""
        raise BadInput(
            "query",
            "after",
            "must be the `next` or the `until` of an earlier page, an event's id, or a time with"
            f' its offset (RFC 3339), such as "2026-11-24T12:00:00Z"{plus}',
        ) from None
