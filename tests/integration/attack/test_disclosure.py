"""Answers and logs of failures disclose no secret and no todo, and contain no forged line."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, EndpointConnectionError

from app.convoy_admin.calls import Calls
from app.domain.ports import StoreError
from app.dynamodb.events_table import EventsTable
from app.dynamodb.store import DynamoStore
from infra.fake_convoy.project import API_KEY
from tests.integration.attack import webhooks
from tests.integration.attack.clients import JSON_TYPE
from tests.integration.attack.test_owners import ANNS, OF_ALL, OF_LOG, OF_ONE, ask
from tests.tables import TABLES

if TYPE_CHECKING:
    import pytest

    from tests.integration.attack.clients import AttackClient
    from tests.stand_in import Convoy

PLANTED = "planted-secret"
ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/todos"

FAULTS = [
    StoreError(f"{ARN} {PLANTED}"),
    RuntimeError(f"{ARN} {PLANTED}"),
    KeyError(PLANTED),
    RecursionError(PLANTED),
    UnicodeEncodeError("utf-8", PLANTED, 0, 1, ARN),
    ClientError({"Error": {"Code": "AccessDeniedException", "Message": ARN}}, "GetItem"),
    EndpointConnectionError(endpoint_url=f"https://{PLANTED}.example"),
]
OURS = OF_ALL | OF_ONE | OF_LOG
CUSTOMERS = webhooks.OF_ALL | {
    route: webhooks.Webhooks().call(call) for route, call in webhooks.OF_ONE.items()
}
INTERNALS = [ARN, "arn:", PLANTED, "Traceback", ".py", "botocore", "aws", API_KEY,
           *TABLES.values()]  # fmt: skip


def test_an_answer_to_an_internal_error_discloses_nothing(
    attacker: AttackClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, error in enumerate(FAULTS):

        def broken(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        for name in ("read", "page", "commit"):
            monkeypatch.setattr(DynamoStore, name, broken)
        for name in ("get", "page"):
            monkeypatch.setattr(EventsTable, name, broken)
        monkeypatch.setattr(Calls, "answer", broken)
        some = list(CUSTOMERS.items())[number :: len(FAULTS)]  # all of them, over all faults
        for route, call in (*OURS.items(), *some):
            if route == "GET /":
                continue  # it uses neither the store nor Convoy
            answer = ask(attacker, call, "ann", JSON_TYPE | {"idempotency-key": "k"})
            assert answer.status in {500, 503}
            assert answer.headers["content-type"] == "application/problem+json"
            assert [each for each in INTERNALS if each in f"{answer.headers}{answer.text}"] == []


def test_convoys_own_messages_reach_no_client(attacker: AttackClient, convoy: Convoy) -> None:
    convoy.fail(status=500, body=json.dumps({"status": False, "message": f"{PLANTED} {ARN}"}))
    for call in (("POST", "/todo", ANNS), *OURS.values(), *CUSTOMERS.values()):
        answer = ask(attacker, call, "ann")

        assert (answer.status == 503) == call[1].startswith("/webhooks")
        assert [each for each in INTERNALS if each in f"{answer.headers}{answer.text}"] == []


FORGED = '\r\n{"level": "ERROR", "message": "forged"}\x1b[31m\u2028{"_aws": {}}'


def test_a_client_forges_no_log_line_and_no_todo_and_no_owner_is_logged(
    lambda_: AttackClient, convoy: Convoy, capsys: pytest.CaptureFixture[str]
) -> None:
    body = json.dumps({"id": 1, "item": f"{PLANTED}{FORGED}"}).encode()
    endpoint = json.dumps({"url": webhooks.URL, "description": f"{PLANTED}{FORGED}"}).encode()
    quoted = "%0d%0a%7b%22level%22:%22ERROR%22%7d%1b[31m"
    convoy.fail(status=400, body=json.dumps({"status": False, "message": FORGED}))
    for method, target, sent in (
        ("POST", "/todo", body),
        ("PUT", "/todo/1", body),
        ("GET", f"/todo/{quoted}", b""),
        ("GET", f"/events/{quoted}", b""),
        ("GET", f"/events?after={quoted}&type={quoted}", b""),
        ("POST", "/webhooks/endpoints", endpoint),
        ("GET", f"/webhooks/endpoints/{quoted}", b""),
        ("GET", f"/webhooks/deliveries?endpoint={quoted}&event={quoted}&after={quoted}", b""),
        ("GET", f"/{quoted}?{quoted}", b""),
        (f"GET{FORGED}", "/", b""),
    ):
        forged = JSON_TYPE | {"user-agent": FORGED, "idempotency-key": FORGED}
        for headers in (forged, JSON_TYPE):
            lambda_.ask(method, target, sent, headers, owner=f"{PLANTED}{FORGED}")

    out = capsys.readouterr().out
    lines = [json.loads(line) for line in out.split("\n")[:-1]]
    assert out.isascii()
    assert "\x1b" not in out
    assert {line["level"] for line in lines if "level" in line} <= {"INFO", "WARNING"}
    assert all({"level", "logger", "request_id"} <= line.keys() or "_aws" in line for line in lines)
    assert {len(line["_aws"]) for line in lines if "_aws" in line} == {2}
    assert PLANTED not in out


def test_the_log_of_an_internal_error_has_no_todo(
    attacker: AttackClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the store broke")

    caplog.set_level(logging.DEBUG, logger="app")
    monkeypatch.setattr(DynamoStore, "commit", broken)
    ask(attacker, ("POST", "/todo", {"id": 1, "item": PLANTED}), "ann")

    assert "the store broke" in caplog.text
    assert PLANTED not in caplog.text
