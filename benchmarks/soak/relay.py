"""The relay as `python -m app relay --watch --json`, with short times and a file of its repairs.

python -m benchmarks.soak.relay --notes FILE --stuck-after-s 4 --hung-after-s 5
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.relay_loop import Pass, interrupts, run_until_interrupted
from app.outbox.outcomes import Accepted
from app.runtime import logs
from app.settings import Settings
from app.wiring.api import Components
from app.wiring.relay import RelayComponents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.domain.events import Event
    from app.outbox.deliveries import Deliveries, Hung, Undelivered
    from app.outbox.event_list import EventList, Shown
    from app.outbox.outcomes import Outcome, Publisher


def main() -> None:
    options = _options()
    logs.configure(sys.stderr)
    with (
        closing(Components.build(Settings.load())) as components,
        closing(
            RelayComponents.build(
                components,
                stuck_after=timedelta(seconds=options.stuck_after_s),
                hung_after=timedelta(seconds=options.hung_after_s),
            )
        ) as built,
        interrupts() as interrupt,
    ):
        relay, notes = built.relay, Notes(options.notes)
        relay.attempts.publisher = NotingPublisher(relay.attempts.publisher, notes)
        relay.attempts.events = NotingEvents(relay.attempts.events, notes)
        if relay.deliveries is not None:
            relay.deliveries = NotingDeliveries(relay.deliveries, notes)
        run = Pass(relay, components.metrics, interrupt, deadline_s=None, as_json=True)
        run_until_interrupted(run, options.every, time.sleep)


class Notes:
    """A file with a line for each repair. A kill of the relay loses none."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, repair: str, of: str | int) -> None:
        self._file.write(json.dumps([repair, of]).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class Healed:
    """`published`: how often, by the event's key; `replayed`: how often, by Convoy's id.

    `retried`: the number of hung deliveries, summed over all passes.
    """

    published: Counter[str]
    replayed: Counter[str]
    retried: int

    @classmethod
    def read(cls, path: Path) -> Healed:
        lines = path.read_bytes().splitlines() if path.exists() else []
        notes = [json.loads(line) for line in lines]
        return cls(
            Counter(of for repair, of in notes if repair == "published"),
            Counter(of for repair, of in notes if repair == "replayed"),
            sum(of for repair, of in notes if repair == "retried"),
        )


@dataclass(frozen=True, slots=True)
class NotingPublisher:
    inner: Publisher
    notes: Notes

    def publish(self, event: Event) -> Outcome:
        outcome = self.inner.publish(event)
        if isinstance(outcome, Accepted):
            self.notes.write("published", event.id)
        return outcome


@dataclass(frozen=True, slots=True)
class NotingEvents:
    inner: EventList
    notes: Notes

    def between(self, start: datetime, end: datetime) -> Iterator[list[Shown]]:
        return self.inner.between(start, end)

    def under(self, key: str, since: datetime) -> list[Shown]:
        return self.inner.under(key, since)

    def newest(self) -> list[Shown]:
        return self.inner.newest()

    def replay(self, uid: str) -> None:
        self.inner.replay(uid)
        self.notes.write("replayed", uid)


@dataclass(frozen=True, slots=True)
class NotingDeliveries:
    inner: Deliveries
    notes: Notes

    def hung(self, start: datetime, end: datetime) -> Hung | None:
        return self.inner.hung(start, end)

    def retry_hung(self, hung: Hung) -> bool:
        retried = self.inner.retry_hung(hung)
        if retried:
            self.notes.write("retried", hung.count)
        return retried

    def undelivered(self, since: datetime) -> Undelivered:
        return self.inner.undelivered(since)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak.relay", description=__doc__)
    parser.add_argument("--notes", type=Path, required=True, help="the file for the repairs")
    parser.add_argument("--every", type=int, default=1, help="seconds between passes")
    parser.add_argument("--stuck-after-s", type=float, required=True)
    parser.add_argument("--hung-after-s", type=float, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
