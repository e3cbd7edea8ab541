"""The figures of the plan match `make scale`, and agree with DynamoDB Local and the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.outbox.relay import WORKERS
from benchmarks.scale import work
from benchmarks.scale.__main__ import MARKED, PLAN, filled
from benchmarks.scale.assumptions import OWNER
from benchmarks.scale.plan import VCPUS, WORK_S, tables
from benchmarks.scale.relay import max_settled_per_s, pass_costs, published_per_s
from tests.capacity import counted
from tests.tables import TABLES as NAMES
from tests.tables import make_store
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FITS = work.WRITE_BYTES - work.work_of("create", item="").sizes["outbox"]
"""The length of an item whose row in the outbox has exactly one kilobyte."""


def test_the_committed_plan_matches_the_code() -> None:
    plan = PLAN.read_text()

    assert filled(plan, tables()) == plan, "run make scale, and commit it"
    assert MARKED.findall(plan) == list(tables())


@pytest.mark.parametrize("dynamodb", ["dynamodb_local"], indirect=True)
@pytest.mark.parametrize("length", [30, FITS, FITS + 1, 10_000])
def test_the_units_are_those_that_dynamodb_local_counts(
    dynamodb: DynamoDBClient, length: int
) -> None:
    item = "x" * length
    store = make_store(dynamodb)
    change = TODO.create(Todo(OWNER, work.TODO_ID, item), now=work.NOW, event_id=work.EVENT_ID)
    with counted(dynamodb) as taken:
        store.commit(change, work.CLAIM)
        store.read(OWNER, work.TODO_ID)
        store._outbox.remove([work.EVENT_ID])
    used = {f"{call} {table}": of for call, units in taken for table, of in units.items()}

    ours = work.work_of("create", item=item, claim=work.CLAIM)
    removed = used[f"BatchWriteItem {NAMES['OutboxTable']}"]
    # DynamoDB Local counts a transaction as four writes, AWS as two. It also adds up the bytes of a
    # table's items before it rounds, so the check of the tombstone costs nothing or one kilobyte.
    check = 2
    assert used[f"TransactWriteItems {NAMES['OutboxTable']}"] / 2 + removed == ours.writes["outbox"]
    used_by_resources = used[f"TransactWriteItems {NAMES['ResourcesTable']}"] / 2
    assert ours.writes["resources"] - check <= used_by_resources <= ours.writes["resources"]
    assert used[f"TransactWriteItems {NAMES['EventsTable']}"] / 2 == ours.writes["log"]
    assert used[f"TransactWriteItems {NAMES['IdempotencyTable']}"] / 2 == ours.writes["keys"]
    assert used[f"GetItem {NAMES['ResourcesTable']}"] == work.work_of("update", item=item).reads


def test_the_limits_in_the_plan_match_the_code() -> None:
    plan, writes = PLAN.read_text(), work.work_of("create").writes

    assert f"| {max_settled_per_s(WORK_S):,} | the relay: " in plan
    assert f"| {int(published_per_s(WORKERS, VCPUS) * WORK_S / 60)} | the relay: " in plan
    assert f"| 1,000 writes of a partition / {writes['resources']} |" in plan
    assert f"| 4,000 writes / {writes['outbox']} |" in plan


def test_a_relay_settles_as_much_as_fits_into_its_pass() -> None:
    rate = max_settled_per_s(work_s=34)

    assert pass_costs(rate)["seconds"] <= 34 < pass_costs(rate + 1)["seconds"]
