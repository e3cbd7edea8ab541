"""Reads from the API, on a schedule, what Convoy did not deliver, however long that was."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from . import api, clients
from .state import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .api import Api
    from .state import State

log = logging.getLogger()

RESERVE_MS = 60_000
"""No new page is begun with less time: one may take 30 s to come, and its events need some too."""


class CaughtUp(NamedTuple):
    """`news`: the events, or listed resources, that had not arrived before.

    `is_done` is false if there was no time for more.
    """

    events: int = 0
    news: int = 0
    is_done: bool = False

    def plus(self, other: CaughtUp) -> CaughtUp:
        return CaughtUp(self.events + other.events, self.news + other.news, other.is_done)


def handler(_event: object, context: Any) -> dict[str, object]:  # noqa: ANN401  # Lambda's class
    """An exception is an error of the function. The next run begins where this one stopped."""
    now = time.time()
    reader = api.Api(os.environ["API_URL"], _sign_in(now))
    done = catch_up(
        reader,
        clients.state(),
        kinds=[each.strip() for each in os.environ["KINDS"].split(",")],
        now=now,
        has_time=lambda: context.get_remaining_time_in_millis() > RESERVE_MS,
    )
    log.info("caught up", extra=done._asdict())
    return done._asdict()


def _sign_in(now: float) -> Callable[[str], api.Headers]:
    match os.environ["API_SIGN_IN"]:
        case "jwt":
            return api.with_token(clients.token(now))
        case "iam":
            answer = clients.client("sts").assume_role(
                RoleArn=os.environ["API_ROLE"], RoleSessionName="receiver"
            )
            return api.with_iam(answer["Credentials"])
        case _:
            return api.without_sign_in


def catch_up(
    reader: Api,
    state: State,
    *,
    kinds: Sequence[str],
    now: float,
    has_time: Callable[[], bool],
) -> CaughtUp:
    """Apply the events since the last run. Raises ApiError, and botocore's errors.

    The first run lists the resources before: some may be older than every event that the API
    keeps. So does a run to which the API says that events have expired.
    """
    steps = _Steps(reader, state, tuple(kinds), now)
    progress, total = state.progress(), CaughtUp()
    while True:
        progress, done = steps.take(progress)
        # Only now: a run that fails before this line repeats the page, and changes nothing by it.
        state.save_progress(progress)
        total = total.plus(done)
        if done.is_done or not has_time():
            return total


@dataclass(frozen=True)
class _Steps:
    """Each step is a page, and what it leads to."""

    reader: Api
    state: State
    kinds: tuple[str, ...]
    now: float

    def take(self, progress: Progress | None) -> tuple[Progress, CaughtUp]:
        if progress is None:
            return self._begin(self.reader.events(None)), CaughtUp()
        match progress.step:
            case "list":
                return self._list(progress)
            case "forget":
                after = self.state.forget(progress.since, progress.after, now=self.now)
                step = "events" if after is None else "forget"
                return progress._replace(step=step, after=after), CaughtUp()
            case _:
                return self._read(progress)

    def _begin(self, page: api.Page) -> Progress:
        """The listing has every change before `until`, so the events are read from there on."""
        return Progress("list", page.until, None, self.kinds)

    def _list(self, progress: Progress) -> tuple[Progress, CaughtUp]:
        kind, *others = progress.kinds
        found, after = self.reader.resources(kind, progress.after)
        news = sum(self.state.put_listed(kind, each, progress.since) for each in found)
        if after is not None:
            following = progress._replace(after=after)
        else:
            step = "list" if others else "forget"
            following = progress._replace(step=step, after=None, kinds=tuple(others))
        return following, CaughtUp(news=news)

    def _read(self, progress: Progress) -> tuple[Progress, CaughtUp]:
        page = self.reader.events(progress.after or progress.since)
        if page.gap:
            return self._begin(page), CaughtUp()
        since = progress.since
        news = sum(self.state.apply(each, now=self.now, since=since) for each in page.events)
        done = CaughtUp(len(page.events), news, page.is_last)
        return progress._replace(after=page.after), done
