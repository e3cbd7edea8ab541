"""The tables of `docs/scale.md`, by the name of the mark that each stands behind."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, inf
from typing import TYPE_CHECKING

from benchmarks.scale import assumptions as given
from benchmarks.scale import cost, limits, work
from benchmarks.scale.deployment import Deployment, Relays, concurrency
from benchmarks.scale.settling import Settling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

RATES = (10, 100, 1000, 10_000)
SETTLED_RATES = (1, 100, 1000)
TARGET = limits.TARGET
HOUR = 3600
MONTH = 30 * 24 * HOUR
GB = 1024**3
BILL = ("what", "how many", "price", "dollars")

ALWAYS = Relays(workers=50, vcpus=1, works_s=60)
"""`relay --watch` on a machine of its own, with as many workers as it takes."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: int) -> str:
    """The last `right` columns hold numbers."""
    rule = ["---"] * (len(head) - right) + ["--:"] * right
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|" + "|".join(rule) + "|", *lines[1:]])


def told(number: float) -> str:
    """Three digits of it, or what is before the point."""
    if number == inf:
        return "never"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def lasting(seconds: float) -> str:
    """In the largest unit of which there are two; what is shorter than a pass is told as that."""
    for unit, length in (("days", 24 * HOUR), ("h", HOUR), ("min", 60)):
        if inf > seconds >= 2 * length:
            return f"{told(seconds / length)} {unit}"
    return "never" if seconds == inf else "a minute or two"


def dollars(number: float) -> str:
    return f"{number + 1e-9:.2f}"  # half a cent is one


def capacity(_: Deployment) -> str:
    longest = "x" * 10_000
    calls = {
        "`POST`": work.of("POST"),
        "`PUT`": work.of("PUT"),
        "`DELETE`": work.of("DELETE"),
        "`POST` with an `Idempotency-Key`": work.of("POST", key=work.KEY),
        "`PUT` of 10,000 characters": work.of("PUT", item=longest),
    }
    tables = ("todos", "outbox", "log", "keys")
    rows = [
        [call, *(str(done.writes[name]) for name in tables), str(done.reads.total())]
        for call, done in calls.items()
    ]
    return table(["", *(f"writes: {name}" for name in tables), "reads"], rows, right=5)


def in_order(deployment: Deployment) -> str:
    rows = [
        [told(limit.rate), limit.what, limit.arithmetic, limit.change]
        for limit in limits.limits(deployment)
    ]
    return table(["from, /s", "limit", "arithmetic", "what to change"], rows, right=0)


def by_rate(deployment: Deployment) -> str:
    post, row_bytes = work.of("POST"), work.of("POST").sizes["outbox"]
    logged = work.logged_bytes(deployment.access_log)
    lines: dict[str, Callable[[int], float]] = {
        "environments busy on average, a connection to Convoy each": lambda rate: concurrency(
            rate, deployment.post_s
        ),
        "vCPUs busy": lambda rate: rate * given.POST_CPU_S,
        "writes/s: todos": lambda rate: rate * post.writes["todos"],
        "writes/s: outbox": lambda rate: rate * post.writes["outbox"],
        "writes/s: log": lambda rate: rate * post.writes["log"],
        "the log of 30 days, GB": lambda rate: rate * MONTH * cost.stored_bytes() / GB,
        "Convoy's default ingest, times": lambda rate: rate / given.CONVOY_INGEST_PER_S,
        "Convoy's agents": lambda rate: ceil(rate * given.DELIVERY_S / given.CONVOY_WORKERS),
        "logs, GB an hour": lambda rate: rate * HOUR * logged / cost.GB,
        "dollars an hour": lambda rate: (
            rate * HOUR / cost.M * cost.total(cost.per_million(deployment))
        ),
        "… of which DynamoDB's writes": lambda rate: (
            rate * HOUR / cost.M * work.of("PUT").writes.total() * given.WRITES_PER_M
        ),
        f"… those provisioned, at {cost.USE:.0%} use": cost.provisioned_per_hour,
        "an hour's outage, GB of outbox": lambda rate: rate * HOUR * row_bytes / GB,
    }
    rows = [[name, *(told(line(rate)) for rate in RATES)] for name, line in lines.items()]
    return table(["changes/s", *(f"{rate:,}" for rate in RATES)], rows, right=len(RATES))


