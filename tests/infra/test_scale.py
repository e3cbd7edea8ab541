"""The plan's figures are those that `make scale` makes, and agree with what can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import todos
from app.ports import Claim
from app.todos import Todo
from benchmarks.scale import limits, work
from benchmarks.scale.__main__ import MARKED, PLAN, filled
from benchmarks.scale.assumptions import OWNER
from benchmarks.scale.deployment import Deployment, Relays
from benchmarks.scale.outage import OUTAGE_S, after_an_hour
from benchmarks.scale.pool import Pool, black_hole
from benchmarks.scale.tables import TABLES, tables
from tests.capacity import counted
from tests.support import NOW, make_store
from tests.support import TABLES as NAMES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PLENTY = 1e9
FITS = work.WRITE_BYTES - work.of("POST", item="").sizes["outbox"]
"""Characters of an item whose row of the outbox is a kilobyte."""


def test_the_committed_plan_has_the_figures_of_the_code() -> None:
    plan = PLAN.read_text()

    assert filled(plan, tables()) == plan, "run make scale, and commit it"
    assert MARKED.findall(plan) == list(TABLES)


@pytest.mark.parametrize("dynamodb", ["dynamodb_local"], indirect=True)
@pytest.mark.parametrize("length", [30, FITS, FITS + 1, 10_000])
def test_the_units_are_those_that_dynamodb_local_tells(
    dynamodb: DynamoDBClient, length: int
) -> None:
    item = "x" * length
    store = make_store(dynamodb)
    change = todos.create(Todo(OWNER, work.TODO_ID, item), now=work.NOW, event_id=work.EVENT_ID)
    with counted(dynamodb) as taken:
        store.commit(change, Claim(OWNER, work.KEY, "f" * 64, NOW))
        store.read(OWNER, work.TODO_ID)
        store._outbox.ack(work.EVENT_ID)
    told = {f"{call} {table}": of for call, units in taken for table, of in units.items()}

    ours = work.of("POST", item=item, key=work.KEY)
    ack = told[f"DeleteItem {NAMES['OutboxTable']}"]
    # It tells a transaction as four times a write, on AWS it is two; and it adds up the bytes of a
    # table's items before it rounds: the check of the tombstone goes under, or makes up a kilobyte.
    check = 2
    assert told[f"TransactWriteItems {NAMES['OutboxTable']}"] / 2 + ack == ours.writes["outbox"]
    told_todos = told[f"TransactWriteItems {NAMES['TodosTable']}"] / 2
    assert ours.writes["todos"] - check <= told_todos <= ours.writes["todos"]
    assert told[f"TransactWriteItems {NAMES['EventsTable']}"] / 2 == ours.writes["log"]
    assert told[f"TransactWriteItems {NAMES['IdempotencyTable']}"] / 2 == ours.writes["keys"]
    assert told[f"GetItem {NAMES['TodosTable']}"] == work.of("PUT", item=item).reads["todos"]


def test_where_convoy_takes_all_the_simulated_relay_drains_as_arithmetic_says() -> None:
    relay = Relays(workers=4, vcpus=1, works_s=39)

    found = after_an_hour(rate=1000, environments=68, ingest_per_s=PLENTY, relays=relay)

    assert found.drained_per_s == pytest.approx(relay.rows_per_s, rel=0.01)
    assert found.seconds == pytest.approx(1000 * OUTAGE_S / relay.rows_per_s, rel=0.01)
    assert found.pending == 0


@pytest.mark.parametrize("beside", [-100, 100, 300])
def test_what_drains_is_at_most_what_convoy_takes_beside_the_live_changes(beside: float) -> None:
    relay = Relays(workers=50, vcpus=1, works_s=60)

    found = after_an_hour(rate=1000, environments=68, ingest_per_s=1000 + beside, relays=relay)

    assert found.drained_per_s == pytest.approx(beside, abs=20)
    assert found.pending > 0


def turned_away(jitter: float) -> float:
    deployment = Deployment.load()
    pool = Pool(deployment.post_s, deployment.pending_s, 2.0, jitter, any_free=False, rate=2000)
    return black_hole(pool).later


def test_breakers_with_jitter_turn_nobody_away_once_an_outage_has_begun() -> None:
    assert turned_away(jitter=1.0) == 0
    assert turned_away(jitter=0.0) > 0.1


def test_limits_are_told_in_the_order_in_which_they_are_met() -> None:
    rates = [limit.rate for limit in limits.limits(Deployment.load())]

    assert rates == sorted(rates)
    assert len(rates) == 12
