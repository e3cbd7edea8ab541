"""Convoy that has accepted many events, and shows them in its list.

    python -m benchmarks.compare.listed --events 10000 --convoy-delay-s 0.02

The events are those of `event_id` and `accepted_at`. The list takes the delay for each 100 entries
of a page. Convoy accepts other events too, and shows none of them.
"""

from __future__ import annotations

import argparse
import asyncio
import uuid
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import cache
from math import ceil
from random import Random
from urllib.parse import parse_qs, urlsplit

from benchmarks.compare import backends

FIRST = datetime(2026, 2, 1, tzinfo=UTC)
EVERY = timedelta(milliseconds=1)

ENTRIES_PER_DELAY = 100


def event_id(number: int) -> str:
    return str(uuid.UUID(int=Random(number).getrandbits(128), version=4))


def accepted_at(number: int) -> datetime:
    return FIRST + number * EVERY


class Listed(backends.Canned):
    """`keys` are in the order of time."""

    keys: list[str] = []  # noqa: RUF012  # filled once, before the server starts

    def _answer(self, head: bytes) -> None:
        if not head.startswith(b"get /api/"):
            super()._answer(head)
            return
        asked = parse_qs(urlsplit(head.split(b" ", 2)[1].decode()).query)
        if "startdate" not in asked:
            self._as_convoy(backends.NEWEST)
            return
        if "idempotencykey" in asked:
            found = numbers().get(asked["idempotencykey"][0])
            self._as_convoy(backends.NOTHING if found is None else page([found], more=False))
            return
        start, end = (_number(asked[name][0]) for name in ("startdate", "enddate"))
        if cursor := asked.get("next_page_cursor"):
            start = int(cursor[0]) + 1
        last = min(start + int(asked["perpage"][0]), end)
        content = page(range(start, last), more=last < end)
        delay_s = self.delay_s * max(1, ceil((last - start) / ENTRIES_PER_DELAY))
        asyncio.get_running_loop().call_later(delay_s, self._transport.write, content)


def _number(date: str) -> int:
    """Of the first event from that date on."""
    moment = datetime.fromisoformat(date.upper()).replace(tzinfo=UTC)
    return bisect_left(range(len(Listed.keys)), moment, key=accepted_at)


@cache
def numbers() -> dict[str, int]:
    return {key: number for number, key in enumerate(Listed.keys)}


def page(found: range | list[int], *, more: bool) -> bytes:
    cursor = str(found[-1]) if found else ""
    pagination = {"has_next_page": more, "next_page_cursor": cursor}
    return backends.listed(*map(_entry, found), pagination=pagination)


def _entry(number: int) -> dict[str, object]:
    """With about as many characters as Convoy's."""
    moment = accepted_at(number).isoformat(timespec="microseconds")
    key = Listed.keys[number]
    return {
        "uid": f"01KB{number:022}",
        "event_type": "created",
        "project_id": "01KB0000000000000000000000",
        "headers": {"X-Convoy-Idempotency-Key": [key]},
        "is_duplicate_event": False,
        "idempotency_key": key,
        "status": "Success",
        "metadata": '{"NumTrials":0,"RetryLimit":0}',
        "acknowledged_at": moment,
        "created_at": moment,
        "updated_at": moment,
        "url_query_params": "",
        "data": {
            "event": "todo.created",
            "description": "Todo created successfully",
            "id": key,
            "occurred_at": moment,
            "todo": {"id": number, "item": "Write the tests", "completed": False, "version": 1},
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Convoy that shows the events that it accepted.")
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--convoy-delay-s", type=float, required=True)
    options = parser.parse_args()
    Listed.keys = [event_id(number) for number in range(options.events)]
    asyncio.run(backends.serve(Listed, delay_s=options.convoy_delay_s))


if __name__ == "__main__":
    main()
