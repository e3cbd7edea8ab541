"""The tables of `docs/scale.md`, by the name of the mark that each stands behind."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, inf
from typing import TYPE_CHECKING

from benchmarks.scale import assumptions as given
from benchmarks.scale import cost, limits, outage, work
from benchmarks.scale.deployment import Deployment, Relays, concurrency
from benchmarks.scale.pool import Pool, black_hole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

RATES = (10, 100, 1000, 10_000)
TARGET = limits.TARGET
HOUR = 3600
MB = 1024**2
GB = 1024**3
PAGE_RRU = MB // work.READ_BYTES
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


def drained(deployment: Deployment, rate: float, relay: Relays, ingest: float) -> outage.Drained:
    return outage.after_an_hour(
        rate=rate,
        environments=max(1.0, concurrency(rate, deployment.post_s)),
        ingest_per_s=ingest,
        relays=relay,
    )


def draining(deployment: Deployment) -> str:
    """Where Convoy takes enough."""
    rows = []
    for name, relay in relays(deployment).items():
        times = [
            lasting(drained(deployment, rate, relay, rate + relay.tries_per_s).seconds)
            for rate in RATES
        ]
        rows.append([name, told(relay.rows_per_s), *times])
    head = ["the relay", "rows/s", *(f"{rate:,}/s" for rate in RATES)]
    return table(head, rows, right=len(RATES) + 1)


def ingesting(deployment: Deployment) -> str:
    """At the target, with a relay that would drain an hour in an hour."""
    relay = replace(ALWAYS, each=segments_for_an_hour())
    rows = []
    for ingest in (9000, 10_000, 11_000, 15_000, 20_000, 25_000):
        found = drained(deployment, TARGET, relay, ingest)
        took = lasting(found.seconds)
        rows.append([f"{ingest:,}", f"{found.drained_per_s:,.0f}", took, f"{found.pending:.1%}"])
    head = [
        "Convoy takes, /s",
        "rows/s out of the outbox",
        "an hour's rows",
        "live, pending",
    ]
    return table(head, rows, right=4)


def scanning(deployment: Deployment) -> str:
    row_bytes = work.of("POST").sizes["outbox"]
    per_page = MB / row_bytes
    page_s = given.SCAN_S + per_page * given.SCANNED_CPU_S / deployment.vcpus
    sees = deployment.relay.works_s / page_s * per_page
    in_flight = TARGET * deployment.post_s
    rows = []
    for number in (in_flight, *(rate * HOUR for rate in RATES)):
        pages = max(1, ceil(number / per_page))
        if number == in_flight:
            pages_read = ceil(number * row_bytes / work.READ_BYTES)
        else:
            pages_read = pages * PAGE_RRU
        rows.append(
            [
                f"{number:,.0f}",
                f"{pages_read:,}",
                dollars(pages_read * given.READS_PER_M / cost.M),
                f"{ceil(pages * page_s):,} s",
                f"{min(1, sees / number):.0%}",
            ]
        )
    head = ["rows", "read units", "dollars", "a whole scan", "a pass sees"]
    return table(head, rows, right=5)


def holed(deployment: Deployment) -> str:
    """Turned away, at the worse of the two ways to take a free environment."""
    kinds = {
        "as it is": (deployment.deadline_s, 1.0),
        "breakers without jitter": (deployment.deadline_s, 0.0),
        "deadline 0.5 s": (0.5, 1.0),
    }
    rows = []
    for rate in (100, 500, 1000, 10_000):
        row = [f"{rate:,}"]
        for deadline_s, jitter in kinds.values():
            shares = [
                black_hole(
                    Pool(
                        deployment.post_s, deployment.pending_s, deadline_s, jitter, any_free, rate
                    )
                )
                for any_free in (False, True)
            ]
            first, later = max(s.first for s in shares), max(s.later for s in shares)
            row.append(f"{first:.1%}, {later:.1%}")
        rows.append(row)
    return table(["changes/s", *kinds], rows, right=len(kinds))


def costs(deployment: Deployment) -> str:
    plain, keyed = work.of("PUT"), work.of("PUT", key=work.KEY)
    guarantee = (
        f"{cost.PLAIN_WRITES} write becomes {plain.writes.total()}; a transaction for a put,"
        f" and the ack: {cost.GUARANTEE_S * 1000:.0f} ms"
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
    "limits": in_order,
    "rates": by_rate,
    "draining": draining,
    "ingesting": ingesting,
    "scanning": scanning,
    "black hole": holed,
    "costs": costs,
    "idle": idle,
}


def tables() -> dict[str, str]:
    deployment = Deployment.load()
    return {name: make(deployment) for name, make in TABLES.items()}
