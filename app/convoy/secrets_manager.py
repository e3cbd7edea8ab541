"""The API key in AWS Secrets Manager, and a sentence for each way in which it can't be read.

pydantic-settings' own source was weighed: its client waits for a minute and can't be told not to,
it lets a secret without the name pass, and it reads for the start alone.
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
    """What is asked of boto3's."""

    def get_secret_value(self, *, SecretId: str) -> Mapping[str, Any]: ...  # noqa: N803
    def close(self) -> None: ...


class Secret:
    """A secret whose text is a JSON object with `CONVOY_API_KEY` in it.

    `client` makes one for each reading: they are rare, and cost 3 ms more so, and no connection
    is left to grow old, in a snapshot or out of it.
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
            failure = SecretOutOfReach if _may_pass(error) else SecretError
            raise failure(self.name, _explain(error)) from error
        try:
            return _key_in(answer.get("SecretString") or "")
        except ValueError as error:
            # The cause is not passed on: a JSONDecodeError carries the whole text.
            raise SecretError(self.name, f"{error}; {_STORE}.") from None


def _may_pass(error: Exception) -> bool:
    if isinstance(error, aws.ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status >= 500 or error.response["Error"]["Code"] == "ThrottlingException"
    return isinstance(error, aws.ConnectionError | aws.HTTPClientError)


def _explain(error: Exception) -> str:
    match error:
        case aws.ClientError():
            told = f"Secrets Manager refused: {error}"
            return _REFUSALS.get(error.response["Error"]["Code"], told)
        case aws.ConnectionError() | aws.HTTPClientError():
            return f"Secrets Manager did not answer ({error}); see that its network lets it."
        case aws.BotoCoreError():
            return missing_setting(error) or f"Secrets Manager could not be asked: {error}"
        case _:
            return f"{error}; mend AWS_ENDPOINT_URL_SECRETS_MANAGER or AWS_ENDPOINT_URL."


def _key_in(text: str) -> str:
    """Raises ValueError, which does not show the text."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    key = found.get(FIELD) if isinstance(found, dict) else None
    if not isinstance(key, str):
        raise ValueError(f"it has no text named {FIELD}")  # noqa: TRY004
    try:
        return usable(key)
    except ValueError as error:
        raise ValueError(f"its {FIELD} {error}") from None
