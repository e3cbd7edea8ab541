"""The clients of DynamoDB and Secrets Manager, and the API key that a secret holds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.config import Config

from app.convoy.api_key import ApiKey, SecretError
from app.convoy.secrets_manager import Secret
from app.dynamodb.errors import refuse_damaged
from app.runtime import aws
from app.settings import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.secrets_manager import Client
    from app.runtime.xray import Tracer
    from app.settings import ConvoySettings

DYNAMODB = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
    max_pool_connections=50,
    user_agent="fastapi-todo-convoy",
    parameter_validation=False,
)
"""Seconds. A call that DynamoDB does not answer fails after 9 s: two attempts of 1 + 3 s, and
botocore's pause of up to 1 s between them.

By default botocore builds its user agent again for each call (11 % of a call's time), and validates
the parameters, which mypy has checked (7 %)."""

SECRETS_MANAGER = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)
"""Seconds. A read without an answer fails after 7 s. A request that waits may give up earlier."""


def api_key_of(settings: ConvoySettings) -> ApiKey:
    """Raises SettingsError if the secret with the API key can't be read."""
    if not settings.convoy_api_key_secret:
        return ApiKey(settings.convoy_api_key.get_secret_value())
    try:
        return ApiKey.read_from(Secret(settings.convoy_api_key_secret, _secrets_manager))
    except SecretError as error:
        raise SettingsError(str(error)) from error


@cache
def tracer() -> Tracer:
    from app.runtime.xray import Tracer  # noqa: PLC0415  # few stages are traced

    return Tracer()


def _secrets_manager() -> Client:
    return cast("Client", aws.client("secretsmanager", SECRETS_MANAGER))


def dynamodb(settings: ConvoySettings | None = None) -> DynamoDBClient:
    """Traced if the settings say so."""
    client = cast("DynamoDBClient", aws.client("dynamodb", DYNAMODB))
    if settings is not None and settings.tracing == "Active":
        tracer().watch(client)
    client.meta.events.register("after-call.dynamodb", refuse_damaged)
    return client
