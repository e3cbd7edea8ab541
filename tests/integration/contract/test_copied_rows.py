"""docs/releases.md's script copies the rows of 0.1.0 so that they are read."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from tests.paths import ROOT
from tests.tables import TABLES, make_store
from tests.todo import Todo

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_dynamodb import DynamoDBClient

RELEASES = (ROOT / "docs" / "releases.md").read_text()
KEYS: dict[str, Any] = {
    "AttributeDefinitions": [
        {"AttributeName": "owner", "AttributeType": "S"},
        {"AttributeName": "id", "AttributeType": "N"},
    ],
    "KeySchema": [
        {"AttributeName": "owner", "KeyType": "HASH"},
        {"AttributeName": "id", "KeyType": "RANGE"},
    ],
}
ROW: dict[str, Any] = {
    "owner": {"S": "a/nn"},
    "id": {"N": "1"},
    "item": {"S": "x"},
    "completed": {"BOOL": True},
    "version": {"N": "7"},
}


def test_rows_of_0_1_0_are_read_after_they_were_copied(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    (script,) = re.findall(r"python -c '(import sys, boto3\n.*?)' OLD NEW", RELEASES, re.DOTALL)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr(sys, "argv", ["-c", "old", TABLES["ResourcesTable"]])
    dynamodb.create_table(TableName="old", BillingMode="PAY_PER_REQUEST", **KEYS)
    try:
        dynamodb.put_item(TableName="old", Item=ROW)
        exec(script, {})  # noqa: S102
    finally:
        dynamodb.delete_table(TableName="old")

    copied = Todo("a/nn", 1, "x", completed=True, version=7)
    assert make_store(dynamodb).read("a/nn", 1).resource == copied
