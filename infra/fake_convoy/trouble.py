"""Failures of Convoy that a person starts on the inbox's page. Each ends by itself.

While Convoy is down its API answers 503. While it is down or held, its worker takes no job.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from infra.fake_convoy.faults import InjectedFault
from infra.fake_convoy.queues import QUEUES

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.fake_convoy.queues import Queues

Kind = Literal["down", "held"]

OUTAGE = InjectedFault(status=503, body='{"status":false,"message":"Convoy is down on request."}')


class Trouble:
    """Runs on its caller's event loop. `report` is called when a failure begins or ends."""

    def __init__(self, queues: Queues, report: Callable[[], None]) -> None:
        self._queues = queues
        self._report = report
        self._ends: dict[Kind, float] = {"down": 0.0, "held": 0.0}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, kind: Kind, seconds: float) -> None:
        """Fail for `seconds` from now; 0 ends the failure."""
        self._ends[kind] = asyncio.get_running_loop().time() + seconds
        self._queues.stop(*QUEUES)
        self._settle()

    def left_s(self, kind: Kind) -> float:
        """Seconds until the failure ends; 0 without one."""
        return max(0.0, self._ends[kind] - asyncio.get_running_loop().time())

    def end(self) -> None:
        for kind in self._ends:
            self._ends[kind] = 0.0
        if self._timer is not None:
            self._settle()

    def _settle(self) -> None:
        """Start the worker if no failure is left; else come back at the next end of one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        left = [seconds for kind in self._ends if (seconds := self.left_s(kind)) > 0]
        if left:
            self._timer = asyncio.get_running_loop().call_later(min(left), self._settle)
        else:
            self._queues.start(*QUEUES)
        self._report()
