"""Aliases of functions, in moto's CloudFormation: it makes versions, and no aliases.

It makes a new version before it updates the function, and so none: an alias' update publishes it.

moto finds the class by itself: it looks for the subclasses of its own model.
"""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaAlias, LambdaVersion, lambda_backends
from moto.core.common_models import CloudFormationModel


class _TooEarlyError(Exception):
    """moto takes it for a missing dependency: it updates other resources, and tries again."""


class Alias(CloudFormationModel):
    """`AWS::Lambda::Alias`, by moto's own Lambda."""

    def __init__(self, alias: LambdaAlias) -> None:
        self.physical_resource_id = alias.arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::Alias"

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,  # noqa: ARG003
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,  # noqa: ARG003
    ) -> Alias:
        return cls(_backend(account_id, region_name).create_alias(**_of(cloudformation_json)))

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,  # noqa: ARG003
        new_resource_name: str,  # noqa: ARG003
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> Alias:
        backend, alias = _backend(account_id, region_name), _of(cloudformation_json)
        if not backend.get_function(alias["function_name"]).code_or_config_updated:
            raise _TooEarlyError
        version = backend.publish_version(alias["function_name"]).version
        return cls(backend.update_alias(**alias | {"function_version": str(version)}))

    @classmethod
    def delete_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> None:
        """Its function is deleted with it."""


def _backend(account_id: str, region_name: str) -> Any:
    return lambda_backends[account_id][region_name]


def _of(cloudformation_json: dict[str, Any]) -> dict[str, Any]:
    properties = cloudformation_json["Properties"]
    return {
        "name": properties["Name"],
        "function_name": properties["FunctionName"],
        "function_version": properties["FunctionVersion"],
        "description": "",
        "routing_config": None,
    }


def version_attribute(version: LambdaVersion, name: str) -> str:
    """What `Fn::GetAtt` gives of a version: moto's model has no attribute."""
    assert name == "Version"
    return str(version.version)
