"""The AWS clients, the settings from the environment, and the secret."""

from __future__ import annotations

import json
import os
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from .state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 2})
"""At most 8 s for a call. Convoy waits 10 s for the answer to a webhook."""

KEEP_S = 60
"""Seconds after which the secret is read again: so soon does a rotated one take effect."""


class SecretError(Exception):
    """The secret is there, and is not what it has to be. The message says what to store."""

    def __init__(self, field: str, wanted: str) -> None:
        name = os.environ["SECRET"]
        super().__init__(
            f"The secret {name} has no {field}. Store a JSON object with {field}: {wanted}."
        )


@cache
def client(service: str) -> Any:  # noqa: ANN401  # boto3 makes the classes as it runs
    made: Any = boto3.client(service, config=_PATIENCE)  # type: ignore[call-overload]
    return made


def state() -> State:
    return State(client("dynamodb"), os.environ["TABLE"])


def endpoint_secrets(now: float) -> list[str]:
    """The secrets of the endpoint, of which any one may sign. `now` is in seconds.

    Raises SecretError, and botocore's errors.
    """
    secrets = _secret(now).get("endpoint_secrets")
    if not isinstance(secrets, list) or not secrets or not all(map(_is_text, secrets)):
        raise SecretError("endpoint_secrets", '["…"], with the secret that the endpoint has')
    return secrets


def token(now: float) -> Mapping[str, str]:
    """How to get a token of the API: see `api.with_token`. `now` is in seconds.

    Raises SecretError, and botocore's errors.
    """
    found = _secret(now).get("token")
    if not isinstance(found, dict) or "url" not in found or not all(map(_is_text, found.values())):
        raise SecretError("token", '{"url": "…", "client_id": "…", "client_secret": "…"}')
    return found


def _secret(now: float) -> Mapping[str, Any]:
    return _read_secret(os.environ["SECRET"], int(now // KEEP_S))


@lru_cache(maxsize=1)
def _read_secret(name: str, _period: int) -> Mapping[str, Any]:
    text = client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    try:
        found = json.loads(text.encode())  # as bytes: it may begin with a byte order mark
    except ValueError:
        return {}  # the error would show the text
    return found if isinstance(found, dict) else {}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