def relays(deployment: Deployment) -> dict[str, Relays]:
    deployed = deployment.relay
    segments = segments_for_an_hour()
    return {
        f"as deployed: {deployed.workers} workers, {deployment.memory_mb} MB, "
        f"{deployed.works_s:.0f} s of each minute": deployed,
        f"`relay --watch --workers {ALWAYS.workers}`, on a core of its own": ALWAYS,
        f"{segments} of these, with a `--segment` of the table each": replace(
            ALWAYS, each=segments
        ),
    }


def segments_for_an_hour() -> int:
    return ceil(TARGET / ALWAYS.rows_per_s)


def draining(deployment: Deployment) -> str:
    """Where Convoy takes enough."""
    rows = [
        [
            name,
            told(relay.rows_per_s),
            *(lasting(rate * HOUR / relay.rows_per_s) for rate in RATES),
        ]
        for name, relay in relays(deployment).items()
    ]
    head = ["the relay", "rows/s", *(f"{rate:,}/s" for rate in RATES)]
    return table(head, rows, right=len(RATES) + 1)


def settling(deployment: Deployment) -> str:
    """Of one pass, a minute's."""
    relay = deployment.relay
    lines: dict[str, Callable[[Settling], float]] = {
        "rows that are due": lambda one: one.due,
        "Convoy: pages of its list of events": lambda one: one.lists,
        "Convoy: other questions": lambda one: one.questions - one.lists,
        "DynamoDB: scans of 1 MB": lambda one: one.scans,
        "… read units": lambda one: one.read_units,
        "DynamoDB: deletes of 25 rows": lambda one: one.deletes,
        "… write units": lambda one: one.write_units,
        "seconds": lambda one: one.seconds(relay.workers),
    }
    passes = [Settling.at(rate) for rate in SETTLED_RATES]
    rows = [[name, *(told(line(one)) for one in passes)] for name, line in lines.items()]
    return table(["changes/s", *(f"{rate:,}" for rate in SETTLED_RATES)], rows, right=len(passes))


def costs(deployment: Deployment) -> str:
    plain, keyed = work.of("PUT"), work.of("PUT", key=work.KEY)
    guarantee = (
        f"{cost.PLAIN_WRITES} write becomes {plain.writes.total()}; a transaction for a put:"
        f" {cost.GUARANTEE_S * 1000:.0f} ms"
    )
    writes = keyed.writes.total() - plain.writes.total()
    reads = keyed.reads.total() - plain.reads.total()
    key = f"{writes} writes, {reads} reads, {given.CALL_S * 1000:.0f} ms"
    rows = bill(cost.per_million(deployment))
    rows += [
        [
            "… of it for the guarantee",
            guarantee,
            "",
            dollars(cost.guarantee(deployment)),
        ],
        [
            "an `Idempotency-Key` adds",
            key,
            "",
            dollars(cost.key(deployment)),
        ],
    ]
    return table(BILL, rows, right=1)


def idle(deployment: Deployment) -> str:
    return table(BILL, bill(cost.per_idle_month(deployment)), right=1)


def bill(lines: Iterable[cost.Line]) -> list[list[str]]:
    lines = list(lines)
    rows = [[line.what, line.how_many, line.price, dollars(line.dollars)] for line in lines]
    return [*rows, ["**in all**", "", "", f"**{dollars(cost.total(lines))}**"]]


TABLES: dict[str, Callable[[Deployment], str]] = {
    "capacity": capacity,
    "settling": settling,
    "limits": in_order,
    "rates": by_rate,
    "draining": draining,
    "costs": costs,
    "idle": idle,
}


def tables() -> dict[str, str]:
    deployment = Deployment.load()
    return {name: make(deployment) for name, make in TABLES.items()}
