"""What a pass of the relay asks of Convoy and of DynamoDB while Convoy takes every event at once.

A pass each minute reads the rows of two minutes: those that are due, and those younger than
`SETTLE_AFTER_S`. It finds the due ones in Convoy's list, and deletes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from app.convoy.event_list import PAGE
from app.outbox.look_up import AROUND
from app.outbox.relay import BATCH_PAGES, DELETES
from benchmarks.scale import assumptions as given
from benchmarks.scale.work import READ_BYTES, WRITE_BYTES, of

MINUTE = 60
SCAN_BYTES = 1024**2

OTHER_QUESTIONS = 4
"""How far Convoy is; deliveries that hang, that failed, that were discarded."""


@dataclass(frozen=True, slots=True)
class Settling:
    """One pass at so many changes a second; `row_bytes` is the size of one's row."""

    rate: float
    row_bytes: int

    @classmethod
    def at(cls, rate: float) -> Settling:
        return cls(rate, of("POST").sizes["outbox"])

    @property
    def due(self) -> float:
        return self.rate * MINUTE

    @property
    def read(self) -> float:
        return 2 * self.due

    @property
    def scans(self) -> int:
        return ceil(self.read * self.row_bytes / SCAN_BYTES)

    @property
    def read_units(self) -> int:
        return ceil(self.read * self.row_bytes / READ_BYTES)

    @property
    def lists(self) -> int:
        """Pages of Convoy's list: each batch of rows is of the whole minute, in no order."""
        batches = ceil(self.scans / BATCH_PAGES)
        return batches * ceil(self.rate * (MINUTE + AROUND.total_seconds()) / PAGE)

    @property
    def questions(self) -> int:
        return self.lists + OTHER_QUESTIONS

    @property
    def deletes(self) -> int:
        return ceil(self.due / DELETES)

    @property
    def write_units(self) -> int:
        return round(self.due) * ceil(self.row_bytes / WRITE_BYTES)

    def seconds(self, workers: int) -> float:
        """Lists are read one after the other, and rows are deleted by twice the workers."""
        waits = self.scans * given.SCAN_S + self.lists * given.LIST_S
        waits += OTHER_QUESTIONS * given.QUESTION_S
        waits += self.deletes / (2 * workers) * given.CALL_S
        return waits + self.due * given.SETTLED_CPU_S


def most(workers: int, works_s: float) -> float:
    """Changes a second that a relay settles which works so long in each minute."""
    low, high = 1.0, 100_000.0
    while high - low > 1:
        rate = (low + high) / 2
        fits = Settling.at(rate).seconds(workers) <= works_s
        low, high = (rate, high) if fits else (low, rate)
    return low
