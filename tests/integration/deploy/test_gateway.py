"""The API behind the framework's gateway on this machine: HTTPS, payload 2.0, the real handler."""

from __future__ import annotations

import base64
import json
import os
import ssl
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from app.wiring.clients import dynamodb
from infra.checks import smoke
from infra.local.tables import create_tables
from tests.foreign_requests import foreign, refused_at
from tests.integration.deploy.osls import Project
from tests.integration.deploy.processes import free_port
from tests.linux import children_of, ports_of
from tests.stand_in import Convoy, deployment
from tests.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    Gateway = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def tables(aws: None) -> None:
    create_tables(dynamodb(), TABLES)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """The certificate of the authority. `localhost`'s certificate is in the same folder."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return tmp_path / "authority.pem"


@pytest.fixture
def gateway(
    project: Project,
    tables: None,
    authority: Path,
    convoy: Convoy,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Gateway:
    for name, value in deployment(convoy, "everyone").items():
        monkeypatch.setenv(name, value)

    @contextmanager
    def start(*options: str, **params: str) -> Iterator[str]:
        port = free_port()
        copy = Project.copy(tmp_path_factory.mktemp("offline"))
        with copy.offline(port, authority.parent, *options, **params):
            yield f"https://localhost:{port}"

    return start


def test_over_https_the_smoke_test_passes_and_foreign_pages_are_refused(
    gateway: Gateway,
    authority: Path,
    convoy: Convoy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    trusted = ssl.create_default_context(cafile=str(authority))

    with gateway(anonymous="true") as url:
        monkeypatch.setattr(sys, "argv", ["smoke", url])
        assert smoke.main() == 0
        port = urlsplit(url).port
        processes = [ports_of([pid]) for pid in children_of(os.getpid(), "osls")]
        (listening,) = [ports for ports in processes if port in ports]
        assert len(listening) == 2  # the second invokes functions
        for each in listening:
            scheme = "https" if each == port else "http"
            assert refused_at(each, scheme, trusted) == foreign(each).keys()

    assert {event["owner_id"] for event in convoy.events()} == {"everyone"}


def test_a_tokens_subject_owns_its_todos_and_others_get_401(
    gateway: Gateway, authority: Path, convoy: Convoy
) -> None:
    # This gateway checks a token's claims. Only AWS checks its signature.
    jwt = {"jwtIssuer": "https://issuer.example", "jwtAudience": "todos"}
    trusted = ssl.create_default_context(cafile=str(authority))
    with (
        gateway("--ignoreJWTSignature", **jwt) as url,
        httpx.Client(base_url=url, verify=trusted, timeout=30) as http,
    ):
        refused = [
            http.get("/").status_code,
            http.get("/", headers=_token("others")).status_code,
            http.post("/todo", json={"item": "x"}).status_code,
        ]
        created = http.post("/todo", json={"item": "x"}, headers=_token("todos"))

    assert refused == [401, 401, 401]
    assert created.status_code == 201
    assert [event["owner_id"] for event in convoy.events()] == ["ann"]


def _token(audience: str) -> dict[str, str]:
    claims = {"iss": "https://issuer.example", "aud": audience, "sub": "ann", "exp": 2**32}
    parts = [{"alg": "RS256", "typ": "JWT", "kid": "1"}, claims, "signature"]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return {"Authorization": "Bearer " + ".".join(part.rstrip("=") for part in encoded)}
