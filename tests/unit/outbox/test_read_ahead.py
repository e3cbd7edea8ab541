"""The outbox is read ahead: the rest of it, and what Convoy's list showed, cost no wait later."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.outbox import relay as relay_module
from app.outbox import settling
from app.outbox.event_list import NotAnswered
from app.outbox.outcomes import Unavailable
from tests.support import NOW
from tests.unit.outbox.world import DUE, RESERVE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from app.domain.events import Event
    from app.outbox.event_list import Shown
    from app.outbox.outcomes import Outcome
    from app.outbox.rows import Row
    from tests.unit.outbox.world import RelayWorld

PATIENCE_S = 30.0
"""Longer than any thread takes on a busy machine."""


def ids(count: int) -> list[str]:
    return [f"e{n:02}" for n in range(count)]


def handled(world: RelayWorld, *event_ids: str) -> None:
    world.commit_unpublished(*event_ids)
    for event_id in event_ids:
        world.convoy.take(event_id, at=NOW)


class Reading:
    """Pages of one row each. Each page after the first is read once `may_read` is set."""

    def __init__(self, world: RelayWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_read = threading.Event()
        self.read: list[str] = []
        self.second_read, self.all_read = threading.Event(), threading.Event()
        self._pages = world.outbox.pages
        world.outbox.page = 1
        monkeypatch.setattr(world.outbox, "pages", self.pages)

    def pages(self, *about: object) -> Iterator[list[Row]]:
        for number, page in enumerate(self._pages(*about), 1):  # type: ignore[arg-type]
            self.read += [row.event.id for row in page]
            if number == 2:
                self.second_read.set()
            yield page
            assert self.may_read.wait(PATIENCE_S)
        self.all_read.set()


@pytest.fixture
def reading(world: RelayWorld, monkeypatch: pytest.MonkeyPatch) -> Reading:
    return Reading(world, monkeypatch)


def on_publish(world: RelayWorld, act: Callable[[Event], object]) -> None:
    publish = world.convoy.publish

    def acting(event: Event) -> Outcome:
        act(event)
        return publish(event)

    world.convoy.publish = acting  # type: ignore[method-assign]


def test_the_next_page_is_read_while_a_row_is_published(
    world: RelayWorld, reading: Reading
) -> None:
    world.commit_unpublished("e1", "e2", "e3")
    world.live_traffic()

    def go_on(_: Event) -> None:
        reading.may_read.set()
        assert reading.second_read.wait(PATIENCE_S)

    on_publish(world, go_on)
    report = world.relay(threads=ThreadPoolExecutor).run()

    assert (report.published, report.partial) == (3, False)


def test_while_rows_are_published_one_page_is_read_ahead(
    world: RelayWorld, reading: Reading
) -> None:
    world.commit_unpublished(*ids(5))
    world.live_traffic()
    reading.may_read.set()
    in_memory: list[int] = []
    on_publish(
        world, lambda _: in_memory.append(len(reading.read) - world.convoy.published.total())
    )

    assert world.relay().run().published == 5
    assert in_memory == [2, 2, 2, 2, 1]


def test_while_a_list_is_read_so_many_pages_are_read_as_fit_into_memory(
    world: RelayWorld, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "BATCH_PAGES", 3)
    handled(world, *ids(60))
    world.outbox.page, world.convoy.page = 10, 4
    reading.may_read.set()
    read: list[int] = []
    between = world.convoy.between

    def counting(start: datetime, end: datetime) -> Iterator[list[Shown]]:
        for page in between(start, end):
            yield page
            read.append(len(reading.read))

    monkeypatch.setattr(world.convoy, "between", counting)
    assert world.relay().run().settled == 60

    assert read[:2] == [30, 30]  # each page of the list lets another one be read


def test_pages_that_were_read_and_not_dealt_with_are_the_next_passs_first(
    world: RelayWorld, reading: Reading
) -> None:
    world.commit_unpublished("e1", "e2", "e3")
    world.live_traffic()
    relay = world.relay(threads=ThreadPoolExecutor)
    time_is_up = threading.Event()

    def until_the_next_is_read(_: Event) -> None:
        reading.may_read.set()
        assert reading.second_read.wait(PATIENCE_S)
        time_is_up.set()

    on_publish(world, until_the_next_is_read)
    first = relay.run(lambda: RESERVE_S - 1 if time_is_up.is_set() else RESERVE_S)
    assert (first.published, first.stopped, first.partial) == (1, "out of time", True)

    reading.read.clear()
    second = relay.run()
    assert reading.read == ["e2", "e3"]
    assert (second.published, second.partial) == (2, True)


def test_an_unexpected_error_of_the_reading_ends_the_pass(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled(world, "e1")
    world.live_traffic()
    row = world.row("e1")

    def pages(*_: object) -> Iterator[list[Row]]:
        yield [row]
        raise ZeroDivisionError("unexpected")

    monkeypatch.setattr(world.outbox, "pages", pages)

    with pytest.raises(ZeroDivisionError, match="unexpected"):
        world.relay().run()
    assert world.ids() == []


def test_a_row_that_convoy_may_not_show_yet_waits_until_all_rows_are_read(
    world: RelayWorld, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later page shows that Convoy has an event of the owner still to show."""
    world.commit_unpublished("e1", "e2")
    world.outbox.rows["e2"] = replace(
        world.row("e2"), tried_at=DUE, due_at=DUE + timedelta(minutes=1)
    )
    newest = world.convoy.newest

    def after_the_first_page() -> list[Shown]:
        reading.may_read.set()
        return newest()

    monkeypatch.setattr(world.convoy, "newest", after_the_first_page)
    report = world.relay(threads=ThreadPoolExecutor).run()

    assert (report.published, report.pending) == (0, 2)


