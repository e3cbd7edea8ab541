"""A list and two changes on DynamoDB Local, with more and more todos of other owners."""

from __future__ import annotations

import os
from contextlib import ExitStack
from itertools import chain, starmap
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from app.dynamodb.resource_table import COLLECTION
from app.wiring.clients import dynamodb
from benchmarks.compare.filling import fill
from benchmarks.compare.handlers import OURS
from benchmarks.compare.processes import backends, environment, worker
from benchmarks.compare.tables import Samples, Table, rotated
from infra.local import dynamodb_local, tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from benchmarks.compare.processes import Worker

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
ROUTES = ("LIST", "POST", "PUT")
TODOS_PER_OWNER = 100
WARM_UP, CALLS = 150, 30


def measure(rounds: int, sizes: tuple[int, ...] = SIZES) -> Table:
    """Raises DynamoDBLocalError if DynamoDB Local can't run."""
    names = {size: tables.names(f"{size}-") for size in sizes}
    with ExitStack() as stack:
        url = stack.enter_context(dynamodb_local.in_memory())
        canned = stack.enter_context(backends())
        settings = environment(url, canned.url)
        with patch.dict(os.environ, settings):
            client = dynamodb()
            for size in sizes:
                _fill(client, names[size], size)
        workers = {
            size: stack.enter_context(worker(OURS, settings | tables.settings(names[size])))
            for size in sizes
        }
        return _table(_sampled(workers, rounds), rounds, sizes)


def _table(wall: Samples, rounds: int, sizes: tuple[int, ...]) -> Table:
    smallest, largest = sizes[0], sizes[-1]
    grown = [wall.ratio(f"{route} {largest}", f"{route} {smallest}") for route in ROUTES]
    return Table(
        name="growth",
        title="Growth: requests of an owner of 100 todos, on DynamoDB Local",
        note=f"Milliseconds, medians of {rounds} rounds of {CALLS} requests.",
        columns=("others' rows", "list of 100", "ratio", "POST", "ratio", "PUT", "ratio"),
        rows=[
            [
                size,
                *(
                    cell
                    for route in ROUTES
                    for cell in (
                        wall.median(f"{route} {size}") * 1000,
                        wall.ratio(f"{route} {size}", f"{route} {smallest}"),
                    )
                ),
            ]
            for size in sizes
        ],
        found={"growth": max(grown)},
    )


def _sampled(workers: dict[int, Worker], rounds: int) -> Samples:
    wall = Samples()
    for process in workers.values():
        for route in ROUTES:
            process.call(route, WARM_UP)
    for turn in range(rounds):
        for route in ROUTES:
            for size in rotated(list(workers), turn):
                wall.add(f"{route} {size}", workers[size].call(route, CALLS)["wall_s"])
    return wall


def _fill(client: DynamoDBClient, names: dict[str, str], size: int) -> None:
    """Add 100 todos of the owner, and `size` todos of other owners."""
    tables.create_tables(client, names)
    own = (("everyone", number) for number in range(1, TODOS_PER_OWNER + 1))
    others = ((f"owner-{at // TODOS_PER_OWNER}", at) for at in range(size))
    fill(client, names["ResourcesTable"], starmap(_todo, chain(own, others)))


def _todo(owner: str, number: int) -> dict[str, Any]:
    return {
        COLLECTION: {"S": f"todo/{owner}"},
        "id": {"N": str(number)},
        "item": {"S": "Write the tests"},
        "completed": {"BOOL": False},
        "version": {"N": "1"},
    }
