"""The relay at a terminal: one pass and its report, or passes until an interrupt."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.cli import reports, terminal
from app.domain.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.outbox.metrics import Metrics
    from app.outbox.relay import Relay
    from app.outbox.relay_run import Report


@dataclass
class Interrupt:
    asked: bool = False

    def pause(self, seconds: int, wait: Callable[[float], None]) -> None:
        """Wait second by second: a signal does not end a sleep."""
        for _ in range(seconds):
            if self.asked:
                return
            wait(1)


@contextmanager
def interrupts() -> Iterator[Interrupt]:
    """Turn Ctrl-C and SIGTERM into a flag: work in progress can still record its result.

    A second signal raises KeyboardInterrupt.
    """
    interrupt = Interrupt()

    def ask(*_: object) -> None:
        if interrupt.asked:
            raise KeyboardInterrupt
        interrupt.asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True)
class Pass:
    relay: Relay
    metrics: Metrics
    interrupt: Interrupt
    deadline_s: float | None
    as_json: bool

    def __call__(self) -> Report:
        ends_at = time.monotonic() + (self.deadline_s or float("inf"))

        def time_left() -> float:
            return 0.0 if self.interrupt.asked else ends_at - time.monotonic()

        with terminal.progress("Relaying") as advance:
            report = self.relay.run(time_left, advance)
        if self.interrupt.asked and report.stopped:
            report = replace(report, stopped="interrupted")
        self.metrics.record_pass(report)
        if self.as_json:
            terminal.say_json(report.as_dict())
        else:
            terminal.say(reports.sentence(report))
        return report


def run_until_interrupted(run: Pass, every: int, wait: Callable[[float], None]) -> None:
    while not run.interrupt.asked:
        try:
            run()
        except StoreUnavailable as error:
            terminal.say(f"{error}\nNext try in {every} s.", stderr=True)
        run.interrupt.pause(every, wait)
