"""Dollars, by list price."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.scale import assumptions as given
from benchmarks.scale.work import READ_BYTES, logged_bytes, of, published_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.scale.deployment import Deployment
    from benchmarks.scale.work import Work

M = 1_000_000
GB = 1_000_000_000
PLAIN_WRITES = 1
"""Of a conditional put of the todo, as it would be without an outbox."""

MINUTES = 30 * 24 * 60
"""Of a month."""

ALARMS = Path(__file__).parents[2] / "infra" / "alarms.yml"
RELAY_METRICS, OUTCOMES = 10, 5
"""What app/outbox/metrics.py tells; a metric for each outcome of publishing."""

GUARANTEE_S = given.TRANSACTION_S - given.CALL_S
"""A transaction in a put's place."""

USE = 0.7
"""Of provisioned capacity, on an average."""


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    how_many: str
    price: str
    dollars: float


def stored_bytes() -> int:
    """Of an event in the log."""
    return of("PUT").sizes["log"] + given.STORED_OVERHEAD


def scanned() -> float:
    """Read units of a row of the outbox: two passes meet it."""
    return 2 * of("PUT").sizes["outbox"] / READ_BYTES


def lambda_time(deployment: Deployment, seconds: float) -> float:
    """Dollars of a million requests of so many seconds."""
    return gb_s(deployment, seconds) * given.LAMBDA_PER_GB_S


def gb_s(deployment: Deployment, seconds: float) -> float:
    return M * seconds * deployment.memory_mb / 1024


def per_million(deployment: Deployment) -> list[Line]:
    """A million updates that Convoy accepts."""
    work = of("PUT")
    writes, reads = work.writes.total(), work.reads.total()
    ms = deployment.change_s * 1000
    logged = logged_bytes(deployment.access_log)
    sent = published_bytes() + given.ANSWER_BYTES
    return [
        Line("API Gateway", "1 M", f"{given.GATEWAY_PER_M:.2f} per M", given.GATEWAY_PER_M),
        Line("Lambda, requests", "1 M", f"{given.LAMBDA_PER_M:.2f} per M", given.LAMBDA_PER_M),
        Line(
            "Lambda, time",
            f"1 M × {ms:.0f} ms × {deployment.memory_mb / 1024:g} GB"
            f" = {gb_s(deployment, deployment.change_s):,.0f} GB-s",
            f"{given.LAMBDA_PER_GB_S:.10f} per GB-s",
            lambda_time(deployment, deployment.change_s),
        ),
        Line(
            "DynamoDB, writes",
            f"1 M × {writes}",
            f"{given.WRITES_PER_M} per M",
            writes * given.WRITES_PER_M,
        ),
        Line(
            "DynamoDB, reads, the relay's among them",
            f"1 M × {reads + scanned():.2f}",
            f"{given.READS_PER_M} per M",
            (reads + scanned()) * given.READS_PER_M,
        ),
        Line(
            "DynamoDB, a month of the log",
            f"1 M × {stored_bytes()} bytes",
            f"{given.STORED_GB_PER_MONTH:.2f} per GB",
            M * stored_bytes() / GB * given.STORED_GB_PER_MONTH,
        ),
        Line(
            "logs, metrics among them",
            f"1 M × {logged} bytes",
            f"{given.LOGS_PER_GB:.2f} per GB",
            M * logged / GB * given.LOGS_PER_GB,
        ),
        Line(
            "data out, to Convoy and to clients",
            f"1 M × {sent} bytes",
            f"{given.DATA_OUT_PER_GB:.2f} per GB",
            M * sent / GB * given.DATA_OUT_PER_GB,
        ),
    ]


def per_idle_month(deployment: Deployment) -> list[Line]:
    """A stage that nobody calls."""
    gb, alarms = deployment.memory_mb / 1024, ALARMS.read_text()
    watched = alarms.count("MetricName:")
    metrics = RELAY_METRICS + OUTCOMES
    passed, kept = MINUTES * given.PASS_S * gb, MINUTES * 60 * gb
    return [
        Line(
            "the relay, a pass each minute",
            f"{MINUTES:,} × {given.PASS_S:g} s × {gb:g} GB = {passed:,.0f} GB-s",
            f"{given.LAMBDA_PER_GB_S:.10f} per GB-s, {given.LAMBDA_PER_M:.2f} per M",
            passed * given.LAMBDA_PER_GB_S + MINUTES / M * given.LAMBDA_PER_M,
        ),
        Line(
            "SnapStart's snapshot",
            f"{gb:g} GB × {MINUTES * 60:,} s",
            f"{given.SNAPSHOT_PER_GB_S:.10f} per GB-s",
            kept * given.SNAPSHOT_PER_GB_S,
        ),
        _each("metrics", f"{metrics}", metrics, given.METRIC_PER_MONTH),
        _each(
            "alarms",
            f"{watched} metrics in {alarms.count('AWS::CloudWatch::Alarm')} alarms",
            watched,
            given.ALARM_PER_MONTH,
        ),
        _each("dashboard", "1", 1, given.DASHBOARD_PER_MONTH),
        _each("secret", "1", 1, given.SECRET_PER_MONTH),
    ]


def _each(what: str, how_many: str, number: int, price: float) -> Line:
    return Line(what, how_many, f"{price:.2f} each", number * price)


def total(lines: Iterable[Line]) -> float:
    return sum(line.dollars for line in lines)


def guarantee(deployment: Deployment) -> float:
    """What of it a million changes would not cost if their events could be lost."""
    writes = of("PUT").writes.total() - PLAIN_WRITES
    return writes * given.WRITES_PER_M + lambda_time(deployment, GUARANTEE_S)


def key(deployment: Deployment) -> float:
    """What a million `Idempotency-Key`s add."""
    plain, keyed = of("PUT"), of("PUT", key="k")
    return units(keyed) - units(plain) + lambda_time(deployment, given.CALL_S)


def units(work: Work) -> float:
    return work.writes.total() * given.WRITES_PER_M + work.reads.total() * given.READS_PER_M


def provisioned_per_hour(rate: float) -> float:
    """DynamoDB's writes, at USE of what is provisioned."""
    return rate * of("PUT").writes.total() / USE * given.WRITE_UNIT_PER_HOUR
