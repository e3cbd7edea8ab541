"""The handler answers every event that a client can cause, and each error is a problem."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from hypothesis import given

from tests.inputs import inputs
from tests.integration.attack.mutated_events import events

if TYPE_CHECKING:
    import pytest

    from tests.integration.attack.clients import GatewayClient
    from tests.stand_in import Convoy
    from tests.support import JsonObject

NO_TODO = re.compile(r'\{"data":"Todo with id \d+ not found\."\}')
"""The tutorial's answer to a PUT or DELETE: the only error that is not a problem document."""


def test_any_event_is_answered_and_each_error_is_a_problem(
    lambda_: GatewayClient, convoy: Convoy, capsys: pytest.CaptureFixture[str]
) -> None:
    convoy.stop_worker()  # it would send to the endpoints that these requests make

    @inputs(400)
    @given(event=events())
    def attack(event: JsonObject) -> None:
        answer = lambda_.invoke(event)

        assert answer["statusCode"] < 500
        json.dumps(answer).encode()
        if event["requestContext"]["http"]["method"] == "HEAD":
            assert answer["body"] == ""
        else:
            _is_as_promised(answer)
        _one_line_of_json_each(capsys.readouterr().out)

    attack()


def _is_as_promised(answer: JsonObject) -> None:
    media_type = answer["headers"]["content-type"]
    body = answer["body"]
    if answer["statusCode"] == 404 and media_type == "application/json":
        assert NO_TODO.fullmatch(body)
    elif answer["statusCode"] >= 400:
        assert media_type == "application/problem+json"
        assert json.loads(body)["status"] == answer["statusCode"]
    for name, value in answer["headers"].items():
        assert f"{name}{value}".isascii()
        assert f"{name}{value}".isprintable()


def _one_line_of_json_each(out: str) -> None:
    for line in out.splitlines():
        logged = json.loads(line)
        assert logged.get("level", "INFO") == "INFO", logged
