"""The tables of moto in this process, put back without a call: in 0.2 ms instead of 15."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from infra.local.tables import create_tables
from tests.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.table import Table
    from mypy_boto3_dynamodb import DynamoDBClient


@contextmanager
def new_tables(client: DynamoDBClient) -> Iterator[None]:
    """The tables of `infra/tables.yml`, empty, and no other."""
    backend = _backend(client)
    backend.tables = deepcopy(_created(client))
    yield
    backend.tables = {}


@cache
def _created(client: DynamoDBClient) -> dict[str, Table]:
    create_tables(client, TABLES, expiring=False)
    tables: dict[str, Table] = _backend(client).tables
    return tables


def _backend(client: DynamoDBClient) -> DynamoDBBackend:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][client.meta.region_name]
