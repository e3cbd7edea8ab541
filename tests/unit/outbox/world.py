"""A relay with a fake outbox, a fake Convoy, and a clock that tests set."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.domain.events import envelope
from app.outbox.relay import Relay
from app.outbox.relay_attempts import Attempts
from app.outbox.rows import Row
from tests.support import GRACE, NOW
from tests.todo import TODO
from tests.unit.outbox.fake_convoy import FakeConvoy
from tests.unit.outbox.fake_outbox import FakeOutbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.outbox.relay_run import Report

DUE = NOW + GRACE
RESERVE_S = 16.0


class InTurn(Executor):
    """Makes each call at once, so that a pass takes the rows in the order that the relay chose.

    Threads take calls that need no time in an order of their own: one thread makes hundreds of
    them while another one waits for its turn.
    """

    def __init__(self, _threads: int) -> None:
        pass

    def submit(self, call: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(call(*args, **options))
        except Exception as error:  # noqa: BLE001  # as any executor
            done.set_exception(error)
        return done


class RelayWorld:
    """A relay between a fake outbox and a fake Convoy."""

    def __init__(self) -> None:
        self.outbox = FakeOutbox()
        self.now = DUE
        self.convoy = FakeConvoy(lambda: self.now)

    def commit_unpublished(self, *event_ids: str, at: datetime = NOW, owner: str = "ann") -> None:
        """Commit changes whose events were not published."""
        for event_id in event_ids:
            event = envelope(TODO.events.created, event_id=event_id, owner=owner, now=at, todo={})
            self.outbox.rows[event_id] = Row(event, due_at=at + GRACE)

    def live_traffic(self) -> None:
        """Another event gets through, as requests publish them all the time."""
        self.convoy.take(f"live-{len(self.convoy.entries)}", "Success", self.now)

    def relay(
        self,
        workers: int = 1,
        jitter: float = 1.0,
        threads: Callable[[int], Executor] = InTurn,
    ) -> Relay:
        attempts = Attempts(
            self.convoy, self.convoy, self.outbox, lambda: self.now, lambda: jitter, GRACE
        )
        return Relay(
            attempts,
            self.convoy,
            self.outbox,
            lambda: self.now,
            reserve_s=RESERVE_S,
            workers=workers,
            threads=threads,
        )

    def run_passes(self, count: int, relay: Relay | None = None) -> Report:
        """Run passes, a minute apart. Returns the last report."""
        relay = relay or self.relay()
        for _ in range(count):
            report = relay.run()
            self.now += timedelta(minutes=1)
        return report

    def row(self, event_id: str) -> Row:
        return self.outbox.rows[event_id]

    def ids(self) -> list[str]:
        return sorted(self.outbox.rows)
