"""The plan's figures are those that `make scale` makes, and agree with what can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.domain.ports import Claim
from app.resources.todo import TODO, Todo
from benchmarks.scale import limits, work
from benchmarks.scale.__main__ import MARKED, PLAN, filled
from benchmarks.scale.assumptions import OWNER
from benchmarks.scale.deployment import Deployment
from benchmarks.scale.settling import Settling, most
from benchmarks.scale.tables import TABLES, tables
from tests.capacity import counted
from tests.support import NOW, make_store
from tests.support import TABLES as NAMES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

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
    change = TODO.create(Todo(OWNER, work.TODO_ID, item), now=work.NOW, event_id=work.EVENT_ID)
    with counted(dynamodb) as taken:
        store.commit(change, Claim(OWNER, work.KEY, "f" * 64, NOW))
        store.read(OWNER, work.TODO_ID)
        store._outbox.remove([work.EVENT_ID])
    told = {f"{call} {table}": of for call, units in taken for table, of in units.items()}

    ours = work.of("POST", item=item, key=work.KEY)
    removed = told[f"BatchWriteItem {NAMES['OutboxTable']}"]
    # It counts a transaction as four times a write, on AWS it is two; and it adds up the bytes of a
    # table's items before it rounds: the check of the tombstone goes under, or makes up a kilobyte.
    check = 2
    assert told[f"TransactWriteItems {NAMES['OutboxTable']}"] / 2 + removed == ours.writes["outbox"]
    told_todos = told[f"TransactWriteItems {NAMES['ResourcesTable']}"] / 2
    assert ours.writes["todos"] - check <= told_todos <= ours.writes["todos"]
    assert told[f"TransactWriteItems {NAMES['EventsTable']}"] / 2 == ours.writes["log"]
    assert told[f"TransactWriteItems {NAMES['IdempotencyTable']}"] / 2 == ours.writes["keys"]
    assert told[f"GetItem {NAMES['ResourcesTable']}"] == work.of("PUT", item=item).reads["todos"]


def test_a_relay_settles_what_a_pass_of_its_time_can() -> None:
    rate = most(workers=16, works_s=34)

    assert Settling.at(rate).seconds(16) <= 34 < Settling.at(rate + 2).seconds(16)


def test_a_pass_asks_for_no_list_of_the_past_minute_twice_while_its_rows_are_few() -> None:
    few = Settling(rate=100, row_bytes=500)

    assert few.lists == 14
    assert (few.deletes, few.write_units) == (240, 6000)


def test_limits_are_told_in_the_order_in_which_they_are_met() -> None:
    rates = [limit.rate for limit in limits.limits(Deployment.load())]

    assert rates == sorted(rates)
    assert len(rates) == 13
