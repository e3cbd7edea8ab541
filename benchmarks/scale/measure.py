"""What passes of the relay take, on DynamoDB Local and the stand-in for Convoy.

Both are processes of their own: what is counted of the CPU is the relay's. The stand-in has its
events from a journal, so that they are as old as their rows.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections import Counter
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from app.resources.todo import TODO, Todo
from app.settings import Settings
from app.wiring.api import Components
from app.wiring.clients import new_event_id, now
from app.wiring.relay import RelayComponents
from benchmarks.compare.filling import fill
from benchmarks.scale.assumptions import ITEM, OWNER
from benchmarks.scale.settling import MINUTE, Settling
from benchmarks.soak.children import Child, free_port
from benchmarks.soak.stack import TABLES, Account, Pace, environment
from infra.fake_convoy.application import API_KEY
from infra.fake_convoy.project import shown
from infra.fake_convoy.resources import PROJECT_ID
from infra.local import dynamodb_local, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.convoy.exchange import Exchange
    from app.domain.events import Event
    from app.outbox.relay import Relay
    from app.outbox.relay_run import Report

RATES = (1, 100)

OUTAGE_ROWS = 3000
"""Rows that Convoy does not have."""

PACE = Pace(settle_after_s=MINUTE, stuck_after_s=120, hung_after_s=600, every_s=MINUTE)


def measure() -> Iterator[tuple[str, object]]:
    """Lines: a name, and what was found. Raises DynamoDBLocalError."""
    logging.disable(logging.ERROR)
    with dynamodb_local.running() as url, tempfile.TemporaryDirectory() as name:
        for rate in RATES:
            yield from _steady(url, Path(name), rate)
        yield from _outage(url, Path(name))


def _steady(url: str, folder: Path, rate: int) -> Iterator[tuple[str, object]]:
    """A pass at so many changes a second, all of them shown as handled."""
    moment, computed = now(), Settling.at(rate)
    events = _events(moment, round(computed.read), rate)
    with _relay(url, folder, f"rate{rate}", moment, events, shown_events=events) as made:
        relay, calls = made
        report, cpu_s = _timed(relay)
    found = {
        "rows settled": (report.settled, computed.due),
        "questions to Convoy": (calls["convoy"], computed.questions),
        "scans": (calls["Scan"], computed.scans),
        "read units": (calls["read units"], computed.read_units),
        "deletes": (calls["BatchWriteItem"], computed.deletes),
        "write units": (calls["write units"], computed.write_units),
    }
    for name, (measured, expected) in found.items():
        yield f"{rate}/s: {name}", f"{measured:,.0f}, computed {expected:,.0f}"
    yield (
        f"{rate}/s: CPU of a row",
        f"{cpu_s / computed.due:.6f} s (SETTLED_CPU_S)",
    )


def _outage(url: str, folder: Path) -> Iterator[tuple[str, object]]:
    """Rows that Convoy does not have, and one event that shows how far it is."""
    moment = now()
    rows = _events(moment - timedelta(minutes=1), OUTAGE_ROWS, OUTAGE_ROWS // MINUTE)
    newest = _events(moment, 1, 1)
    with _relay(url, folder, "outage", moment, rows, shown_events=newest) as (relay, _):
        report, cpu_s = _timed(relay)
        yield "RELAYED_CPU_S", f"{cpu_s / OUTAGE_ROWS:.6f} s, {report.published} published"


@contextmanager
def _relay(
    url: str,
    folder: Path,
    name: str,
    moment: datetime,
    events: Sequence[Event],
    *,
    shown_events: Sequence[Event],
) -> Iterator[tuple[Relay, Counter[str]]]:
    """At that moment, of an outbox with these events; and the calls that it makes."""
    journal, port, calls = folder / name, free_port(), Counter[str]()
    journal.write_text("".join(_entry(n, event) for n, event in enumerate(shown_events)))
    command = ("infra.fake_convoy", "--journal", str(journal))
    with Child(folder / "log", *command, port=port) as convoy:
        account = Account(f"{convoy.url}/api", API_KEY, PROJECT_ID)
        os.environ |= environment(url, account, OWNER, PACE)
        os.environ["AWS_ACCESS_KEY_ID"] = name  # a database of its own
        with (
            closing(Components.build(Settings.load())) as parts,
            closing(RelayComponents.build(parts)) as built,
        ):
            tables.create_tables(parts.client, TABLES)
            rows = (parts.outbox.put(event)["Item"] for event in events)
            fill(parts.client, parts.settings.outbox_table, rows)
            built.relay.clock = built.relay.attempts.clock = lambda: moment
            exchange = Counted(built.questions._exchange, calls)
            built.questions._exchange = cast("Exchange", exchange)
            _count(parts, calls)
            yield built.relay, calls


def _events(newest: datetime, count: int, rate: int) -> list[Event]:
    moments = [newest - timedelta(seconds=number / rate) for number in range(count)]
    changes = (
        TODO.create(Todo(OWNER, 2**52 + n, ITEM), now=at, event_id=new_event_id(at))
        for n, at in enumerate(reversed(moments))
    )
    return [change.event for change in changes]


def _entry(number: int, event: Event) -> str:
    """A line of the stand-in's journal: an event that nobody subscribed to would do as well."""
    at = shown(event.occurred_at)
    record = {
        "uid": f"{number:026}",
        "owner_id": event.owner,
        "event_type": event.type,
        "idempotency_key": event.id,
        "status": "Success",
        "is_duplicate_event": False,
        "created_at": at,
        "updated_at": at,
        "acknowledged_at": at,
        "endpoints": [],
        "headers": {},
        "data": dict(event.data),
        "raw": json.dumps(event.data),
    }
    return json.dumps(["events", record]) + "\n"


def _timed(relay: Relay) -> tuple[Report, float]:
    started = time.process_time()
    return relay.run(), time.process_time() - started


class Counted:
    """The exchange with Convoy, its calls counted."""

    def __init__(self, inner: Exchange, calls: Counter[str]) -> None:
        self._calls = calls
        self._answer = inner.answer
        self.redacted, self.close = inner.redacted, inner.close

    def answer(self, *about: Any, **arguments: Any) -> object:  # noqa: ANN401
        self._calls["convoy"] += 1
        return self._answer(*about, **arguments)


def _count(parts: Components, calls: Counter[str]) -> None:
    """DynamoDB's calls and units, as it tells them."""

    def ask(params: dict[str, Any], **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def take(parsed: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401
        calls[model.name] += 1
        consumed = parsed.get("ConsumedCapacity", [])
        units = "read units" if model.name == "Scan" else "write units"
        for each in consumed if isinstance(consumed, list) else [consumed]:
            calls[units] += each["CapacityUnits"]

    parts.client.meta.events.register("provide-client-params.dynamodb", ask)
    parts.client.meta.events.register("after-call.dynamodb", take)


def main() -> None:
    for name, value in measure():
        print(f"{name:28}{value}", flush=True)
