"""moto's server, whose CloudFormation also makes what moto knows and its CloudFormation does not.

Such a resource is made, changed and deleted by calls to its service, as CloudFormation does it: the
properties are the calls' parameters. `python -m tests.integration.deploy.moto_server PORT`
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
from botocore.exceptions import ClientError
from moto import server
from moto.awslambda.models import LambdaVersion
from moto.cloudformation import models as cloudformation
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.common_models import CloudFormationModel
from moto.core.responses import EmptyResult
from moto.dynamodb.models.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import Json

NAMES = {"AlarmName", "Name"}
"""What CloudFormation makes up where a template does not say it."""


def _as_is(parameters: Json) -> Json:
    return parameters


@dataclass(frozen=True)
class Calls:
    """A type's service and its calls; `keys` are what names a resource, its physical id at last."""

    service: str
    create: str
    update: str
    delete: str
    keys: tuple[str, ...]
    properties: Callable[[Json], Json] = _as_is
    to_delete: Callable[[Json], Json] = _as_is


def _crud(service: str, noun: str, *keys: str) -> Calls:
    return Calls(service, f"create_{noun}", f"update_{noun}", f"delete_{noun}", keys)


def _put(service: str, noun: str, *keys: str, **adapted: Callable[[Json], Json]) -> Calls:
    return Calls(service, f"put_{noun}", f"put_{noun}", f"delete_{noun}", keys, **adapted)


# Not AWS::S3::BucketPolicy: moto would refuse all, since it does not read the policy's condition.
BRIDGED = {
    "AWS::ApiGatewayV2::Api": _crud("apigatewayv2", "api", "ApiId"),
    "AWS::ApiGatewayV2::Authorizer": _crud("apigatewayv2", "authorizer", "ApiId", "AuthorizerId"),
    "AWS::ApiGatewayV2::Integration": _crud(
        "apigatewayv2", "integration", "ApiId", "IntegrationId"
    ),
    "AWS::ApiGatewayV2::Route": _crud("apigatewayv2", "route", "ApiId", "RouteId"),
    "AWS::ApiGatewayV2::Stage": _crud("apigatewayv2", "stage", "ApiId", "StageName"),
    "AWS::CloudWatch::Alarm": Calls(
        "cloudwatch",
        "put_metric_alarm",
        "put_metric_alarm",
        "delete_alarms",
        ("AlarmName",),
        to_delete=lambda key: {"AlarmNames": [key["AlarmName"]]},
    ),
    "AWS::Lambda::Alias": _crud("lambda", "alias", "FunctionName", "Name"),
    "AWS::Lambda::EventInvokeConfig": _put(
        "lambda", "function_event_invoke_config", "FunctionName", "Qualifier"
    ),
    "AWS::Scheduler::Schedule": _crud("scheduler", "schedule", "Name"),
    "AWS::SNS::Subscription": Calls(
        "sns", "subscribe", "subscribe", "unsubscribe", ("SubscriptionArn",)
    ),
    "AWS::SNS::TopicPolicy": Calls(
        "sns",
        "set_topic_attributes",
        "set_topic_attributes",
        "get_topic_attributes",  # it goes with its topic
        ("TopicArn",),
        properties=lambda given: {
            "TopicArn": given["Topics"][0],
            "AttributeName": "Policy",
            "AttributeValue": json.dumps(given["PolicyDocument"]),
        },
    ),
}


@cache
def _client(service: str, region: str) -> Any:
    # This server's own, by AWS_ENDPOINT_URL.
    return boto3.client(service, region_name=region)  # type: ignore[call-overload]


def bridge(resource_type: str, calls: Calls) -> type[CloudFormationModel]:
    class Bridged(CloudFormationModel):
        __module__ = "moto.bridge.models"  # where moto looks for the service's name

        def __init__(self, key: Json) -> None:
            self.key = key
            self.physical_resource_id = key[calls.keys[-1]]

        @staticmethod
        def cloudformation_type() -> str:
            return resource_type

        @classmethod
        def create_from_cloudformation_json(
            cls,
            resource_name: str,
            cloudformation_json: Json,
            account_id: str,
            region_name: str,
            **kwargs: Any,
        ) -> Bridged:
            made_up = {name: resource_name for name in calls.keys if name in NAMES}
            given = made_up | calls.properties(cloudformation_json["Properties"])
            answer = getattr(_client(calls.service, region_name), calls.create)(**given)
            return cls({name: answer.get(name) or given[name] for name in calls.keys})

        @classmethod
        def update_from_cloudformation_json(
            cls,
            original_resource: Bridged,
            new_resource_name: str,
            cloudformation_json: Json,
            account_id: str,
            region_name: str,
        ) -> Bridged:
            given = calls.properties(cloudformation_json["Properties"])
            client = _client(calls.service, region_name)
            getattr(client, calls.update)(**given | original_resource.key)
            return original_resource

        def delete(self, _account: str, region: str) -> None:
            client = _client(calls.service, region)
            try:
                getattr(client, calls.delete)(**calls.to_delete(self.key))
            except ClientError as error:
                # It went with what it was part of.
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                    raise

    return Bridged


def _version(version: Any, _attribute: str) -> str:
    return str(version.version)


def _update_termination_protection(request: Any) -> EmptyResult:
    stack = request.cloudformation_backend.get_stack(request._get_param("StackName"))
    stack.enable_termination_protection = request._get_bool_param("EnableTerminationProtection")
    return EmptyResult()


_create_table = Table.create_from_cloudformation_json


def _create_table_as_told(name: str, resource: Json, *where: str, **more: Any) -> Any:
    """moto takes a parameter's "false" for true."""
    properties = resource["Properties"]
    protected = properties["DeletionProtectionEnabled"] in {True, "true"}
    told = {**properties, "DeletionProtectionEnabled": protected}
    return _create_table(name, {**resource, "Properties": told}, *where, **more)


def main() -> None:
    # moto looks for its models among the subclasses of theirs, which are held weakly.
    bridged = [bridge(resource_type, calls) for resource_type, calls in BRIDGED.items()]
    with (
        patch.object(LambdaVersion, "get_cfn_attribute", _version, create=True),
        patch.object(
            CloudFormationResponse,
            "update_termination_protection",
            _update_termination_protection,
            create=True,
        ),
        patch.object(Table, "create_from_cloudformation_json", _create_table_as_told),
        # cfn-lint has a test of its own, which says what it lets pass.
        patch.object(cloudformation, "validate_template_cfn_lint", lambda _template: []),
    ):
        server.main(["-H", "127.0.0.1", "-p", sys.argv[1]])
    del bridged


if __name__ == "__main__":
    main()
