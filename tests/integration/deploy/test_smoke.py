"""`make smoke`, against the API on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.http import application
from infra.checks import smoke
from infra.fake_convoy import server
from tests.support import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

    from tests.components import TodoService
    from tests.stand_in import Convoy
    from tests.tables import Outbox, TodoStore

    Smoke = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Smoke:
    """The command's exit code."""

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["smoke", *arguments])
        return smoke.main()

    return run


@pytest.fixture
def stage(todo_service: TodoService) -> Iterator[str]:
    with server.running(application.build([todo_service], lambda _: OWNER)) as url:
        yield url


@pytest.fixture
def asked() -> list[tuple[Request, bytes]]:
    return []


@pytest.fixture
def doorkeeper(asked: list[tuple[Request, bytes]]) -> Iterator[str]:
    """Answers each request with 403, and records it in `asked`."""

    async def refuse(request: Request) -> Response:
        asked.append((request, await request.body()))
        return PlainTextResponse("who are you?", 403)

    with server.running(
        Starlette(routes=[Route("/{path:path}", refuse, methods=["GET", "POST"])])
    ) as url:
        yield url


def test_a_working_stage_passes_and_keeps_no_todo(
    run: Smoke,
    stage: str,
    store: TodoStore,
    convoy: Convoy,
    outbox: Outbox,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(f"{stage}/") == 0

    assert capsys.readouterr().out.splitlines()[-1] == "The stage works."
    assert store.page(OWNER, limit=1, after=None).found == []
    assert {row.attempts for row in outbox.rows()} == {0}  # the rows only wait to be settled
    types = [event["event_type"] for event in convoy.events()]
    assert types == ["ping", "created", "retrieved", "deleted"]


def test_a_stage_whose_events_do_not_reach_convoy_does_not_work(
    run: Smoke, stage: str, convoy: Convoy, capsys: pytest.CaptureFixture[str]
) -> None:
    convoy.fail(status=401)

    assert run(stage) == smoke.WRONG

    assert "POST /todo: Webhook-Status is pending" in capsys.readouterr().err


def test_a_wrong_answer_is_reported_with_its_call(
    run: Smoke, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(f"{stage}/elsewhere") == smoke.WRONG

    assert "GET /: expected 200, answered 404" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("page", "message"),
    [("<html>", "not JSON: <html>"), ('{"message": "hi"}', "answered {'message': 'hi'}")],
)
def test_the_page_of_another_server_is_a_wrong_answer(
    run: Smoke, page: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(page)

    with server.running(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        assert run(url) == smoke.WRONG

    assert message in capsys.readouterr().err


def test_a_stage_out_of_reach_has_its_own_exit_code(
    run: Smoke, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("http://127.0.0.1:1") == smoke.UNREACHABLE

    assert "GET /: no answer" in capsys.readouterr().err


def test_a_403_advises_a_token_or_credentials(
    run: Smoke, doorkeeper: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(doorkeeper) == smoke.UNREACHABLE

    assert "Set TOKEN, or give AWS credentials" in capsys.readouterr().err


def test_a_token_is_sent(
    run: Smoke,
    doorkeeper: str,
    asked: list[tuple[Request, bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOKEN", "ey.J.x")

    run(doorkeeper)

    ((request, _),) = asked
    assert request.headers["Authorization"] == "Bearer ey.J.x"


def test_without_a_token_requests_are_signed_with_the_aws_credentials(
    run: Smoke,
    doorkeeper: str,
    asked: list[tuple[Request, bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials = Credentials("key-1", "secret", "session-token")
    monkeypatch.setattr("boto3.Session.get_credentials", lambda _: credentials)

    run(doorkeeper, "--iam", "eu-central-1")

    ((request, _),) = asked
    assert "Credential=key-1/" in request.headers["Authorization"]


def test_the_signature_is_that_of_the_request_that_arrives(
    doorkeeper: str, asked: list[tuple[Request, bytes]]
) -> None:
    credentials = Credentials("key-1", "secret", "session-token")
    auth = smoke.SigV4(credentials, "eu-central-1")

    httpx.post(f"{doorkeeper}/todo?x=1%202", json={"item": "x"}, auth=auth)

    ((request, body),) = asked
    arrived = AWSRequest(request.method, str(request.url), data=body)
    for name in ("X-Amz-Date", "X-Amz-Security-Token"):
        arrived.headers[name] = request.headers[name]
    arrived.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = SigV4Auth(credentials, "execute-api", "eu-central-1")
    canonical = signer.canonical_request(arrived)
    signature = signer.signature(signer.string_to_sign(arrived, canonical), arrived)
    assert request.headers["Authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://a1b2c3.execute-api.eu-west-1.amazonaws.com", "eu-west-1"),
        ("https://a1b2c3.execute-api.cn-north-1.amazonaws.com.cn/", "cn-north-1"),
        ("https://todos.example.com", None),
        ("https://execute-api.example.com", None),
    ],
)
def test_only_a_url_of_api_gateways_own_has_a_region(url: str, region: str | None) -> None:
    assert smoke.region_of(url) == region


@pytest.mark.parametrize("url", ["ftp://example.com", "https://", "example.com"])
def test_an_invalid_url_is_wrong_usage(run: Smoke, url: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run(url)

    assert ended.value.code == 2
