"""`convoy listen --forward-to`: this command sends the new events, signed as Convoy signs."""

from __future__ import annotations

import json
import re
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from app.cli.convoy import forwarding
from examples.receiver import verified
from infra.fake_convoy import server
from tests.integration.cli.shell import DONE, OUT_OF_REACH, USAGE, lines, run, usage_error
from tests.integration.cli.steps import publish, wait_with
from tests.raw_server import raw_server, read_request

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from starlette.requests import Request

    from tests.stand_in import Convoy


@dataclass
class Target:
    """A receiver on this machine. It answers with `status`."""

    url: str = ""
    status: int = 204
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def receive(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        self.headers.append(dict(request.headers))
        return Response(status_code=self.status)


@pytest.fixture
def target() -> Iterator[Target]:
    target = Target()
    app = Starlette(routes=[Route("/webhooks", target.receive, methods=["POST"])])
    with server.running(app) as url:
        target.url = f"{url}/webhooks?tenant=1"
        yield target


def listen(*options: str) -> list[str]:
    return ["convoy", "listen", "--every", "1", *options]


def test_new_events_are_forwarded_signed_with_the_printed_secret(
    convoy: Convoy, target: Target
) -> None:
    todo = {"id": 7, "item": "Größe", "version": 2}
    convoy.send("before")
    wait = wait_with(publish(convoy, "e1", todo=todo), publish(convoy, "e1", todo=todo))

    result = run(*listen("--forward-to", target.url), wait=wait)

    secret = re.search("CONVOY_ENDPOINT_SECRET=(\\S+)", result.stderr)
    assert result.exit_code == DONE
    assert secret
    (body,), (headers,) = target.bodies, target.headers
    assert body == json.dumps({"todo": todo}, ensure_ascii=False, separators=(",", ":")).encode()
    assert verified(secret[1], body, headers["x-convoy-signature"], time.time())
    assert headers["x-convoy-idempotency-key"] == "e1"
    assert headers["content-type"] == "application/json"
    first, duplicate = result.stdout.splitlines()
    assert first.endswith("e1  todo 7, version 2 -> 204 No Content")
    assert duplicate.endswith("e1  todo 7, version 2 (duplicate: not sent)")


def test_a_name_that_httpx_cannot_decode_is_an_attempt_that_failed(convoy: Convoy) -> None:
    wait = wait_with(publish(convoy, "e1", todo={"id": 7, "version": 2}))

    result = run(*listen("--forward-to", "http://xn--/webhooks"), wait=wait)

    assert result.exit_code == DONE
    assert "-> ConnectError: " in result.stdout


def test_it_says_that_it_sends_and_not_convoy(convoy: Convoy, target: Target) -> None:
    result = run(*listen("--forward-to", target.url), wait=wait_with())

    message = f"This command sends the new events to {target.url}, not Convoy: each one once,"
    assert result.stderr.startswith(message)
    assert result.stdout == ""


def test_a_script_gets_the_secret_and_the_outcome_of_each(convoy: Convoy, target: Target) -> None:
    target.status = 500
    wait = wait_with(publish(convoy, "e1", text="a"))

    first, second = lines(run(*listen("--forward-to", target.url, "--json"), wait=wait))

    assert first["forward_to"] == target.url
    assert verified(
        first["secret"], target.bodies[0], target.headers[0]["x-convoy-signature"], time.time()
    )
    forwarded = second["forwarded"]
    assert (forwarded["arrived"], forwarded["answer"]) == (False, "500 Internal Server Error")
    assert forwarded["latency_ms"] > 0


def test_a_receiver_out_of_reach_is_reported_and_listening_goes_on(convoy: Convoy) -> None:
    wait = wait_with(publish(convoy, "e1"), publish(convoy, "e2"))

    result = run(*listen("--forward-to", OUT_OF_REACH), wait=wait)

    assert result.exit_code == DONE
    outcomes = [line.partition(" -> ")[2] for line in result.stdout.splitlines()]
    assert len(outcomes) == 2
    assert all(outcome.startswith("ConnectError: ") for outcome in outcomes)


def test_a_receiver_that_never_answers_has_a_deadline(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "DEADLINE_S", 0.2)

    def hang(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)

    with raw_server(hang) as url:
        wait = wait_with(publish(convoy, "e1"))
        (_, output) = lines(run(*listen("--forward-to", url, "--json"), wait=wait))

    assert output["forwarded"]["latency_ms"] is None
    assert output["forwarded"]["answer"].startswith("ReadTimeout")


def test_an_event_without_a_key_is_forwarded_without_one(convoy: Convoy, target: Target) -> None:
    event = {"owner_id": "ann", "event_type": "created", "data": {"a": 1}}
    wait = wait_with(lambda: convoy.ask("POST", "/events/fanout", json=event))

    run(*listen("--forward-to", target.url), wait=wait)

    (headers,) = target.headers
    assert "x-convoy-idempotency-key" not in headers


def test_ctrl_c_ends_a_burst_after_the_present_event(
    convoy: Convoy, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = forwarding.Forwarder.send

    def interrupted(self: forwarding.Forwarder, event: dict[str, object]) -> dict[str, object]:
        signal.raise_signal(signal.SIGINT)
        return original(self, event)

    monkeypatch.setattr(forwarding.Forwarder, "send", interrupted)

    def burst() -> None:
        for key in ("e1", "e2", "e3"):
            convoy.send(key)
        convoy.wait_for_worker()

    result = run(*listen("--forward-to", target.url), wait=wait_with(burst))

    assert result.exit_code == DONE
    assert len(target.bodies) == 1


@pytest.mark.parametrize("url", ["localhost:3000", "ftp://x", "", "http://"])
def test_another_url_is_wrong_usage(convoy: Convoy, url: str) -> None:
    result = run(*listen("--forward-to", url))

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "must be an http or https URL" in usage_error(result)
