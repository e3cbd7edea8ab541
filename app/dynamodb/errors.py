"""What all tables share: the translation of DynamoDB's errors, and of its numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from app.domain.ports import StoreError, StoreUnavailable
from app.runtime.aws import missing_setting

if TYPE_CHECKING:
    from types import TracebackType

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


class _Translated:
    """A class, since a generator of contextlib would cost each call 4 microseconds more."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _: object, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        failure = None if error is None else _translation(error)
        if failure is not None:
            raise failure from error


translated_errors = _Translated()
"""Within it, every failure is raised as StoreUnavailable or StoreError, except a refused
condition."""


def _translation(error: BaseException) -> StoreError | None:
    match error:
        case aws.ClientError():
            return _of_answer(error)
        case aws.ChecksumError() | ResponseParserError() | ValueError():
            return StoreUnavailable("DynamoDB's answer was damaged. Check the proxy in between.")
        case aws.ConnectionError() | aws.HTTPClientError():
            return StoreUnavailable(
                f"DynamoDB did not answer: {error}. Check AWS_REGION and the network."
            )
        case aws.BotoCoreError():
            return StoreError(f"DynamoDB could not be called: {missing_setting(error) or error}")
    return None


def _of_answer(error: aws.ClientError) -> StoreError | None:
    code = error.response["Error"]["Code"]
    if code in {"ConditionalCheckFailedException", "TransactionCanceledException"}:
        return None
    transient = code in TRANSIENT or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    failure = StoreUnavailable if transient else StoreError
    # The other lines are a page of HTML, or the signed text.
    message = str(error).partition("\n")[0]
    if code in _ADVICE:
        message = f"{message.rstrip('.')}. {_ADVICE[code]}"
    return failure(f"DynamoDB: {message}")


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
