"""Creates the tables of `infra/tables.yml` in any DynamoDB."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

TEMPLATE = Path(__file__).parents[1] / "tables.yml"


class _CloudFormation(yaml.SafeLoader):
    """YAML in which `!Ref X` and its like stand for themselves."""


_CloudFormation.add_multi_constructor("!", lambda _, suffix, node: f"!{suffix} {node.value}")


def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader=_CloudFormation)  # noqa: S506
    return loaded


def names(prefix: str = "") -> dict[str, str]:
    """`todos` for `ResourcesTable`, and so on."""
    return {
        each: f"{prefix}{each.removesuffix('Table').lower()}" for each in template()["Resources"]
    }


def settings(names: Mapping[str, str]) -> dict[str, str]:
    """The names as the app is told them: `RESOURCES_TABLE`, and so on."""
    return {f"{each.removesuffix('Table').upper()}_TABLE": name for each, name in names.items()}


def create_tables(
    client: DynamoDBClient, names: Mapping[str, str], *, expiring: bool = True
) -> None:
    """Create each table; `names` gives a table's name for its logical id in the template.

    Unless they are `expiring`, items stay when their time is over.
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
