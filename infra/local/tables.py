"""Creates the tables of `infra/tables.yml` in any DynamoDB."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

TEMPLATE = Path(__file__).parents[1] / "tables.yml"


class _CloudFormation(yaml.SafeLoader):
    """Reads `!Ref X`, and each other tag of CloudFormation, as text."""


_CloudFormation.add_multi_constructor("!", lambda _, suffix, node: f"!{suffix} {node.value}")


@cache
def template(path: Path = TEMPLATE) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(path.read_text(), Loader=_CloudFormation)  # noqa: S506
    return loaded


def names(prefix: str = "") -> dict[str, str]:
    """The tables' names by logical id: `resources` for `ResourcesTable`, and so on."""
    return {
        each: f"{prefix}{each.removesuffix('Table').lower()}" for each in template()["Resources"]
    }


def settings(names: Mapping[str, str]) -> dict[str, str]:
    """The app's settings for these names: `RESOURCES_TABLE`, and so on."""
    return {f"{each.removesuffix('Table').upper()}_TABLE": name for each, name in names.items()}


def create_tables(
    client: DynamoDBClient, names: Mapping[str, str], *, expiring: bool = True
) -> None:
    """Create each table; `names` has its name by its logical id in the template.

    Without `expiring`, DynamoDB deletes no item whose time to live has passed.
    """
    for logical_id, resource in template()["Resources"].items():
        properties = resource["Properties"]
        client.create_table(
            TableName=names[logical_id],
            BillingMode=properties["BillingMode"],
            AttributeDefinitions=properties["AttributeDefinitions"],
            KeySchema=properties["KeySchema"],
        )
        if expiring and "TimeToLiveSpecification" in properties:
            client.update_time_to_live(
                TableName=names[logical_id],
                TimeToLiveSpecification=properties["TimeToLiveSpecification"],
            )
