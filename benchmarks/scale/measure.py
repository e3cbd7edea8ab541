"""The CPU of a row in a pass of the relay, without that of DynamoDB Local and the stand-in."""

from __future__ import annotations

import logging
import os
import time
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from app.settings import Settings
from app.wiring.api import Components
from app.wiring.clock import new_event_id, now
from app.wiring.relay import RelayComponents
from benchmarks.compare.filling import fill
from benchmarks.scale.assumptions import ITEM, OWNER
from benchmarks.soak.stack import TABLES, Pace, environment, scratch, stand_in
from infra.local import dynamodb_local, tables
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from pathlib import Path

    from app.domain.events import Event

ROWS = 3000
PACE = Pace(settle_after_s=60, stuck_after_s=600, hung_after_s=600, every_s=60)
LATER = timedelta(minutes=2)


def main() -> None:
    logging.disable(logging.ERROR)
    with dynamodb_local.in_memory() as url:
        for name, published in (("SETTLED_CPU_S", True), ("RELAYED_CPU_S", False)):
            with scratch() as folder:
                print(f"{name}  {_cpu_s(url, folder, published=published):.6f}", flush=True)


def _cpu_s(url: str, folder: Path, *, published: bool) -> float:
    with stand_in(folder) as (_, account):
        os.environ |= environment(url, account, OWNER, PACE)
        os.environ["AWS_ACCESS_KEY_ID"] = f"published{published}"  # a database of its own
        with (
            closing(Components.build(Settings.load())) as components,
            closing(RelayComponents.build(components)) as relay_components,
        ):
            tables.create_tables(components.client, TABLES)
            events = [_event(components, published=published) for _ in range(ROWS)]
            _event(components, published=True)  # shows how far Convoy is
            rows = (components.outbox.put(event)["Item"] for event in events)
            fill(components.client, components.settings.outbox_table, rows)
            relay = relay_components.relay
            relay.clock = relay.attempts.clock = lambda: now() + LATER
            started = time.process_time()
            report = relay.run()
            assert (report.settled if published else report.published) == ROWS, report  # noqa: S101
            return (time.process_time() - started) / ROWS


def _event(components: Components, *, published: bool) -> Event:
    at = now() if published else now() - LATER
    event = TODO.create(Todo(OWNER, 1, ITEM), now=at, event_id=new_event_id(at)).event
    if published:
        components.publisher.publish(event)
    return event


if __name__ == "__main__":
    main()
