"""What was committed, compared with what clients were told and with what Convoy received."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from app.wiring import dynamodb
from benchmarks.soak.stack import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.soak.clients import Tally

Json = dict[str, Any]


def report(tally: Tally, received: list[Json]) -> list[str]:
    """Print the counts; give what must not be."""
    changes = [e for e in received if e["event_type"] in {"created", "updated", "deleted"}]
    committed = commits()
    told = tally.told
    arrived = Counter(event["idempotency_key"] for event in changes)
    lost = set(committed.values()) - arrived.keys()
    untold = gaps(changes)
    made_up = arrived.keys() - set(committed.values())
    mistold = {key for key, event_id in told.items() if committed.get(key) != event_id}
    print(f"requests            {tally.outcomes.total()}")
    print(f"  by outcome        {dict(sorted(tally.outcomes.items()))}")
    print(f"committed changes   {len(committed)}")
    print(f"  told to clients   {len(committed.keys() & told.keys())}")
    print(f"  answer lost       {len(committed.keys() - told.keys())} (no client was told)")
    print(f"events received     {len(arrived)} of changes, under a key each")
    print(f"  never committed   {len(made_up)}")
    print(f"lost                {len(lost)}")
    print(f"todos unaccounted   {len(untold)} (at a version that no event told of)")
    print(f"duplicates          {arrived.total() - len(arrived)} (again under the same key)")
    wrong = {
        "lost": lost,
        "todos at a version that no event told of": untold,
        "received, never committed": made_up,
        "told to a client, not committed under its key": mistold,
    }
    problems = [f"{name}: {sorted(ids)[:10]}" for name, ids in wrong.items() if ids]
    return problems if told else [*problems, "no change was made"]


def commits() -> dict[str, str]:
    """Each committed change's event by its Idempotency-Key: clients send one with every request.

    A key's record is in the transaction that makes its change, and outlives the soak.
    """
    return {record["key"]["S"]: record["event_id"]["S"] for record in rows("IdempotencyTable")}


def gaps(changes: list[Json]) -> set[str]:
    """Todos, deleted ones too, whose present version no event told of, whatever the records say."""
    todos = [event["data"]["todo"] for event in changes]
    told = {(todo["id"], todo["version"]) for todo in todos}
    present = {
        (todo_id if todo_id >= 0 else -1 - todo_id, int(item["version"]["N"]))
        for item in rows("TodosTable")
        for todo_id in [int(item["id"]["N"])]
    }
    return {f"todo {todo_id} version {version}" for todo_id, version in present - told}


def rows(table: str) -> Iterator[Json]:
    pages = dynamodb().get_paginator("scan").paginate(TableName=TABLES[table], ConsistentRead=True)
    for page in pages:
        yield from page["Items"]
