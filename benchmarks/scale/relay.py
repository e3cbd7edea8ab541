"""What a pass of the relay takes; its rows wait for Convoy, or for DynamoDB, or are in its CPU."""

from __future__ import annotations

from math import ceil

from app.convoy.event_list import PAGE
from app.outbox.look_up import AROUND
from app.outbox.relay import BATCH_PAGES, DELETES, WORKERS
from benchmarks.scale import assumptions as given
from benchmarks.scale.work import READ_BYTES, WRITE_BYTES, of

QUESTIONS = 4
"""Beside the list: how far Convoy is; deliveries that hang, that failed, that were discarded."""


def settling(rate: float) -> dict[str, float]:
    """Of so many changes a second, all of which Convoy has: it finds those in Convoy's list.

    A pass each minute reads the rows of two minutes: those that are due, and the younger ones.
    """
    row_bytes, due = of("create").sizes["outbox"], rate * 60
    scans = ceil(2 * due * row_bytes / 1024**2)
    # Each batch of rows is of the whole minute, in no order.
    lists = ceil(scans / BATCH_PAGES) * ceil(rate * (60 + AROUND.total_seconds()) / PAGE)
    deletes = ceil(due / DELETES)
    # Pages are read one after the other, and rows are deleted by twice the workers.
    waits = scans * given.SCAN_S + lists * given.LIST_S + QUESTIONS * given.QUESTION_S
    waits += deletes / (2 * WORKERS) * given.CALL_S
    return {
        "rows that are due": round(due),
        "Convoy: pages of its list of events": lists,
        "Convoy: other questions": QUESTIONS,
        "DynamoDB: scans of 1 MB": scans,
        "… read units": ceil(2 * due * row_bytes / READ_BYTES),
        "DynamoDB: deletes of 25 rows": deletes,
        "… write units": round(due) * ceil(row_bytes / WRITE_BYTES),
        "seconds": waits + due * given.SETTLED_CPU_S,
    }


def most(works_s: float) -> int:
    """Changes a second that a relay settles which works so long in each minute."""
    return next(rate for rate in range(1, 10_000) if settling(rate + 1)["seconds"] > works_s)


def published_per_s(workers: int, vcpus: float) -> float:
    """Rows that Convoy does not have, on one core: each is asked for by its key, then published."""
    waiting = workers / (given.QUESTION_S + given.PUBLISH_S)
    return min(waiting, min(vcpus, 1) / given.RELAYED_CPU_S)
