"""What Convoy shows of many rows, by few questions.

Rows that were published about the same time are looked for in Convoy's list of that time, a page at
a time. The list is read from its oldest entry on, so that what was published after the rows costs
no page. A page that shows few of the rows is worth less than asking for single keys, so the list is
left there: one old row never reads the hours since. A row that no list shows is asked for by its
key.

    rows by time:   ●●●●●●●●●        ●●●●        ●
    questions:      └─ list ─┘       └list┘      by key
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from app.outbox.event_list import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.outbox.event_list import EventList
    from app.outbox.rows import Row

Sightings = dict[str, list[Shown]]
"""Convoy's entries by key."""

GAP = timedelta(seconds=2)
"""Rows further apart than this are looked for in lists of their own: where fewer than one event a
second is published, a question by key costs less than a list."""

AROUND = timedelta(seconds=10)
"""Before and after publishing, when Convoy is looked for the event: clocks differ, and Convoy's
workers take it within seconds. An event that they took later is found by its key."""

WORTH = 4
"""Rows that each page of a list has to show on average: a page costs about as much as so many
questions by key (500 entries in 10 to 30 ms, against 5 to 10 ms; v26.7.3 on loopback). Pages about
the first row's time may show none of them, but what earlier passes have settled."""


def look_up(
    rows: Sequence[Row], events: EventList, may_go_on: Callable[[], bool] = lambda: True
) -> Sightings:
    """Look for the rows in Convoy's lists. Raises NotAnswered.

    A row of which the lists show nothing, or duplicates alone, is not in the answer: Convoy may
    have the event since another time.
    """
    seen: Sightings = defaultdict(list)
    for cluster in _clusters(rows):
        if len(cluster) < WORTH:
            continue
        _look_up(cluster, events, may_go_on, seen)
    return {
        key: found for key, found in seen.items() if not all(entry.duplicate for entry in found)
    }


def _look_up(
    cluster: Sequence[Row], events: EventList, may_go_on: Callable[[], bool], seen: Sightings
) -> None:
    wanted = {row.key for row in cluster}
    missing = set(wanted)
    first, last = cluster[0].published_at, cluster[-1].published_at
    leading = pages = 0
    for page in events.between(first - AROUND, last + AROUND):
        for entry in page:
            if entry.key in wanted:
                seen[entry.key].append(entry)
                missing.discard(entry.key)
        if page and page[-1].created_at > first + AROUND:
            pages += 1
        else:
            leading += 1
        found = len(wanted) - len(missing)
        too_few = found < WORTH * pages or len(wanted) < WORTH * leading
        if not missing or too_few or not may_go_on():
            return


def _clusters(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows by time of publishing, parted where nothing was published for a while."""
    cluster: list[Row] = []
    for row in sorted(rows, key=lambda row: row.published_at):
        if cluster and row.published_at - cluster[-1].published_at > GAP:
            yield cluster
            cluster = []
        cluster.append(row)
    yield cluster
