"""The tables of `docs/scale.md`, by the name of their marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from app.convoy.questions import DEADLINE_S
from app.outbox.relay import WORKERS
from app.wiring.relay import WRITE_S
from benchmarks.compare.tables import grid
from benchmarks.scale import assumptions as given
from benchmarks.scale.relay import max_settled_per_s, pass_costs, published_per_s
from benchmarks.scale.work import CLAIM, READ_BYTES, work_of
from infra.local.tables import template
from infra.package.build import ROOT

if TYPE_CHECKING:
    from pathlib import Path

M, GB, MONTH_S = 1e6, 1e9, 30 * 24 * 3600

DEPLOYED = yaml.safe_load(re.sub(r"!\w+ ", "", (ROOT / "serverless.yml").read_text()))
MEMORY_MB: int = DEPLOYED["provider"]["memorySize"]
MEMORY_GB, VCPUS = MEMORY_MB / 1024, MEMORY_MB / given.VCPU_MB
PUBLISH_DEADLINE_S = float(DEPLOYED["provider"]["environment"]["CONVOY_DEADLINE_S"])
WORK_S = DEPLOYED["functions"]["relay"]["timeout"] - (PUBLISH_DEADLINE_S + DEADLINE_S + WRITE_S)
"""Seconds of each minute in which the relay starts new work."""

CHANGE_S = given.CALL_S + given.TRANSACTION_S + given.PUBLISH_S + given.POST_CPU_S / VCPUS
"""A `PUT` or `DELETE`, which reads the todo first."""
CHANGE = work_of("update")
LOGGED_GB = (CHANGE.sizes["log"] + given.STORED_OVERHEAD) / GB

Bill = list[tuple[str, str, float]]


def capacity() -> str:
    calls = {
        "`POST`": work_of("create"),
        "`PUT`": CHANGE,
        "`DELETE`": work_of("delete"),
        "`POST` with an `Idempotency-Key`": work_of("create", claim=CLAIM),
        "`PUT` of 10,000 characters": work_of("update", item="x" * 10_000),
    }
    tables = ("resources", "outbox", "log", "keys")
    columns = ["", *(f"writes: {name}" for name in tables), "reads"]
    units = ((*(work.writes[name] for name in tables), work.reads) for work in calls.values())
    return grid(columns, [(call, *used) for call, used in zip(calls, units, strict=True)])


def relay() -> str:
    passes = {f"{rate:,}": pass_costs(rate) for rate in (1, 100, 1000)}
    names = pass_costs(1)
    return grid(["changes/s", *passes], [[n, *(p[n] for p in passes.values())] for n in names])


def rates() -> str:
    deployed = f"as deployed: {WORKERS} workers, {MEMORY_MB} MB, {WORK_S:.0f} s of each minute"
    published = published_per_s(WORKERS, VCPUS) * WORK_S / 60
    watching = "`relay --watch --workers 50`, on a core of its own"
    rows = [
        (deployed, max_settled_per_s(WORK_S), published),
        (watching, max_settled_per_s(60), published_per_s(50, 1)),
    ]
    return grid(["the relay", "settles, changes/s", "publishes, rows/s"], rows)


def reads() -> str:
    """What published reads are for Convoy: each is an event, as a change is."""
    columns = ["reads a change", "events/s of 100 changes/s", "changes/s at Convoy's limit"]
    return grid(columns, [(n, 100 * (1 + n), given.INGEST_PER_S / (1 + n)) for n in (0, 1, 9, 99)])


def change() -> Bill:
    """A million updates that Convoy accepts."""
    writes, time_s = CHANGE.writes.total(), f"{CHANGE_S * 1000:.0f} ms × {MEMORY_GB:g} GB"
    # Two passes of the relay read each row. A page has many rows.
    reads = CHANGE.reads + 2 * CHANGE.sizes["outbox"] / READ_BYTES
    sent, logged = given.SENT_BYTES, given.LOGGED_BYTES
    return [
        ("API Gateway", "1", given.GATEWAY_PER_M),
        ("Lambda, requests", "1", given.LAMBDA_PER_M),
        ("Lambda, time", time_s, M * CHANGE_S * MEMORY_GB * given.LAMBDA_PER_GB_S),
        ("DynamoDB, writes", f"{writes}", writes * given.WRITES_PER_M),
        ("DynamoDB, reads, the relay's too", f"{reads:.2f}", reads * given.READS_PER_M),
        ("the log, a month", f"{LOGGED_GB * GB:.0f} bytes", M * LOGGED_GB * given.STORED_PER_GB),
        ("logs, metrics among them", f"{logged} bytes", M * logged / GB * given.LOGS_PER_GB),
        ("data out, Convoy and clients", f"{sent} bytes", M * sent / GB * given.DATA_OUT_PER_GB),
    ]


SNAPSHOTS = 2 * 3
"""The functions with SnapStart, by the versions of each: the one in use, and two to go back to."""


def idle() -> Bill:
    """A month of a stage that nobody calls."""
    alarm_metrics, metrics = sum(map(_watched, (ROOT / "infra" / "alarms").glob("*.yml"))), 15
    passes, snapshots_gb = MONTH_S / 60, SNAPSHOTS * MEMORY_GB
    snapshots = MONTH_S * snapshots_gb * given.SNAPSHOT_PER_GB_S
    relay = given.PASS_S * MEMORY_GB * given.LAMBDA_PER_GB_S + given.LAMBDA_PER_M / M
    return [
        ("the relay, a pass each minute", f"{passes:,.0f} × {given.PASS_S} s", passes * relay),
        ("SnapStart's snapshots", f"{snapshots_gb:g} GB", snapshots),
        ("metrics of app/outbox/metrics.py", f"{metrics}", metrics * given.METRIC),
        ("alarms, by metric", f"{alarm_metrics}", alarm_metrics * given.ALARM_METRIC),
        ("dashboard and secret", "1 each", given.DASHBOARD + given.SECRET),
    ]


def _watched(alarms: Path) -> int:
    """How many metrics the alarms of a file watch: each is charged for."""
    watched = 0
    for resource in template(alarms)["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            metrics = resource["Properties"].get("Metrics", [{"MetricStat": {}}])
            watched += sum("MetricStat" in each for each in metrics)
    return watched


def bill_table(bill: Bill) -> str:
    total = ("**in all**", "", sum(line[2] for line in bill))
    return grid(["what", "how many", "dollars"], [*bill, total])


def month() -> str:
    fixed, each = sum(line[2] for line in idle()), sum(line[2] for line in change()) / M
    rows = [(rate, fixed + rate * MONTH_S * each) for rate in (1, 100, 1000)]
    return grid(["changes/s", "dollars a month"], rows)


def tables() -> dict[str, str]:
    return {
        "capacity": capacity(),
        "relay": relay(),
        "rates": rates(),
        "reads": reads(),
        "change": bill_table(change()),
        "idle": bill_table(idle()),
        "month": month(),
    }
