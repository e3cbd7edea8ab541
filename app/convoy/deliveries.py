"""Convoy's deliveries, through its API, for the relay."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING

from app.convoy import calls
from app.convoy.exchange import utc
from app.convoy.questions import expect_list_form
from app.outbox.deliveries import Hung, Undelivered
from app.outbox.event_list import NotAnswered

if TYPE_CHECKING:
    from app.convoy.questions import JsonObject, Questions

COUNTED = 100
"""The most deliveries of one kind that are counted."""

PAGE = 20
"""Deliveries of a page: each has its event's payload twice."""

BRIEF = ["Scheduled", "Processing"]
"""Statuses that last for seconds. `Retry` lasts until `next_send_time`, maybe for hours."""

RETRY_UNDER_WAY = "an active batch retry already exists"
"""Convoy's words (v26.7.3). A project has one bulk retry at a time. If Convoy's queue loses that
one, Convoy takes no other until its record is closed by hand: docs/runbook-events.md."""


class ConvoyDeliveries:
    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def hung(self, start: datetime, end: datetime) -> Hung | None:
        hung = self._hung(start, end)
        if not hung:
            return None
        with expect_list_form():
            created = [_time(each["created_at"]) for each in hung]
            statuses = frozenset(each["status"] for each in hung)
        return Hung(len(hung), statuses, min(created), max(created))

    def retry_hung(self, hung: Hung) -> bool:
        # One call: Convoy refuses a second bulk retry while the first one runs. The dates are those
        # of the first and the last hung delivery: others may just wait for their next attempt.
        filters: JsonObject = {
            "status": sorted(hung.statuses),
            "startDate": utc(hung.first),
            "endDate": utc(hung.last + timedelta(seconds=1)),
        }
        try:
            self._questions.answer(calls.batch_retry, **filters)
        except NotAnswered as error:
            if RETRY_UNDER_WAY in error.outcome.reason:
                return False
            raise
        return True

    def undelivered(self, since: datetime) -> Undelivered:
        failed = self._first(status=["Failure"], startDate=utc(since))
        discarded = self._first(status=["Discarded"], startDate=utc(since))
        with expect_list_form():
            # An owner who pauses an endpoint wants its deliveries to be discarded.
            unwilling = [each for each in discarded if _endpoint_status(each) != "paused"]
            inactive = {
                each["endpoint_id"]
                for each in (*failed, *discarded)
                if _endpoint_status(each) == "inactive"
            }
        return Undelivered(len(failed), len(unwilling), len(inactive))

    def _hung(self, start: datetime, end: datetime) -> list[JsonObject]:
        """Oldest first. A delivery that is being attempted now does not hang."""
        within: JsonObject = {"startDate": utc(start), "endDate": utc(end), "sort": "asc"}
        brief = self._first(status=BRIEF, **within)
        waiting = self._first(status=["Retry"], **within)
        with expect_list_form():
            return [
                *(each for each in brief if _time(each["updated_at"]) <= end),
                *(each for each in waiting if _time(each["metadata"]["next_send_time"]) <= end),
            ]

    def _first(self, **filters: object) -> list[JsonObject]:
        pages = self._questions.pages(calls.deliveries, perPage=PAGE, **filters)
        return list(islice(chain.from_iterable(pages), COUNTED))


def _time(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _endpoint_status(delivery: JsonObject) -> str:
    """The present status of the endpoint; empty if the endpoint was deleted."""
    endpoint: JsonObject = delivery["endpoint_metadata"] or {}
    return str(endpoint.get("status", ""))
