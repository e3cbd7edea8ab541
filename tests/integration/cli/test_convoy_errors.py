"""The messages of the commands about Convoy for a wrong key, project or URL, and for a failure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.shell import ENVIRONMENT, OUT_OF_REACH, USAGE, run

if TYPE_CHECKING:
    from tests.stand_in import Convoy
    from tests.support import JsonObject

COMMANDS = [
    ["setup", "--url", "http://127.0.0.1:9"],
    ["endpoints"],
    ["deliveries"],
    ["attempts", "d"],
    ["resend", "d"],
    ["ping"],
    ["listen"],
]
HTML = {"content-type": "text/html"}

pytestmark = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])


def message_of(command: list[str]) -> str:
    """The message of a command in a wrong environment, only on stderr."""
    result = run("convoy", *command, "--json")
    assert (result.exit_code, result.stdout) == (ENVIRONMENT, "")
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.mark.parametrize("name", ["CONVOY_API_KEY", "CONVOY_BASE_URL", "CONVOY_PROJECT_ID"])
def test_a_missing_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, command: list[str]
) -> None:
    monkeypatch.delenv(name)

    assert message_of(command).startswith(name)


def test_a_wrong_key_is_reported_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("CONVOY_API_KEY", "CO.wrong")

    message = message_of(command)

    assert message.startswith("CONVOY_API_KEY: Convoy refused the key (401: authorization failed).")
    assert "CO.wrong" not in message


def test_a_key_that_convoy_repeats_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, convoy: Convoy, command: list[str]
) -> None:
    monkeypatch.setenv("CONVOY_API_KEY", "CO.wrong")
    convoy.fail(status=403, body='{"status":false,"message":"no CO.wrong here"}')

    assert "(403: no [API key] here)" in message_of(command)


def test_the_key_of_another_project_is_reported_with_that_projects_id(
    convoy: Convoy, command: list[str]
) -> None:
    project = {"status": True, "message": "", "data": {"uid": "other", "name": "The other"}}
    convoy.fail(status=200, body=json.dumps(project))

    assert message_of(command).startswith(
        'CONVOY_PROJECT_ID is local, but the key belongs to the project other ("The other"), and'
    )


def test_an_unknown_project_is_reported(convoy: Convoy, command: list[str]) -> None:
    convoy.fail(status=404, body='{"status":false,"message":"project not found"}')

    message = message_of(command)

    assert message.startswith(
        "CONVOY_PROJECT_ID (local): Convoy did not find it (404: project not found"
    )


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ({"status": 200, "body": "<!doctype html>", "headers": HTML}, "200: not Convoy's JSON but"),
        ({"status": 302, "body": "", "headers": HTML}, "302: not Convoy's JSON but text/html"),
        ({"status": 404, "body": "404 page not found"}, "404: not Convoy's JSON but"),
        ({"status": 502, "body": "<h1>Bad gateway", "headers": HTML}, "502: not Convoy's JSON but"),
    ],
)
def test_a_url_without_convoys_api_is_reported(
    convoy: Convoy, fault: JsonObject, answer: str, command: list[str]
) -> None:
    convoy.fail(**fault)

    message = message_of(command)

    assert message.startswith(f"CONVOY_BASE_URL ({convoy.api}): that is not Convoy's API ({answer}")


def test_a_url_that_leads_to_the_dashboard_is_reported(
    monkeypatch: pytest.MonkeyPatch, convoy: Convoy, command: list[str]
) -> None:
    monkeypatch.setenv("CONVOY_BASE_URL", f"{convoy.url}/elsewhere/api")

    assert "(200: not Convoy's JSON but text/html" in message_of(command)


def test_a_convoy_out_of_reach_is_reported(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("CONVOY_BASE_URL", f"{OUT_OF_REACH}/api")

    assert message_of(command).startswith(
        f"CONVOY_BASE_URL ({OUT_OF_REACH}/api): no answer (ConnectErr"
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_convoy_that_fails_now_is_reported(
    convoy: Convoy, status: int, command: list[str]
) -> None:
    convoy.fail(status=status)

    assert (
        message_of(command)
        == f"Convoy can't do it now ({status}: injected fault). Try again later.\n"
    )


def test_an_unreadable_secret_is_reported(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.delenv("CONVOY_API_KEY")
    monkeypatch.setenv("CONVOY_API_KEY_SECRET", "todo/convoy")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", OUT_OF_REACH)

    assert message_of(command).startswith("CONVOY_API_KEY_SECRET (todo/convoy): ")


def test_wrong_usage_is_code_2(convoy: Convoy, command: list[str]) -> None:
    result = run("convoy", command[0], "--unknown")

    assert (result.exit_code, result.stdout) == (USAGE, "")
