"""What all tables share: the names of DynamoDB's failures, and of its numbers."""

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
"""Error and cancellation codes that waiting mends (API reference of `TransactWriteItems`)."""

_CREDENTIALS = "Are the AWS credentials in the environment the right ones, and still valid?"
_ADVICE = {
    "ExpiredTokenException": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "ResourceNotFoundException": "Such a table is not in this account and AWS_REGION: are"
    " RESOURCES_TABLE, OUTBOX_TABLE, EVENTS_TABLE and IDEMPOTENCY_TABLE the names of its own?",
}
"""What to look at, by error code ("Common errors" of DynamoDB's API reference)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@contextmanager
def named_errors() -> Iterator[None]:
    """Every failure becomes StoreUnavailable or StoreError; refused conditions pass as they are."""
    try:
        yield
    except aws.ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"ConditionalCheckFailedException", "TransactionCanceledException"}:
            raise
        transient = code in TRANSIENT or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        failure = StoreUnavailable if transient else StoreError
        # What follows is a page of HTML, or what was signed.
        message = str(error).partition("\n")[0]
        if code in _ADVICE:
            message = f"{message.rstrip('.')}. {_ADVICE[code]}"
        raise failure(f"DynamoDB: {message}") from error
    except (aws.ChecksumError, ResponseParserError, ValueError) as error:
        raise StoreUnavailable("DynamoDB's answer came damaged; is a proxy between?") from error
    except (aws.ConnectionError, aws.HTTPClientError) as error:
        message = f"DynamoDB did not answer: {error}. Are AWS_REGION and the network right?"
        raise StoreUnavailable(message) from error
    except aws.BotoCoreError as error:
        raise StoreError(
            f"DynamoDB could not be asked: {missing_setting(error) or error}"
        ) from error


def refuse_damaged(http_response: AWSResponse, **_: object) -> None:
    """For a client's `after-call`: raises ChecksumError for an answer that is not DynamoDB's.

    botocore tries such a call again, and in the end takes what came last. Without its item, say,
    it would be the answer to a read of what is not there.
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
