"""One publish over TLS on loopback: this project, the SDK on two other clients, and urllib3."""

from __future__ import annotations

import json
import os
import ssl
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx
import trustme
import urllib3

from app.convoy.api_key import ApiKey
from app.convoy.exchange import Exchange
from app.convoy.publisher import MAX_ANSWER_BYTES, ConvoyPublisher
from app.convoy.sdk import AuthenticatedClient, FanoutEvent, fanout
from app.domain.events import envelope
from app.outbox.outcomes import Accepted
from app.wiring.clock import now
from benchmarks.compare.processes import PEERS, backends, on_core
from benchmarks.compare.tables import Samples, Table, rotated
from tests.todo import TODO

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY, PROJECT, DEADLINE_S = "CO.bench", "p", 2.0
BODY_OF_TODO = {"id": 1, "item": "Write the tests", "completed": False, "version": 1}
EVENT = envelope(
    TODO.events.created,
    event_id="01a20c91-a000-7111-8c99-8b099a3e16df",
    owner="everyone",
    now=datetime(2026, 11, 24, tzinfo=UTC),
    todo=BODY_OF_TODO,
)
BODY: dict[str, Any] = {
    "owner_id": EVENT.owner,
    "event_type": EVENT.type,
    "idempotency_key": EVENT.id,
    "data": EVENT.data,
}
CALLS, NEW_CALLS = 100, 15

Client = tuple[Callable[[], None], Callable[[], None]]
"""Two functions: one publishes once, one closes the connections."""


def measure(rounds: int) -> Table:
    kept, new = Samples(), Samples()
    with _authority() as (certificate, key, ca), on_core(PEERS):
        trusted = patch.dict(os.environ, SSL_CERT_FILE=ca)  # httpx reads it
        with trusted, backends("--tls", certificate, key) as canned:
            root = f"https://localhost:{canned.port}/api"
            makers = {name: _maker(name, root, ca) for name in MAKERS}
            held = {name: make() for name, make in makers.items()}
            for turn in range(rounds):
                for name in rotated(list(makers), turn):
                    kept.add(name, _timed(held[name][0], CALLS))
                    new.add(name, _timed(partial(_once, makers[name]), NEW_CALLS))
            for _, close in held.values():
                close()
    return Table(
        name="publishing",
        title="Publishing one event over TLS, on loopback",
        note=f"Microseconds, medians of {rounds} rounds. A new connection takes two round trips"
        " more on a real network; ours is kept alive.",
        columns=("client", "kept alive", "ratio", "new connection", "ratio"),
        rows=[
            [
                title,
                kept.median(name) * 1e6,
                kept.ratio(name, "urllib3"),
                new.median(name) * 1e6,
                new.ratio(name, "urllib3"),
            ]
            for name, (title, _) in MAKERS.items()
        ],
        found={"publish / urllib3": kept.ratio("ours", "urllib3")},
        floors={"publish / urllib3": kept.ratio("floor", "urllib3")},
    )


def _ours(root: str, _: str) -> Client:
    convoy = Exchange(
        base_url=root,
        project_id=PROJECT,
        api_key=ApiKey(KEY),
        proxy=None,
        deadline_s=DEADLINE_S,
        max_bytes=MAX_ANSWER_BYTES,
    )
    publisher = ConvoyPublisher(convoy, now)

    def publish() -> None:
        _check(publisher.publish(EVENT) == Accepted())

    return publish, publisher.close


def _documented(root: str, _: str) -> Client:
    client = AuthenticatedClient(base_url=root, token=KEY)
    body = FanoutEvent.from_dict(BODY)

    def publish() -> None:
        answer = fanout.sync_detailed(PROJECT, client=client, body=body)
        _check(answer.status_code == 201)

    return publish, client.get_httpx_client().close


class _Bare(httpx.Client):
    """Sends what the SDK asks for by `http.client`, and checks nothing."""

    def __init__(self, root: str, ca: str) -> None:
        super().__init__(transport=httpx.BaseTransport())  # never used: it costs nothing
        url = httpx.URL(root)
        tls = ssl.create_default_context(cafile=ca)
        self._path = url.path
        self.connection = HTTPSConnection(url.host, url.port, timeout=DEADLINE_S, context=tls)

    def request(  # type: ignore[override]  # only the arguments that the SDK uses
        self,
        method: str,
        url: str,
        **sent: Any,  # noqa: ANN401
    ) -> httpx.Response:
        content = json.dumps(sent["json"], separators=(",", ":")).encode()
        headers = sent["headers"] | {"Authorization": f"Bearer {KEY}"}
        self.connection.request(method.upper(), self._path + url, content, headers)
        answer = self.connection.getresponse()
        return httpx.Response(answer.status, content=answer.read())


def _floor(root: str, ca: str) -> Client:
    """The SDK on `http.client`: nothing of this project."""
    bare = _Bare(root, ca)
    client = AuthenticatedClient(base_url=root, token=KEY).set_httpx_client(bare)

    def publish() -> None:
        body = FanoutEvent.from_dict(BODY)
        answer = fanout.sync_detailed(PROJECT, client=client, body=body)
        _check(answer.status_code == 201)

    return publish, bare.connection.close


def _urllib3(root: str, ca: str) -> Client:
    pool = urllib3.PoolManager(ca_certs=ca, timeout=DEADLINE_S, retries=False)
    url = f"{root}/v1/projects/{PROJECT}/events/fanout"
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    def publish() -> None:
        content = json.dumps(BODY, separators=(",", ":")).encode()
        answer = pool.request("POST", url, body=content, headers=headers)
        _check(answer.status == 201 and answer.json()["status"])

    return publish, pool.clear


MAKERS = {
    "ours": ("this project, by the SDK", _ours),
    "floor": ("floor: the SDK on http.client", _floor),
    "documented": ("the SDK, as documented", _documented),
    "urllib3": ("urllib3", _urllib3),
}


def _maker(name: str, root: str, ca: str) -> Callable[[], Client]:
    return lambda: MAKERS[name][1](root, ca)


def _once(make: Callable[[], Client]) -> None:
    publish, close = make()
    publish()
    close()


def _check(accepted: object) -> None:
    if not accepted:
        raise RuntimeError("the event was not accepted")


def _timed(call: Callable[[], None], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


@contextmanager
def _authority() -> Iterator[tuple[str, str, str]]:
    """Paths of a certificate for localhost, its key, and the authority that signed it."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate, key, ca = folder / "certificate", folder / "key", folder / "ca"
        certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        authority.cert_pem.write_to_path(ca)
        yield str(certificate), str(key), str(ca)
