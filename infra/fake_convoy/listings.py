"""Convoy's lists, filtered, ordered and in pages as Convoy does it, surprises included."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from infra.fake_convoy.answers import Refusal, ok

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.datastructures import QueryParams
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.fake_convoy.project import JsonObject, Project

PER_PAGE = 20

DAYS = 7
"""How far back a list goes by default."""

_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([.,]\d+)?")
_START = "please specify a startDate in the format 2006-01-02T15:04:05"
_END = "please specify a correct endDate in the format 2006-01-02T15:04:05 or none at all"


def page(message: str, request: Request, found: Iterable[JsonObject]) -> Response:
    """Newest first, or oldest first with `sort=asc`. A cursor is the first uid of its page.

    The last page has a `next_page_cursor` too, its own last uid: who follows it never ends.
    """
    asked = request.query_params
    ascending = asked.get("sort", "").upper() == "ASC"
    ordered = sorted(found, key=lambda each: str(each["uid"]), reverse=not ascending)
    per_page = int(wanted) if (wanted := asked.get("perPage", "")).isdigit() else PER_PAGE
    start, end = _cut([each["uid"] for each in ordered], asked, per_page, ascending=ascending)
    # One more than a page holds: the extra one shows that there is a next page.
    uids = [each["uid"] for each in ordered[start:end]]
    return ok(
        message,
        {
            "content": ordered[start:end][:per_page],
            "pagination": {
                "per_page": per_page,
                "has_next_page": len(uids) > per_page,
                "has_prev_page": start > 0,
                "prev_page_cursor": uids[0] if uids else "",
                "next_page_cursor": uids[-1] if len(uids) > 1 else "",
            },
        },
    )


def _cut(uids: list[str], asked: QueryParams, per_page: int, *, ascending: bool) -> tuple[int, int]:
    direction = asked.get("direction") or "next"
    cursor = asked.get({"next": "next_page_cursor", "prev": "prev_page_cursor"}.get(direction, ""))
    if direction == "prev":
        ahead = (each > cursor if ascending else each < cursor for each in uids if cursor)
        end = len(uids) - sum(ahead)
        return max(0, end - per_page - 1), end
    behind = (each < cursor if ascending else each > cursor for each in uids if cursor)
    start = sum(behind)
    return start, start + per_page + 1


def window(project: Project, asked: QueryParams) -> tuple[str, str]:
    """The first and the last time of creation, in whole seconds; both are included."""
    today = project.clock().replace(hour=0, minute=0, second=0)
    week_ago, midnight = today - timedelta(days=DAYS), today.replace(hour=23, minute=59, second=59)
    start = _date(asked.get("startDate") or f"{week_ago:%Y-%m-%dT%H:%M:%S}", _START)
    end = _date(asked.get("endDate") or f"{midnight:%Y-%m-%dT%H:%M:%S}", _END)
    if start > end:
        raise Refusal(400, "startDate cannot be greater than endDate")
    return f"{start}.000000Z", f"{end}.000000Z"


def _date(text: str, otherwise: str) -> str:
    """The time without its fraction of a second. It is UTC, and may not name a zone."""
    match = _DATE.fullmatch(text)
    try:
        datetime.fromisoformat(match[1] if match else "")
    except ValueError as error:
        raise Refusal(400, otherwise) from error
    return match[1] if match else ""


def events_asked_for(project: Project, asked: QueryParams) -> Iterator[JsonObject]:
    """The events of a query. Its first `idempotencyKey` counts; `ownerId` is of the endpoints."""
    if asked.get("query"):
        raise Refusal(403, "event search requires the Event Search entitlement")
    start, end = window(project, asked)
    endpoints = set(filter(None, asked.getlist("endpointId")))
    owned = set(project.endpoints_of(owner)) if (owner := first(asked, "ownerId")) else None
    key = first(asked, "idempotencyKey")
    for event in project.events.values():
        if (
            start <= event["created_at"] <= end
            and key in {"", event["idempotency_key"]}
            and (not endpoints or endpoints & set(event["endpoints"]))
            and (owned is None or owned & set(event["endpoints"]))
        ):
            yield event


def deliveries_asked_for(project: Project, asked: QueryParams) -> JsonObject:
    """The filters of a query for deliveries. Convoy ignores `ownerId`: it lists all owners' ones.

    Convoy reads `eventType`, and ignores `event_type`, the name in its document and its SDK.
    """
    start, end = window(project, asked)
    return {
        "start": start,
        "end": end,
        "endpoint_id": list(filter(None, asked.getlist("endpointId"))),
        "status": list(filter(None, asked.getlist("status"))),
        "event_id": list(filter(None, [first(asked, "eventId")])),
        "subscription_id": list(filter(None, [first(asked, "subscriptionId")])),
        "event_type": list(filter(None, [first(asked, "eventType")])),
        "idempotency_key": list(filter(None, [first(asked, "idempotencyKey")])),
    }


def deliveries_matching(project: Project, chosen: JsonObject) -> Iterator[JsonObject]:
    filters = {name: set(chosen[name]) for name in chosen if name not in {"start", "end"}}
    for delivery in project.deliveries.values():
        if chosen["start"] <= delivery["created_at"] <= chosen["end"] and all(
            not wanted or delivery[name] in wanted for name, wanted in filters.items()
        ):
            yield delivery


def first(asked: QueryParams, name: str) -> str:
    """The first value of a name, as Convoy takes it; Starlette takes the last."""
    return next(iter(asked.getlist(name)), "")
