"""The calls and the seconds of a pass of the relay: waits for Convoy, for DynamoDB, and CPU."""

from __future__ import annotations

from math import ceil

from app.convoy.event_list import PAGE
from app.outbox.look_up import AROUND
from app.outbox.relay import DELETES, WORKERS
from app.outbox.settling import REMEMBERED
from benchmarks.scale import assumptions as given
from benchmarks.scale.work import READ_BYTES, WRITE_BYTES, work_of

QUESTIONS = 4
"""The other questions of a pass: how far Convoy is; hung, failed and discarded deliveries."""


def pass_costs(rate: float) -> dict[str, float]:
    """A pass at `rate` changes a second. Convoy has every event: the relay finds them in its list.

    A pass each minute reads the rows of two minutes: those that are due, and the younger ones.
    """
    row_bytes, due = work_of("create").sizes["outbox"], rate * 60
    scans = ceil(2 * due * row_bytes / 1024**2)
    # The outbox has no order of time: the first rows need the list of the whole minute. The relay
    # remembers what the list shows of rows that it has not read yet.
    lists = ceil(due / REMEMBERED) * ceil(rate * (60 + AROUND.total_seconds()) / PAGE)
    deletes = ceil(due / DELETES)
    # While Convoy's list is read, a thread reads the outbox, and twice as many threads as workers
    # delete rows.
    at_once = (
        lists * given.LIST_S,
        (scans - 1) * given.SCAN_S,
        deletes / (2 * WORKERS) * given.CALL_S,
    )
    waits = given.SCAN_S + max(at_once) + QUESTIONS * given.QUESTION_S
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


def max_settled_per_s(work_s: float) -> int:
    """The most changes a second that a relay settles if it works `work_s` of each minute."""
    return next(rate for rate in range(1, 10_000) if pass_costs(rate + 1)["seconds"] > work_s)


def published_per_s(workers: int, vcpus: float) -> float:
    """Rows a second that Convoy does not have: the relay asks for each, then publishes it."""
    waiting = workers / (given.QUESTION_S + given.PUBLISH_S)
    return min(waiting, min(vcpus, 1) / given.RELAYED_CPU_S)
