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
from tests.integration.deploy.test_cors import JWT, ORIGINS
from tests.linux import children_of, ports_of
from tests.ports import own_port
from tests.product import NEW, PATH
from tests.register import OWN
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


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of the authority. `localhost`'s certificate is in the same folder."""
    folder = tmp_path_factory.mktemp("authority")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    return folder / "authority.pem"


@pytest.fixture(scope="module")
def gateway(
    project: Project,
    tables: None,
    authority: Path,
    stand_in_convoy: Convoy,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    @contextmanager
    def start(*options: str, **params: str) -> Iterator[str]:
        port = own_port()
        copy = Project.copy(tmp_path_factory.mktemp("offline"))
        with copy.offline(port, authority.parent, *options, **params):
            yield f"https://localhost:{port}"

    with pytest.MonkeyPatch.context() as environment:
        for name, value in deployment(stand_in_convoy, "everyone").items():
            environment.setenv(name, value)
        yield start


@pytest.fixture(scope="module")
def signed_in(gateway: Gateway, authority: Path) -> Iterator[httpx.Client]:
    """A client of an API that takes tokens, that pages of two origins may call, below /v1."""
    trusted = ssl.create_default_context(cafile=str(authority))
    with (
        # This gateway checks a token's claims. Only AWS checks its signature.
        gateway("--ignoreJWTSignature", **JWT, **ORIGINS) as url,
        httpx.Client(base_url=url, verify=trusted, timeout=30) as http,
    ):
        yield http


def test_over_https_the_smoke_test_passes_and_foreign_pages_are_refused(
    gateway: Gateway,
    authority: Path,
    convoy: Convoy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    trusted = ssl.create_default_context(cafile=str(authority))

    # Convoy is that of the environment, as `make run` writes it.
    with gateway(anonymous="true", convoyBaseUrl="", convoyProjectId="") as url:
        monkeypatch.setattr(sys, "argv", ["smoke", url])
        monkeypatch.setattr(smoke, "RESOURCES", OWN)
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
    signed_in: httpx.Client, convoy: Convoy
) -> None:
    refused = [
        signed_in.get("/").status_code,
        signed_in.get("/", headers=_token("others")).status_code,
        signed_in.post(PATH, json=NEW).status_code,
    ]
    created = signed_in.post(PATH, json=NEW, headers=_token("todos"))

    assert refused == [401, 401, 401]
    assert created.status_code == 201
    assert [event["owner_id"] for event in convoy.events()] == ["ann"]


def test_below_its_base_path_the_api_answers_with_locations_to_follow(
    signed_in: httpx.Client, convoy: Convoy
) -> None:
    ann = _token("todos")
    created = signed_in.post(f"/v1{PATH}", json=NEW, headers=ann)
    location = created.headers["location"]

    assert location.startswith(f"/v1{PATH}/")
    read = signed_in.get(location, headers=ann)
    assert (read.status_code, read.headers["etag"]) == (200, '"1"')
    head = signed_in.head(location, headers=ann)
    assert (head.status_code, head.headers["etag"], head.content) == (200, '"1"', b"")
    unchanged = signed_in.get(location, headers=ann | {"If-None-Match": '"1"'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.parametrize("path", ["/", f"{PATH}/1", "/webhooks/endpoints"])
def test_the_gateway_answers_a_preflight_of_an_allowed_page_by_itself(
    signed_in: httpx.Client, convoy: Convoy, path: str
) -> None:
    """It needs no token, and starts no function."""
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        answer = _preflight(signed_in, "https://portal.example", method, path)

        assert (answer.status_code, answer.content) == (204, b"")
        allowed = answer.headers["access-control-allow-headers"].lower().split(",")
        assert set(ASKED_HEADERS.split(",")) <= set(allowed)
        assert method in answer.headers["access-control-allow-methods"].split(",")
        assert answer.headers["access-control-allow-origin"] == "https://portal.example"
        assert answer.headers["access-control-max-age"] == "7200"
    assert convoy.events() == []


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://portal.example", "https://portal.example.evil.test", "null"],
)
def test_a_preflight_of_another_page_gets_no_leave(
    signed_in: httpx.Client, convoy: Convoy, origin: str
) -> None:
    """Without these headers a browser sends no request with a token, and none but a simple one."""
    for method in ("GET", "PUT"):
        answer = _preflight(signed_in, origin, method, PATH)

        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert convoy.events() == []


ASKED_HEADERS = "authorization,content-type,idempotency-key,if-match,if-none-match"


def _preflight(http: httpx.Client, origin: str, method: str, path: str) -> httpx.Response:
    """The request that a browser sends before a page's own."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ASKED_HEADERS,
    }
    return http.options(path, headers=asked)


def _token(audience: str) -> dict[str, str]:
    claims = {"iss": "https://issuer.example", "aud": audience, "sub": "ann", "exp": 2**32}
    parts = [{"alg": "RS256", "typ": "JWT", "kid": "1"}, claims, "signature"]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return {"Authorization": "Bearer " + ".".join(part.rstrip("=") for part in encoded)}
