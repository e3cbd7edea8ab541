"""The DynamoDB of `make run`: requests that come together."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from infra.local import moto_dynamodb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication

    from tests.support import JsonObject

TABLE = "concurrent"
CLIENTS = 10
OLD_ROWS = 500  # so that moto takes long to copy the table
CREDENTIAL = "Credential=x/20261124/us-west-1/dynamodb/aws4_request"  # no other test's region


@cache
def server() -> WSGIApplication:
    return moto_dynamodb.build()


def call(operation: str, about: JsonObject) -> tuple[int, JsonObject]:
    headers = {
        "Host": "localhost:8001",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": f"AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host, Signature=x",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    }
    answer = Client(server()).post("/", data=json.dumps(about), headers=headers)
    return answer.status_code, answer.get_json(force=True)


@pytest.fixture
def table() -> Iterator[None]:
    call(
        "CreateTable",
        {
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        },
    )
    for first in range(0, OLD_ROWS, 25):
        rows = [{"PutRequest": {"Item": item(-1 - first - n)}} for n in range(25)]
        assert call("BatchWriteItem", {"RequestItems": {TABLE: rows}})[0] == 200
    yield
    call("DeleteTable", {"TableName": TABLE})


def item(number: int) -> JsonObject:
    return {"id": {"N": f"{number}"}}


def create(*numbers: int) -> int:
    puts = [
        {
            "TableName": TABLE,
            "Item": item(number),
            "ConditionExpression": "attribute_not_exists(id)",
        }
        for number in numbers
    ]
    return call("TransactWriteItems", {"TransactItems": [{"Put": put} for put in puts]})[0]


def test_transactions_of_ten_clients_change_only_what_they_say(table: None) -> None:
    def write(number: int) -> int:
        taken = (
            [-1] if number % 2 else []
        )  # a row that is there: nothing of the transaction is done
        return create(number, *taken)

    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(write, range(6 * CLIENTS)))

    assert answers == [200, 400] * (3 * CLIENTS)
    _, found = call("Scan", {"TableName": TABLE})
    numbers = {int(row["id"]["N"]) for row in found["Items"]}
    assert {number for number in numbers if number >= 0} == set(range(0, 6 * CLIENTS, 2))
