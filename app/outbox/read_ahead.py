"""Reads the pages of the outbox on a thread, while the pages before them are dealt with."""

from __future__ import annotations

import threading
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.ports import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor, Future

    from app.outbox.rows import Row

Page = list["Row"]


@dataclass(slots=True)
class ReadAhead:
    """At most `most` pages are here: those of the present batch, and those read since.

    One page is read ahead, and another one for each call of `arrivals`: while events are published,
    more of them would only take time from the publishing.

    After each page, `may_go_on` decides whether another one is read. `error`: a page could not be
    read, and none after it was.
    """

    pages: Iterator[Page]
    threads: Executor
    may_go_on: Callable[[], bool]
    most: int
    error: StoreError | None = field(default=None, init=False)
    _task: Future[None] | None = field(default=None, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _read: list[Page] = field(default_factory=list, init=False)
    _seen: int = field(default=0, init=False)
    _wanted: int = field(default=1, init=False)
    _in_hand: int = field(default=0, init=False)
    _reading: bool = field(default=False, init=False)
    _over: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)

    def batches(self) -> Iterator[list[Page]]:
        """At least one page each: those that were read while the batch before was dealt with.

        Raises StoreError if not even the first page could be read.
        """
        begun = False
        while batch := self._take():
            begun = True
            yield batch
        if self.error is not None and not begun:
            raise self.error

    @property
    def is_complete(self) -> bool:
        """Whether every page was read, and was in a batch."""
        with self._changed:
            return self._ended and not self._read

    def arrivals(self) -> list[Page]:
        """The pages of the next batch that were read since the last call."""
        with self._changed:
            new = self._read[self._seen :]
            self._seen += len(new)
            self._wanted += 1
            self._go_on()
            return new

    def _take(self) -> list[Page]:
        with self._changed:
            self._in_hand = self._seen = 0
            self._go_on()
            self._changed.wait_for(lambda: self._read or not self._reading)
            batch, self._read = self._read, []
            self._in_hand, self._wanted = len(batch), 1
            self._go_on()
        if not batch and self._task is not None:
            self._task.result()  # raises an unexpected error of the reading
        return batch

    def _go_on(self) -> None:
        if not self._reading and not self._over and self._has_room():
            self._reading = True
            self._task = self.threads.submit(copy_context().run, self._fill)

    def _has_room(self) -> bool:
        return len(self._read) < min(self._wanted, self.most - self._in_hand)

    def _fill(self) -> None:
        while self._read_one():
            pass

    def _read_one(self) -> bool:
        """Whether this call is to be repeated: there may be more pages, and there is room."""
        page: Page | None = None
        ended, over = False, True
        try:
            page = next(self.pages, None)
            ended = page is None
            over = ended or not self.may_go_on()
        except StoreError as error:
            self.error = error
        finally:
            with self._changed:
                self._read += [] if page is None else [page]
                self._ended, self._over = ended, over
                # If this says False, the next batch begins the reading again.
                self._reading = goes_on = not over and self._has_room()
                self._changed.notify_all()
        return goes_on
