"""A deployed receiver for Lambda: its table, its secret, its functions, beside the API."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3

from examples.receiver_lambda.receiver import catch_up, webhook
from infra.fake_convoy.signatures import header
from infra.local.tables import template
from tests.integration.receivers.lambda_api import Api
from tests.paths import ROOT

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support import JsonObject

FOLDER = ROOT / "examples" / "receiver_lambda"
RESOURCES: JsonObject = template(FOLDER / "template.yaml")["Resources"]
ROLE = "arn:aws:iam::123456789012:role/owner"
SECRET = "the-secret-of-the-endpoint"  # noqa: S105
NUMBERS = count(1)


@dataclass(frozen=True)
class Context:
    """Lambda's, as far as it is used."""

    ms: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.ms


@dataclass(frozen=True)
class Deployed:
    """The functions as AWS calls them, and their table."""

    client: DynamoDBClient
    table: str

    @classmethod
    def create(cls, client: DynamoDBClient, table: str) -> Deployed:
        properties = RESOURCES["State"]["Properties"]
        client.create_table(
            TableName=table,
            BillingMode=properties["BillingMode"],
            AttributeDefinitions=properties["AttributeDefinitions"],
            KeySchema=properties["KeySchema"],
        )
        return cls(client, table)

    def deliver(self, payload: object, *secrets: str, **changed: Any) -> int:
        """Call the webhook as API Gateway does. The status of the answer."""
        body = json.dumps(payload, ensure_ascii=False)
        signed = header(int(time.time()), body.encode(), *(secrets or (SECRET,)))
        request = {
            "version": "2.0",
            "routeKey": "ANY /webhooks",
            "requestContext": {"http": {"method": "POST"}},
            "headers": {"content-type": "application/json", "x-convoy-signature": signed},
            "body": body,
            "isBase64Encoded": False,
        }
        return webhook.handler(request | changed, None)["statusCode"]

    def catch_up(self, ms: int = 300_000) -> JsonObject:
        return catch_up.handler({}, Context(ms))

    def rows(self) -> dict[str, JsonObject]:
        found = self.client.scan(TableName=self.table, ConsistentRead=True)["Items"]
        return {row["id"]["S"]: row for row in found}

    def todos(self) -> dict[str, JsonObject]:
        return {
            name: json.loads(row["state"]["S"])
            for name, row in self.rows().items()
            if "state" in row
        }


def store_secret(name: str, content: object) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    client = boto3.client("secretsmanager", region_name="eu-central-1")
    client.create_secret(Name=name, SecretString=text)


def environment(function: str, **values: str) -> dict[str, str]:
    """The variables that the template gives the function, with these values of its parameters."""
    variables = RESOURCES[function]["Properties"]["Environment"]["Variables"]
    return {name: values[value.removeprefix("!Ref ")] for name, value in variables.items()}


class Place:
    """An API, and a receiver of its owner's events that is deployed for it."""

    def __init__(self, client: DynamoDBClient, environ: pytest.MonkeyPatch) -> None:
        number = next(NUMBERS)
        self.environ = environ
        self.api = Api(client, owner=f"owner-{number}")
        self.receiver = Deployed.create(client, f"receiver-{number}")
        self.values = {
            "ApiRole": ROLE,
            "ApiSignIn": "none",
            "Kinds": "todo",
            "Secret": f"receiver-{number}",
            "State": self.receiver.table,
        }

    def serving(self, url: str) -> None:
        """`url` is the API's."""
        token = {"url": f"{url}/token", "client_id": "it", "client_secret": "x", "scope": "events"}
        store_secret(self.values["Secret"], {"endpoint_secrets": [SECRET], "token": token})
        for function in ("Webhook", "CatchUp"):
            for name, value in environment(function, ApiUrl=url, **self.values).items():
                self.environ.setenv(name, value)

    def store_another_secret(self, content: object) -> None:
        name = f"another-{next(NUMBERS)}"
        store_secret(name, content)
        self.environ.setenv("SECRET", name)

    def change(self) -> JsonObject:
        """The payload of a change of todo 1."""
        self.api.change(1, "Größer, 中文, 𝄞", delete=False)
        return self.api.payloads[-1]
