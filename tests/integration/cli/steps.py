"""What happens while a command waits, or between two of its calls."""

from __future__ import annotations

import itertools
import signal
from typing import TYPE_CHECKING

from app.convoy_admin.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stand_in import Convoy


def wait_with(*steps: Callable[[], object]) -> Callable[[float], None]:
    """A wait that calls the next step instead, and in the end presses Ctrl-C."""
    rest = iter(steps)

    def wait(_: float) -> None:
        step = next(rest, None)
        if step is None:
            signal.raise_signal(signal.SIGINT)
        else:
            step()

    return wait


def publish(convoy: Convoy, key: str, **data: object) -> Callable[[], object]:
    event = {"owner_id": "ann", "event_type": "created", "idempotency_key": key, "data": data}
    return lambda: convoy.ask("POST", "/events/fanout", json=event)


def failing_after(count: int, fail: Callable[[], object]) -> Callable[..., None]:
    """`Project.resend`, which calls `fail` first when it was called `count` times before."""
    calls, original = itertools.count(), Project.resend

    def resend(project: Project, delivery_id: str, *, missed_only: bool = False) -> None:
        if next(calls) == count:
            fail()
        original(project, delivery_id, missed_only=missed_only)

    return resend
