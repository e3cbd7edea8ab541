"""A key planted in Secrets Manager reaches Convoy, and appears nowhere else."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from app.convoy.transport import DeadlineTransport
from app.settings import Settings
from app.wiring.api import Components
from infra.fake_convoy.project import API_KEY
from tests.integration.cli.shell import ENVIRONMENT, run
from tests.integration.lambda_.due import make_due
from tests.integration.lambda_.gateways import Context, request
from tests.raw_server import raw_server, read_request
from tests.tables import TABLES

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.integration.lambda_.gateways import Invoke
    from tests.stand_in import Convoy

NAME = "todo/convoy"
PLANTED = "CO.9f86d081.884c7d659a2feaa0c55ad015"
CREATE = request("http_api_v2", "POST", "/todo", '{"id": 1, "item": "x"}')


class Vault:
    """The secret, for the administrator who stores it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        client.create_secret(Name=NAME)

    def store(self, text: str) -> None:
        self._client.put_secret_value(SecretId=NAME, SecretString=text)

    def rotate(self, key: str) -> None:
        self.store(json.dumps({"CONVOY_API_KEY": key}))

    def close(self) -> None:
        self._client.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
        self._client.close()


@pytest.fixture
def vault(environment: pytest.MonkeyPatch) -> Iterator[Vault]:
    """A deployment whose functions get the secret's name and not the key."""
    environment.delenv("CONVOY_API_KEY")
    environment.setenv("CONVOY_API_KEY_SECRET", NAME)
    environment.setenv("SIGN_IN", "anonymous")
    with closing(Vault(boto3.client("secretsmanager", region_name="eu-central-1"))) as vault:
        vault.rotate(PLANTED)
        yield vault


def echo(status: int) -> Callable[[socket.socket], None]:
    """Repeats the key, and everything that was sent after it."""

    def behave(connection: socket.socket) -> None:
        while sent := read_request(connection):
            message = sent.decode().partition("uthorization: ")[2]
            body = json.dumps({"status": status < 400, "message": message}).encode()
            head = b"HTTP/1.1 %d X\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n"
            connection.sendall(head % (status, PLANTED.encode(), len(body)) + body)

    return behave


def garble(connection: socket.socket) -> None:
    connection.sendall(read_request(connection).partition(b"Bearer")[2])
    connection.close()


def never(connection: socket.socket) -> None:
    read_request(connection)


def assert_nowhere(*values: object) -> None:
    """Neither the key appears, nor a part of it in a shortened reason."""
    for text in map(str, values):
        assert PLANTED[:8] not in text
        assert PLANTED[-8:] not in text


@pytest.mark.parametrize("behave", [*map(echo, (201, 400, 401, 403, 503)), garble, never])
def test_whatever_convoy_answers_the_key_is_shown_nowhere(
    vault: Vault,
    environment: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
    dynamodb: DynamoDBClient,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    behave: Callable[[socket.socket], None],
) -> None:
    environment.setenv("CONVOY_DEADLINE_S", "0.3")
    with raw_server(behave) as url:
        environment.setenv("CONVOY_BASE_URL", url)
        call = cold_start()
        caplog.set_level(logging.DEBUG)
        answer = call(CREATE)
        report = sys.modules["handler"].relay({}, Context())
        listed = run("outbox", "list", "--json")
    rows = dynamodb.scan(TableName=TABLES["OutboxTable"])["Items"]
    logged = capsys.readouterr()

    assert answer["statusCode"] == 201
    assert "PublishLatency" in logged.out
    assert_nowhere(answer, report, listed.output, rows, logged.out, logged.err, dict(os.environ))


def test_a_stored_reason_has_no_key(
    vault: Vault,
    environment: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
    dynamodb: DynamoDBClient,
) -> None:
    with raw_server(garble) as url:
        environment.setenv("CONVOY_BASE_URL", url)
        cold_start()(CREATE)
        sys.modules["handler"].relay({}, Context())

    (row,) = dynamodb.scan(TableName=TABLES["OutboxTable"])["Items"]
    assert "[API key]" in str(row)


def test_the_traceback_of_an_internal_error_does_not_show_the_key(
    vault: Vault,
    environment: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the exchange broke")

    environment.setattr(DeadlineTransport, "exchange", fail)

    answer = cold_start()(CREATE)

    logged = capsys.readouterr()
    assert "the exchange broke" in logged.out
    assert_nowhere(answer, logged.out, logged.err)


def test_printed_settings_and_components_do_not_show_the_key(vault: Vault) -> None:
    settings = Settings.load()
    with closing(Components.build(settings)) as components:
        assert_nowhere(repr(settings), repr(components), vars(components.publisher))


@pytest.mark.parametrize(
    ("text", "reason"),
    [(PLANTED, "it is not JSON"),
     (f'{{"KEY": "{PLANTED}"}}', "it has no text named CONVOY_API_KEY"),
     (f'{{"CONVOY_API_KEY": "{PLANTED}\\n!"}}', "its CONVOY_API_KEY must be printable ASCII")],
)  # fmt: skip
def test_a_failed_start_names_the_secret_and_not_its_value(
    vault: Vault,
    cold_start: Callable[[], Invoke],
    capsys: pytest.CaptureFixture[str],
    text: str,
    reason: str,
) -> None:
    vault.store(text)

    with pytest.raises(Exception, match=reason) as raised:
        cold_start()
    result = run("relay")

    assert type(raised.value).__name__ == "SettingsError"
    assert f"CONVOY_API_KEY_SECRET ({NAME}): {reason}" in str(raised.value)
    assert (result.exit_code, reason in result.stderr) == (ENVIRONMENT, True)
    trace = "".join(traceback.format_exception(raised.value))
    assert_nowhere(repr(raised.value), trace, result.output, *capsys.readouterr())


def test_a_request_whose_key_is_refused_uses_the_rotated_key(
    vault: Vault, cold_start: Callable[[], Invoke], convoy: Convoy
) -> None:
    call = cold_start()
    vault.rotate(API_KEY)

    assert call(CREATE)["headers"]["webhook-status"] == "accepted"


def test_a_rotated_key_is_used_by_the_relay(
    vault: Vault, cold_start: Callable[[], Invoke], convoy: Convoy, dynamodb: DynamoDBClient
) -> None:
    pending = cold_start()(CREATE)
    assert pending["headers"]["webhook-status"] == "pending"
    cold_start()
    vault.rotate(API_KEY)
    make_due(dynamodb)

    assert sys.modules["handler"].relay({}, Context())["published"] == 1
    assert convoy.events()[0]["idempotency_key"] == pending["headers"]["webhook-id"]