def test_what_a_page_of_the_list_shows_is_asked_for_once_in_a_pass(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "BATCH_PAGES", 2)
    handled(world, *ids(50))
    world.outbox.page = 10
    world.convoy.page = 500

    report = world.relay().run()

    assert (report.settled, report.pending) == (50, 0)
    assert world.convoy.questions == ["newest", "between"]


def test_a_pass_remembers_so_many_events_and_asks_for_the_others(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "BATCH_PAGES", 2)
    monkeypatch.setattr(settling, "REMEMBERED", 20)
    handled(world, *ids(50))
    world.outbox.page = 10
    world.convoy.page = 500

    report = world.relay().run()

    assert (report.settled, report.pending) == (50, 0)
    assert world.convoy.questions == ["newest", "between", "between"]


def test_rows_are_removed_while_the_list_is_read(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled(world, *ids(60))
    world.convoy.page = 30
    left: list[int] = []
    between = world.convoy.between

    def counting(start: datetime, end: datetime) -> Iterator[list[Shown]]:
        for page in between(start, end):
            yield page
            left.append(len(world.outbox.rows))

    monkeypatch.setattr(world.convoy, "between", counting)
    assert world.relay().run().settled == 60

    assert left[0] == 60 - relay_module.DELETES
    assert world.ids() == []


def test_rows_that_are_read_meanwhile_are_removed_with_the_pages_that_show_them(
    world: RelayWorld, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ids(60)[:30], ids(60)[30:]
    world.commit_unpublished(*first, *second)
    for number, event_id in enumerate([*first[:15], *second, *first[15:]]):
        world.convoy.take(event_id, at=NOW + timedelta(milliseconds=number))
    world.outbox.page, world.convoy.page = 30, 15
    of_the_second, remove = threading.Event(), world.outbox.remove
    between = world.convoy.between

    def removing(event_ids: Sequence[str]) -> None:
        remove(event_ids)
        if set(event_ids) & set(second):
            of_the_second.set()

    def waiting(start: datetime, end: datetime) -> Iterator[list[Shown]]:
        pages = between(start, end)
        yield next(pages)
        reading.may_read.set()
        assert reading.all_read.wait(PATIENCE_S)
        yield next(pages)
        yield next(pages)
        assert of_the_second.wait(PATIENCE_S)
        yield from pages

    monkeypatch.setattr(world.outbox, "remove", removing)
    monkeypatch.setattr(world.convoy, "between", waiting)
    report = world.relay(threads=ThreadPoolExecutor).run()

    assert (report.settled, report.pending) == (60, 0)
    assert world.convoy.questions == ["newest", *["between"] * 4]


def test_rows_that_a_page_showed_are_removed_even_if_the_next_page_fails(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled(world, *ids(60))
    world.convoy.page = 30
    between = world.convoy.between

    def failing(start: datetime, end: datetime) -> Iterator[list[Shown]]:
        yield next(between(start, end))
        world.convoy.down = Unavailable("503")
        raise NotAnswered(world.convoy.down)

    monkeypatch.setattr(world.convoy, "between", failing)
    report = world.relay().run()

    assert (report.settled, report.pending) == (30, 30)
    assert report.stopped == "Convoy is down: 503"
