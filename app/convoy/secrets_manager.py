"""The API key in AWS Secrets Manager, and a message for each reason why it can't be read.

pydantic-settings' own source does not fit: its client waits for a minute, which can't be changed;
it accepts a secret without the field; and it reads the secret only at the start.
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

from botocore import exceptions as aws

from app.convoy.api_key import SecretError, SecretOutOfReach, usable
from app.runtime.aws import missing_setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FIELD = "CONVOY_API_KEY"

_STORE = f'store {{"{FIELD}": "…"}} in it'
_REFUSALS = {
    "AccessDeniedException": "it may not be read; allow secretsmanager:GetSecretValue on it, and "
    "kms:Decrypt on the key that encrypts it.",
    "ResourceNotFoundException": "it is not there, or has no value, in this account and region; "
    f"create it and {_STORE}.",
    "DecryptionFailure": "it can't be decrypted; allow kms:Decrypt on the key that encrypts it.",
}
"""By error code (API reference of `GetSecretValue`)."""


class Client(Protocol):
    """The part of boto3's client that is used."""

    def get_secret_value(self, *, SecretId: str) -> Mapping[str, Any]: ...  # noqa: N803
    def close(self) -> None: ...


class Secret:
    """A secret whose text is a JSON object with `CONVOY_API_KEY` in it.

    `client` makes a new client for each read: reads are rare, it takes 3 ms, and no connection can
    grow old, in a snapshot or outside of one.
    """

    def __init__(self, name: str, client: Callable[[], Client]) -> None:
        self.name = name
        self._client = client

    def read(self) -> str:
        """Raises SecretError."""
        try:
            with closing(self._client()) as client:
                answer = client.get_secret_value(SecretId=self.name)
        except (aws.ClientError, aws.BotoCoreError, ValueError) as error:
            failure = SecretOutOfReach if _is_temporary(error) else SecretError
            raise failure(self.name, _explain(error)) from error
        try:
            return _key_in(answer.get("SecretString") or "")
        except ValueError as error:
            # The cause is not passed on: a JSONDecodeError carries the whole text.
            raise SecretError(self.name, f"{error}; {_STORE}.") from None


def _is_temporary(error: Exception) -> bool:
    if isinstance(error, aws.ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status >= 500 or error.response["Error"]["Code"] == "ThrottlingException"
    return isinstance(error, aws.ConnectionError | aws.HTTPClientError)


def _explain(error: Exception) -> str:
    match error:
        case aws.ClientError():
            message = f"Secrets Manager refused: {error}"
            return _REFUSALS.get(error.response["Error"]["Code"], message)
        case aws.ConnectionError() | aws.HTTPClientError():
            return (
                f"Secrets Manager did not answer ({error}); check that the function's"
                " subnet can reach it."
            )
        case aws.BotoCoreError():
            return missing_setting(error) or f"Secrets Manager could not be called: {error}"
        case _:
            return f"{error}; correct AWS_ENDPOINT_URL_SECRETS_MANAGER or AWS_ENDPOINT_URL."


def _key_in(text: str) -> str:
    """Raises ValueError, which does not show the text."""
    try:
        # As bytes: then a byte order mark, which Windows' editors write, is left out.
        found = json.loads(text.encode())
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    key = found.get(FIELD) if isinstance(found, dict) else None
    if not isinstance(key, str):
        raise ValueError(f"it has no text named {FIELD}")  # noqa: TRY004
    try:
        return usable(key)
    except ValueError as error:
        raise ValueError(f"its {FIELD} {error}") from None
