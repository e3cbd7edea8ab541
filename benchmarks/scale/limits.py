"""The limits, each as the rate of changes a second at which it is met."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import TYPE_CHECKING

from benchmarks.scale import assumptions as given
from benchmarks.scale.settling import most
from benchmarks.scale.work import of

if TYPE_CHECKING:
    from benchmarks.scale.deployment import Deployment

TARGET = 10_000
DOUBLING_MIN = 30


@dataclass(frozen=True, slots=True)
class Limit:
    rate: float
    what: str
    arithmetic: str
    change: str


def outbox_writes() -> int:
    return of("POST").writes["outbox"]


def owner_rate() -> float:
    """Changes a second of one owner: all are in the one partition of the owner's todos."""
    return given.PARTITION_WRITES / of("POST").writes["todos"]


def new_account_rate(deployment: Deployment) -> float:
    quota = given.NEW_ACCOUNT_CONCURRENCY
    return min(quota / deployment.post_s, quota * given.REQUESTS_PER_CONCURRENCY)


def minutes_to_warm(rate: float) -> float:
    """Until a new table on demand has doubled often enough to take the outbox's writes."""
    doublings = ceil(log2(rate * outbox_writes() / given.NEW_TABLE_WRITES))
    return max(0, doublings) * DOUBLING_MIN


def limits(deployment: Deployment) -> list[Limit]:
    """In the order in which they are met."""
    found = [*_ours(deployment), *_lambdas(deployment), *_dynamodbs(), *_convoys()]
    return sorted(found, key=lambda limit: limit.rate)


def _ours(deployment: Deployment) -> list[Limit]:
    relay = deployment.relay
    row_ms = (given.QUESTION_S + given.PUBLISH_S) * 1000
    return [
        Limit(
            relay.rows_per_s,
            "the relay: an hour's outage takes it over an hour",
            f"{relay.workers} workers / {row_ms:.0f} ms × {relay.works_s:.0f} of 60 s",
            "a relay that works all the time, with more workers; then a segment each: below",
        ),
        Limit(
            most(relay.workers, relay.works_s),
            "the relay: a pass does not settle the changes of a minute, and the outbox grows",
            f"pages of Convoy's list, one after the other, in {relay.works_s:.0f} s",
            "`relay --watch`: twice as many; more rows a batch (`BATCH_PAGES`), longer pages",
        ),
        Limit(
            deployment.rate_limit,
            "the stage's own throttle",
            "`rateLimit`",
            "`rateLimit` and `burstLimit`, to what the account is meant to bear",
        ),
        Limit(
            given.CONCURRENCY / deployment.deadline_s,
            "a Convoy that does not answer: changes are turned away while its outage begins",
            f"{given.CONCURRENCY:,} environments / {deployment.deadline_s:.0f} s",
            "more concurrency; a shorter `CONVOY_DEADLINE_S`",
        ),
    ]


def _lambdas(deployment: Deployment) -> list[Limit]:
    new, post_ms = given.NEW_ACCOUNT_CONCURRENCY, deployment.post_s * 1000
    return [
        Limit(
            new_account_rate(deployment),
            "a new account's concurrency",
            f"{new} environments / {post_ms:.0f} ms, at most {given.REQUESTS_PER_CONCURRENCY} "
            "requests a second each",
            f"ask for {given.CONCURRENCY:,}",
        ),
        Limit(
            given.CONCURRENCY * given.REQUESTS_PER_CONCURRENCY,
            "Lambda's requests a second",
            f"{given.CONCURRENCY:,} × {given.REQUESTS_PER_CONCURRENCY}",
            "more concurrency: both quotas grow together",
        ),
        Limit(
            given.CONCURRENCY / deployment.post_s,
            "Lambda's concurrency",
            f"{given.CONCURRENCY:,} / {post_ms:.0f} ms",
            "more concurrency",
        ),
        Limit(
            given.GATEWAY_RATE,
            "API Gateway's quota, of all APIs of the account",
            "its default",
            "ask for more; some regions begin at a quarter",
        ),
    ]


def _dynamodbs() -> list[Limit]:
    todo, outbox = of("POST").writes["todos"], outbox_writes()
    warm_min = minutes_to_warm(TARGET)
    left = given.TABLE_WRITES - TARGET * outbox
    return [
        Limit(
            owner_rate(),
            "one owner",
            f"{given.PARTITION_WRITES:,} writes of a partition / {todo}",
            "wait for the split (below), or spread an owner over several keys",
        ),
        Limit(
            given.NEW_TABLE_WRITES / outbox,
            "a new table on demand",
            f"{given.NEW_TABLE_WRITES:,} writes / {outbox}",
            f"`WarmThroughput` before the launch; else it takes {warm_min:.0f} min to grow to "
            f"{TARGET:,}/s",
        ),
        Limit(
            given.TABLE_WRITES / outbox,
            "the outbox's quota",
            f"{given.TABLE_WRITES:,} writes / {outbox}",
            f"ask for more: at {TARGET:,}/s it leaves the relay {left:,} deletes a second",
        ),
    ]


def _convoys() -> list[Limit]:
    ingest, workers = given.CONVOY_INGEST_PER_S, given.CONVOY_WORKERS
    return [
        Limit(
            ingest,
            "Convoy's ingest, of a deployment and all its servers",
            f"{ingest * given.CONVOY_BUCKET_S:,} events / {given.CONVOY_BUCKET_S} s",
            "`CONVOY_INSTANCE_INGEST_RATE`, which takes a licence; or several deployments, an "
            "owner in one of them",
        ),
        Limit(
            workers / given.DELIVERY_S,
            "Convoy's deliveries, of one agent, to one endpoint an owner",
            f"{workers} workers / {given.DELIVERY_S * 1000:.0f} ms",
            "more agents; its PostgreSQL is the next limit, and was not measured",
        ),
    ]
