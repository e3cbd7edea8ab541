"""Convoy's list of events, through its API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.convoy import calls
from app.convoy.exchange import utc
from app.convoy.questions import expect_list_form
from app.outbox.event_list import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.convoy.questions import JsonObject, Questions

PAGE = 500
"""Entries of a page. Convoy took up to 5,000; a page of 500 has about 0.5 MB."""

NEWEST = 20
"""Entries by which the relay sees how far Convoy has come. One owner's longest events must not make
the answer too long: the relay would take Convoy for down."""

AHEAD = timedelta(hours=1)
"""How far Convoy's clock may be ahead of ours."""

_A_SECOND = timedelta(seconds=1)


class ConvoyEvents:
    """`clock` is aware, in UTC."""

    def __init__(self, questions: Questions, clock: Callable[[], datetime]) -> None:
        self._questions = questions
        self._clock = clock

    def between(self, start: datetime, end: datetime) -> Iterator[list[Shown]]:
        pages = self._questions.pages(
            calls.events,
            startDate=utc(start),
            endDate=utc(end + _A_SECOND),
            sort="ASC",
            perPage=PAGE,
        )
        for page in pages:
            yield _entries(page)

    def under(self, key: str, since: datetime) -> list[Shown]:
        pages = self._questions.pages(
            calls.events,
            idempotencyKey=key,
            startDate=utc(since),
            endDate=utc(self._clock() + AHEAD),
            perPage=PAGE,
        )
        return [entry for page in pages for entry in _entries(page)]

    def newest(self) -> list[Shown]:
        return _entries(next(self._questions.pages(calls.events, perPage=NEWEST)))

    def replay(self, uid: str) -> None:
        self._questions.answer(calls.replay, uid)


def _entries(page: list[JsonObject]) -> list[Shown]:
    with expect_list_form():
        return [
            Shown(
                uid=entry["uid"],
                key=entry["idempotency_key"],
                status=entry["status"],
                created_at=datetime.fromisoformat(entry["created_at"]),
                # Older versions of Convoy did not keep it.
                acknowledged_at=datetime.fromisoformat(
                    entry.get("acknowledged_at") or entry["created_at"]
                ),
                duplicate=entry["is_duplicate_event"],
                reason=entry.get("failure_reason") or "",
            )
            for entry in page
        ]
