"""The secret, read from moto's Secrets Manager and from servers that refuse or do not answer."""

from __future__ import annotations

import json
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from app.convoy.api_key import SecretError, SecretOutOfReach
from app.convoy.secrets_manager import Secret
from app.wiring import clients
from tests.raw_server import raw_server, read_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "todo/convoy"
HASTY = Config(connect_timeout=0.2, read_timeout=0.2, retries={"total_max_attempts": 1})


@pytest.fixture
def secrets_manager(moto: DynamoDBClient) -> Iterator[Any]:
    """moto's Secrets Manager, without the secret."""
    client: Any = boto3.client("secretsmanager", region_name="eu-central-1")
    yield client
    client.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
    client.close()


def secret() -> Secret:
    return Secret(NAME, clients._secrets_manager)


def problem(secret: Secret) -> str:
    with pytest.raises(SecretError) as raised:
        secret.read()
    message = str(raised.value)
    prefix = f"CONVOY_API_KEY_SECRET ({secret.name}): "
    assert message.startswith(prefix)
    assert message.endswith(".")
    return message.removeprefix(prefix)


def test_the_key_is_the_secrets_value_under_its_name(secrets_manager: Any) -> None:
    held = {"CONVOY_API_KEY": " CO.kept\n", "OTHER": 1}
    secrets_manager.create_secret(Name=NAME, SecretString=json.dumps(held))

    assert secret().read() == "CO.kept"


def test_a_rotated_secret_gives_its_new_key(secrets_manager: Any) -> None:
    secrets_manager.create_secret(Name=NAME, SecretString='{"CONVOY_API_KEY": "CO.old"}')
    kept = secret()
    kept.read()

    secrets_manager.put_secret_value(SecretId=NAME, SecretString='{"CONVOY_API_KEY": "CO.new"}')

    assert kept.read() == "CO.new"


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({"SecretString": "CO.planted"}, "it is not JSON; store"),
        ({"SecretString": "[" * 100_000 + "CO.planted"}, "it is not JSON; store"),
        ({"SecretString": '"CO.planted"'}, "it has no text named CONVOY_API_KEY; store"),
        ({"SecretString": '{"convoy": "CO.planted"}'}, "it has no text named CONVOY_API_KEY; st"),
        ({"SecretString": '{"CONVOY_API_KEY": ["CO.planted"]}'}, "it has no text named CONVOY_AP"),
        ({"SecretString": '{"CONVOY_API_KEY": " "}'}, "its CONVOY_API_KEY is blank; store"),
        (
            {"SecretString": '{"CONVOY_API_KEY": "Bearer CO.planted"}'},
            'its CONVOY_API_KEY must be the key alone: leave out "Bearer" and spaces; store',
        ),
        ({"SecretString": '{"CONVOY_API_KEY": "changeme"}'}, "its CONVOY_API_KEY is a placeholder"),
        (
            {"SecretString": '{"CONVOY_API_KEY": "CO.planted\\u0000"}'},
            "its CONVOY_API_KEY must be",
        ),
        ({"SecretBinary": b"CO.planted"}, "it is not JSON; store"),
    ],
)
def test_an_unusable_secret_says_what_to_store_without_its_value(
    secrets_manager: Any, held: dict[str, Any], expected: str
) -> None:
    secrets_manager.create_secret(Name=NAME, **held)

    found = problem(secret())

    assert found.startswith(expected)
    assert 'store {"CONVOY_API_KEY": "…"} in it.' in found
    assert "CO.planted" not in found


def test_a_missing_secret_is_reported(secrets_manager: Any) -> None:
    secrets_manager.create_secret(Name=NAME, SecretString="{}")

    found = problem(Secret("other", clients._secrets_manager))

    assert found.startswith("it is not there, or has no value, in this account and region; create")


def refuse(status: int, code: str, connection: socket.socket) -> None:
    read_request(connection)
    body = json.dumps({"__type": code, "message": "as it is marked for deletion."}).encode()
    head = b"HTTP/1.1 %d Refused\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    connection.sendall(head % (status, len(body)) + body)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDeniedException", "it may not be read; allow secretsmanager:GetSecretValue"),
        ("DecryptionFailure", "it can't be decrypted; allow kms:Decrypt"),
        ("InvalidRequestException",
         "Secrets Manager refused: An error occurred (InvalidRequestException) when calling"),
    ],
)  # fmt: skip
def test_each_refusal_is_reported_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, code: str, expected: str
) -> None:
    with raw_server(partial(refuse, 400, code)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", url)
        assert problem(secret()).startswith(expected)


@pytest.mark.parametrize(
    ("status", "code", "temporary"),
    [(500, "InternalServiceError", True), (400, "ThrottlingException", True),
     (400, "AccessDeniedException", False), (400, "ResourceNotFoundException", False)],
)  # fmt: skip
def test_temporary_failures_differ_from_permanent_ones(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str, temporary: bool
) -> None:
    monkeypatch.setattr(clients, "SECRETS_MANAGER", HASTY)
    with raw_server(partial(refuse, status, code)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", url)
        with pytest.raises(SecretError) as raised:
            secret().read()

    assert isinstance(raised.value, SecretOutOfReach) is temporary


def never(connection: socket.socket) -> None:
    """Accepts the connection, and does not answer."""


def hang_up(connection: socket.socket) -> None:
    connection.close()


@pytest.mark.parametrize("behave", [never, hang_up])
def test_a_server_that_does_not_answer_is_reported(
    monkeypatch: pytest.MonkeyPatch, behave: Any
) -> None:
    monkeypatch.setattr(clients, "SECRETS_MANAGER", HASTY)
    with raw_server(behave) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", url)
        with pytest.raises(SecretOutOfReach):
            secret().read()
        assert problem(secret()).startswith("Secrets Manager did not answer (")


def test_an_unknown_host_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(clients, "SECRETS_MANAGER", HASTY)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://secrets.invalid")
    assert problem(secret()).startswith("Secrets Manager did not answer (Could not connect")


def test_an_invalid_endpoint_url_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "secrets")
    assert "correct AWS_ENDPOINT_URL_SECRETS_MANAGER" in problem(secret())


@pytest.mark.parametrize(
    ("session", "expected"),
    [({}, "no AWS region is known; set AWS_REGION in the environment."),
     ({"region_name": "eu-central-1"}, "Unable to locate credentials; set AWS credentials"),
     ({"region_name": "eu-central-1", "aws_access_key_id": "x"}, "Partial credentials found")],
)  # fmt: skip
def test_missing_aws_settings_are_reported(
    monkeypatch: pytest.MonkeyPatch, session: dict[str, str], expected: str
) -> None:
    for name in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")

    found = problem(Secret(NAME, partial(boto3.Session().client, "secretsmanager", **session)))

    assert found.startswith(expected)


def test_an_invalid_region_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu central")

    assert problem(secret()).startswith("Secrets Manager could not be called: Provided region_name")
