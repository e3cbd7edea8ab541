"""Calls for rows on threads, in an order that is fair to each owner."""

from __future__ import annotations

import logging
from collections import defaultdict
from contextvars import copy_context
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor, Future

    from app.outbox.relay_run import Run
    from app.outbox.rows import Row

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tasks:
    """Calls on threads, each for some rows. A call that raises leaves its rows unchanged."""

    threads: Executor
    run: Run
    begun: list[tuple[Sequence[Row], Future[bool]]] = field(default_factory=list)

    def add(self, rows: Sequence[Row], call: Callable[..., bool], *args: object) -> None:
        self.begun.append((rows, self.threads.submit(copy_context().run, call, *args)))

    def rows_done(self) -> list[Row]:
        """Wait for all calls. Gives the rows whose call returned True."""
        done: list[Row] = []
        for rows, task in self.begun:
            try:
                done += rows if task.result() else ()
            except Exception:
                for row in rows:
                    self.run.count_pending(row)
                ids = [row.event.id for row in rows]
                log.exception("left %s unchanged", ", ".join(ids), extra={"event_id": ids[0]})
        self.begun.clear()
        return done


def interleaved(rows: Iterable[Row]) -> Iterator[Row]:
    """One row of each owner, then the next of each: no owner's rows are all before another's."""
    by_owner: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_owner[row.event.owner].append(row)
    rounds = chain.from_iterable(zip_longest(*by_owner.values()))
    return (row for row in rounds if row is not None)
