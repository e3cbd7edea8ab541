"""A transaction that is cancelled takes back what its earlier items did: moto's copies are ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tables import TABLES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = TABLES["ResourcesTable"]


def key(number: int) -> dict[str, Any]:
    return {"kind/owner": {"S": "todo/ann"}, "id": {"N": str(number)}}


VALUES: dict[str, Any] = {
    "text": {"S": "one"},
    "bytes": {"B": b"\0"},
    "flag": {"BOOL": False},
    "none": {"NULL": True},
    "names": {"SS": ["a", "b"]},
    "list": {"L": [{"N": "1"}, {"M": {"deep": {"L": []}}}]},
}


@pytest.mark.parametrize("dynamodb", ["moto", "moto_over_http", "dynamodb_local"], indirect=True)
def test_a_cancelled_transaction_changes_nothing(dynamodb: DynamoDBClient) -> None:
    for number in (1, 2):
        dynamodb.put_item(TableName=TABLE, Item=key(number) | VALUES)
    change: Any = {"TableName": TABLE, "ExpressionAttributeNames": {"#t": "text"}}
    update: Any = {
        "UpdateExpression": "SET #t = :t",
        "ExpressionAttributeValues": {":t": {"S": "two"}},
    }
    condition: Any = {"ConditionExpression": "attribute_exists(#t)"}

    items: Any = [
        {"Update": {**change, "Key": key(1), **update}},
        {"Delete": {"TableName": TABLE, "Key": key(2)}},
        {"Put": {"TableName": TABLE, "Item": key(3)}},
        {"Update": {**change, "Key": key(4), **update}},
        {"ConditionCheck": {**change, "Key": key(6), **condition}},
    ]

    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=items)

    found = dynamodb.scan(TableName=TABLE)["Items"]
    assert sorted(found, key=lambda each: each["id"]["N"]) == [key(n) | VALUES for n in (1, 2)]
