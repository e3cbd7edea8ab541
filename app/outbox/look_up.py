"""What Convoy shows of many rows, by few questions.

Rows that were published about the same time are looked for in Convoy's list of that time, a page at
a time. A page that shows few of them is worth less than asking for single keys, so the list is left
there: one old row never reads the hours since.

    rows by time:   ●●●●●●●●●        ●●●●        ●
    questions:      └─ list ─┘       └list┘      by key
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.outbox.event_list import EventList, Shown
    from app.outbox.rows import Row

GAP = timedelta(minutes=1)
"""Rows further apart than this are looked for in lists of their own."""

BEFORE, AFTER = timedelta(seconds=5), timedelta(seconds=65)
"""Around the moment of publishing, when Convoy may have created the event. Before it: clocks
differ. After it: a request lasts up to 30 s, and Convoy's workers may be behind."""

WORTH = 4
"""Rows that each page of a list has to show on average: a page costs about as much as so many
questions by key (500 entries in 10 to 30 ms, against 5 to 10 ms; v26.7.3 on loopback)."""


@dataclass(slots=True)
class Sightings:
    """`entries`: what was seen, by key. `absent`: keys of rows that Convoy does not have.

    A row of which an attempt is recorded is never `absent` by a list: Convoy may have the event
    since an earlier attempt, outside of the list's time.
    """

    entries: dict[str, list[Shown]] = field(default_factory=lambda: defaultdict(list))
    absent: set[str] = field(default_factory=set)

    def of(self, row: Row) -> list[Shown] | None:
        """Convoy's entries of a row. None: ask by its key.

        Duplicates alone are no answer: the first event of the key may be older than the list.
        """
        found = self.entries.get(row.event.id)
        if found:
            return None if all(entry.duplicate for entry in found) else found
        return [] if row.event.id in self.absent else None


def look_up(
    rows: Sequence[Row], events: EventList, may_go_on: Callable[[], bool] = lambda: True
) -> Sightings:
    """Look for the rows in Convoy's lists. Raises NotAnswered."""
    seen = Sightings()
    for cluster in _clusters(rows):
        if len(cluster) < WORTH:
            continue
        wanted = {row.event.id: row.attempts for row in cluster}
        start, end = cluster[0].published_at - BEFORE, cluster[-1].published_at + AFTER
        missing = set(wanted)
        for pages, page in enumerate(events.between(start, end), 1):
            for entry in page:
                if entry.key in wanted:
                    seen.entries[entry.key].append(entry)
                    missing.discard(entry.key)
            if not missing or not may_go_on() or len(wanted) - len(missing) < WORTH * pages:
                break
        else:
            seen.absent |= {key for key in missing if wanted[key] == 0}
    return seen


def _clusters(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows by time of publishing, parted where nothing was published for a while."""
    cluster: list[Row] = []
    for row in sorted(rows, key=lambda row: row.published_at):
        if cluster and row.published_at - cluster[-1].published_at > GAP:
            yield cluster
            cluster = []
        cluster.append(row)
    if cluster:
        yield cluster
