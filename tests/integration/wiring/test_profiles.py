"""The operator's credentials may come from a profile: another service of AWS gives them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from app.settings import Settings
from app.wiring.clients import dynamodb
from tests.raw_server import raw_server, read_request
from tests.stand_in import deployment

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    import pytest

    from tests.stand_in import Convoy

CONFIG = """
[profile prod]
role_arn = arn:aws:iam::123456789012:role/operator
source_profile = me
"""
OF_ME = "[me]\naws_access_key_id = MINE\naws_secret_access_key = secret\n"
OF_THE_ROLE = b"""<AssumeRoleResponse><AssumeRoleResult><Credentials>
<AccessKeyId>ROLES</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""


def test_a_profile_with_a_role_gets_its_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, convoy: Convoy
) -> None:
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text(OF_ME)
    requests: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        while request := read_request(connection):
            requests.append(request)
            body = OF_THE_ROLE if b"Action=AssumeRole" in request else b'{"TableNames": []}'
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    monkeypatch.chdir(tmp_path)
    for name, value in deployment(convoy, "house").items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with raw_server(answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with closing(dynamodb(Settings.load())) as client:
            assert client.list_tables()["TableNames"] == []

    asked, listed = requests
    assert b"Credential=MINE/" in asked
    assert b"Credential=ROLES/" in listed
