"""Convoy's deliveries, by its API, as the relay looks after them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from app.convoy import calls
from app.convoy.questions import as_convoy_lists, utc
from app.outbox.deliveries import Undelivered
from app.outbox.event_list import NotAnswered

if TYPE_CHECKING:
    from app.convoy.questions import Json, Questions

PAGE = 100
"""Deliveries of a kind that are counted, at most."""

HANGING = ["Scheduled", "Processing"]

RETRY_UNDER_WAY = "an active batch retry already exists"
"""Convoy's words (v26.7.3). A project has one bulk retry at a time. If Convoy's queue loses that
one, Convoy takes no other until its record is closed by hand: docs/runbook.md."""


class ConvoyDeliveries:
    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def hung(self, start: datetime, end: datetime) -> int:
        # Oldest first: one that is being attempted now is no reason to retry in bulk.
        found = self._page(status=HANGING, startDate=utc(start), endDate=utc(end), sort="asc")
        with as_convoy_lists():
            return sum(datetime.fromisoformat(each["updated_at"]) <= end for each in found)

    def retry_hung(self, start: datetime, end: datetime) -> bool:
        # In one call: a second one would meet the first one's retry.
        filters: Json = {"status": HANGING, "startDate": utc(start), "endDate": utc(end)}
        try:
            self._questions.answer(calls.batch_retry, **filters)
        except NotAnswered as error:
            if RETRY_UNDER_WAY in error.outcome.reason:
                return False
            raise
        return True

    def undelivered(self, since: datetime) -> Undelivered:
        failed = self._page(status=["Failure"], startDate=utc(since))
        discarded = self._page(status=["Discarded"], startDate=utc(since))
        with as_convoy_lists():
            endpoints = [each["endpoint_metadata"] or {} for each in (*failed, *discarded)]
            disabled = {
                endpoint["uid"]
                for endpoint in endpoints
                if endpoint and endpoint["status"] != "active"
            }
        return Undelivered(len(failed), len(discarded), len(disabled))

    def _page(self, **filters: object) -> list[Json]:
        return next(self._questions.pages(calls.deliveries, perPage=PAGE, **filters))
