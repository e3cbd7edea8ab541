"""What all tables share: the translation of DynamoDB's errors, and of its numbers."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from app.domain.ports import StoreError, StoreUnavailable
from app.runtime.aws import missing_setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSResponse

TRANSIENT = {
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
}
"""Error and cancellation codes that pass with time (API reference of `TransactWriteItems`)."""

_CREDENTIALS = "Check that the AWS credentials in the environment are right, and still valid."
_ADVICE = {
    "ExpiredTokenException": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "ResourceNotFoundException": "The table is not in this account and AWS_REGION. Check"
    " RESOURCES_TABLE, OUTBOX_TABLE, EVENTS_TABLE and IDEMPOTENCY_TABLE.",
}
"""What to check, by error code ("Common errors" of DynamoDB's API reference)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise every failure as StoreUnavailable or StoreError, except a refused condition."""
    try:
        yield
    except aws.ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"ConditionalCheckFailedException", "TransactionCanceledException"}:
            raise
        transient = code in TRANSIENT or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        failure = StoreUnavailable if transient else StoreError
        # The other lines are a page of HTML, or the signed text.
        message = str(error).partition("\n")[0]
        if code in _ADVICE:
            message = f"{message.rstrip('.')}. {_ADVICE[code]}"
        raise failure(f"DynamoDB: {message}") from error
    except (aws.ChecksumError, ResponseParserError, ValueError) as error:
        raise StoreUnavailable(
            "DynamoDB's answer was damaged. Check the proxy in between."
        ) from error
    except (aws.ConnectionError, aws.HTTPClientError) as error:
        message = f"DynamoDB did not answer: {error}. Check AWS_REGION and the network."
        raise StoreUnavailable(message) from error
    except aws.BotoCoreError as error:
        raise StoreError(
            f"DynamoDB could not be called: {missing_setting(error) or error}"
        ) from error


def refuse_damaged(http_response: AWSResponse, **_: object) -> None:
    """For a client's `after-call`: raises ChecksumError for an answer with a wrong checksum.

    botocore tries such a call again, and accepts the last answer in any case. A damaged answer may
    have lost its item, and would look like the answer for an item that does not exist.
    """
    expected = http_response.headers.get("x-amz-crc32")
    found = crc32(http_response.content)
    if expected is not None and int(expected) != found:
        raise aws.ChecksumError(
            checksum_type="crc32", expected_checksum=expected, actual_checksum=str(found)
        )


def to_ms(moment: datetime) -> str:
    """Milliseconds since 1970, as DynamoDB's numbers are written."""
    return str((moment - _EPOCH) // _MS)


def from_ms(number: str) -> datetime:
    return _EPOCH + int(number) * _MS
