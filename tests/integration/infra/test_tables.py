"""The definition of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.local.tables import template
from tests.tables import TABLES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_on_demand_recoverable_and_protected_by_default(table: str) -> None:
    resource = template()["Resources"][table]

    assert resource["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    recovery = resource["Properties"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}
    assert resource["Properties"]["DeletionProtectionEnabled"] == "!Ref DeletionProtection"
    assert template()["Parameters"]["DeletionProtection"]["Default"] == "true"
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_keys_separate_the_owners(dynamodb: DynamoDBClient) -> None:
    keys = {
        table: [
            (key["AttributeName"], key["KeyType"])
            for key in dynamodb.describe_table(TableName=name)["Table"]["KeySchema"]
        ]
        for table, name in TABLES.items()
    }

    assert keys == {
        "ResourcesTable": [("kind/owner", "HASH"), ("id", "RANGE")],
        "OutboxTable": [("event_id", "HASH")],
        "EventsTable": [("owner", "HASH"), ("event_id", "RANGE")],
        "IdempotencyTable": [("owner", "HASH"), ("key", "RANGE")],
    }
