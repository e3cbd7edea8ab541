"""Reads from the API, on a schedule, what Convoy did not deliver, however long that was."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from . import api, clients

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

    events: int
    news: int
    is_done: bool


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
    reader: Api, state: State, *, kinds: Sequence[str], now: float, has_time: Callable[[], bool]
) -> CaughtUp:
    """Apply the events since the last run. Raises ApiError, and botocore's errors.

    The first run lists the resources before: some may be older than every event that the API keeps.
    """
    count = news = 0
    after = state.cursor()
    if after is None:
        news += sum(
            state.put_listed(kind, each) for kind in kinds for each in reader.resources(kind)
        )
    while True:
        page = reader.events(after)
        count += len(page.events)
        news += sum(state.apply(each, now=now) for each in page.events)
        after = page.after
        # Only now: a run that fails before this line repeats the page, and changes nothing by it.
        state.save_cursor(after)
        if page.is_last or not has_time():
            return CaughtUp(count, news, page.is_last)
