"""Finds many rows in Convoy with few requests.

Rows that were published about the same time are looked up in Convoy's list of that time, page by
page. The list is read from its oldest entry on: events that were published later cost no page. When
the pages show few of the rows, requests for single keys are cheaper, and the list is read no
further: one old row never reads the hours since. A row that no list shows is looked up by its key.

    rows by time:   ●●●●●●●●●        ●●●●        ●
    requests:       └─ list ─┘       └list┘      by key
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
"""Rows further apart than this are looked up in separate lists: below one event a second, a request
by key costs less than a list."""

AROUND = timedelta(seconds=10)
"""How long before and after publishing the list is searched for an event: clocks differ, and
Convoy's workers take an event within seconds. An event that they took later is found by its key."""

MIN_ROWS_PER_PAGE = 4
"""Rows that each page of a list must show on average: a page costs about as much as this number of
requests by key (500 entries in 10 to 30 ms, against 5 to 10 ms; v26.7.3 on loopback). The pages
around the first row's time may show only events that earlier passes settled."""


def look_up(
    rows: Sequence[Row],
    events: EventList,
    may_go_on: Callable[[], bool] = lambda: True,
    on_page: Callable[[Sequence[Shown]], object] = lambda _: None,
) -> Sightings:
    """Look up the rows in Convoy's lists. `on_page` gets each page. Raises NotAnswered.

    The result leaves out a row of which the lists show nothing, or only duplicates: Convoy may have
    got the event at another time.
    """
    seen: Sightings = defaultdict(list)
    for cluster in _clusters(rows):
        if len(cluster) < MIN_ROWS_PER_PAGE:
            continue
        _look_up(cluster, events, may_go_on, on_page, seen)
    return {
        key: found for key, found in seen.items() if not all(entry.duplicate for entry in found)
    }


def _look_up(
    cluster: Sequence[Row],
    events: EventList,
    may_go_on: Callable[[], bool],
    on_page: Callable[[Sequence[Shown]], object],
    seen: Sightings,
) -> None:
    wanted = {row.key for row in cluster}
    missing = set(wanted)
    first, last = cluster[0].published_at, cluster[-1].published_at
    leading = pages = 0
    for page in events.between(first - AROUND, last + AROUND):
        on_page(page)
        for entry in page:
            if entry.key in wanted:
                seen[entry.key].append(entry)
                missing.discard(entry.key)
        if page and page[-1].created_at > first + AROUND:
            pages += 1
        else:
            leading += 1
        found = len(wanted) - len(missing)
        too_few = found < MIN_ROWS_PER_PAGE * pages or len(wanted) < MIN_ROWS_PER_PAGE * leading
        if not missing or too_few or not may_go_on():
            return


def _clusters(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows by time of publishing, split where nothing was published for a while."""
    cluster: list[Row] = []
    for row in sorted(rows, key=lambda row: row.published_at):
        if cluster and row.published_at - cluster[-1].published_at > GAP:
            yield cluster
            cluster = []
        cluster.append(row)
    yield cluster
