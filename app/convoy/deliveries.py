"""Convoy's deliveries, by its API, as the relay looks after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.convoy import sdk_events as sdk
from app.convoy.questions import as_convoy_lists, utc
from app.outbox.deliveries import Undelivered

if TYPE_CHECKING:
    from datetime import datetime

    from app.convoy.questions import Json, Questions

PAGE = 100
"""Deliveries that are counted of each kind, at the most."""

HANGING = ["Scheduled", "Processing"]


class ConvoyDeliveries:
    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def retry_hung(self, start: datetime, end: datetime) -> int:
        within: Json = {"start_date": utc(start), "end_date": utc(end)}
        hung = 0
        for status in HANGING:
            found = len(self._page(status=[status], **within))
            if found:
                self._questions.answer(sdk.batch_retry, status=[status], **within)
            hung += found
        return hung

    def undelivered(self, since: datetime) -> Undelivered:
        failed = self._page(status=["Failure"], start_date=utc(since))
        discarded = self._page(status=["Discarded"], start_date=utc(since))
        with as_convoy_lists():
            endpoints = [each["endpoint_metadata"] or {} for each in (*failed, *discarded)]
            disabled = {
                endpoint["uid"]
                for endpoint in endpoints
                if endpoint and endpoint["status"] != "active"
            }
        return Undelivered(len(failed), len(discarded), len(disabled))

    def _page(self, **filters: object) -> list[Json]:
        return next(self._questions.pages(sdk.deliveries, per_page=PAGE, **filters))
