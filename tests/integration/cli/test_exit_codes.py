"""Every command has an exit code for its outcome, and only its result on stdout."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from app.outbox.rows import FAILED
from tests.integration.cli.shell import (
    DONE,
    ENVIRONMENT,
    NOT_DONE,
    OUT_OF_REACH,
    USAGE,
    Rows,
    lines,
    python_m_app,
    run,
)
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient


COMMANDS = [
    ["outbox", "list"],
    ["outbox", "show", "e1"],
    ["redrive", "e1"],
    ["redrive", "--all"],
    ["relay"],
    ["relay", "--watch"],
    ["republish", "--since", "1h"],
]


@pytest.mark.parametrize("command", [["outbox", "show"], ["redrive"]])
def test_an_unknown_id_is_code_1_with_a_message_on_stderr(rows: Rows, command: list[str]) -> None:
    result = run(*command, "e1", "--json")

    assert (result.exit_code, result.stdout) == (NOT_DONE, "")
    assert result.stderr.startswith("e1 is not in the outbox")


@pytest.mark.parametrize(
    "arguments",
    [
        ["redrive"],
        ["redrive", "e1", "--all"],
        ["redrive", ""],
        ["outbox", "show", " "],
        ["outbox", "show"],
        ["relay", "--workers", "0"],
        ["relay", "--deadline-s", "16"],
        ["relay", "--segment", "0/2"],
        ["relay", "--segment", "3/2"],
        ["relay", "--segment", "2"],
        ["relay", "--watch", "--every", "0"],
        ["republish"],
        ["republish", "--since", "1h", "--owner", " "],
        ["unknown"],
    ],
)
def test_wrong_usage_is_code_2_and_nothing_on_stdout(rows: Rows, arguments: list[str]) -> None:
    rows.failed("e1")

    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "Usage: " in result.stderr
    assert rows.row("e1").state == FAILED


@pytest.mark.parametrize("options", [[], ["--failed"], ["--failed", "--json"]])
def test_a_list_is_code_0_whatever_is_in_it(rows: Rows, options: list[str]) -> None:
    rows.waiting("e1")
    rows.failed("e2")

    assert run("outbox", "list", *options).exit_code == DONE


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_setting_is_code_3_with_its_name(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.delenv("OUTBOX_TABLE")

    result = run(*command, "--json")

    assert (result.exit_code, result.stdout) == (ENVIRONMENT, "")
    assert result.stderr.startswith("OUTBOX_TABLE is not set.\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_refusal_by_dynamodb_is_code_3_with_its_message(
    monkeypatch: pytest.MonkeyPatch, dynamodb: DynamoDBClient, command: list[str]
) -> None:
    for table in ("OUTBOX_TABLE", "EVENTS_TABLE"):
        monkeypatch.setenv(table, "elsewhere")

    result = run(*command, "--json")

    assert (result.exit_code, result.stdout) == (ENVIRONMENT, "")
    assert "ResourceNotFoundException" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_dynamodb_out_of_reach_is_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", OUT_OF_REACH)

    result = run("outbox", "list")

    assert (result.exit_code, result.stdout) == (ENVIRONMENT, "")
    assert f'Could not connect to the endpoint URL: "{OUT_OF_REACH}/"' in result.stderr


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AWS_REGION", None, "no AWS region is known; set AWS_REGION in the environment."),
        ("AWS_REGION", "", "no AWS region is known; set AWS_REGION in the environment."),
        ("AWS_PROFILE", "nobody", "The config profile (nobody) could not be found"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "nonsense", "AWS_ENDPOINT_URL: Invalid endpoint: nonsense"),
    ],
)
def test_an_environment_without_a_usable_client_is_code_3(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, message: str
) -> None:
    monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    if value is not None:
        monkeypatch.setenv(variable, value)

    result = run("outbox", "list")

    assert (result.exit_code, result.stdout) == (ENVIRONMENT, "")
    assert message in result.stderr


def test_the_outbox_is_listed_while_the_api_keys_secret_can_not_be_read(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVOY_API_KEY")
    monkeypatch.setenv("CONVOY_API_KEY_SECRET", "none")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", OUT_OF_REACH)
    rows.waiting("e1")

    assert [row["event_id"] for row in lines(run("outbox", "list", "--json"))] == ["e1"]


@pytest.mark.parametrize("command", ["relay", "redrive --all"])
@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_stderr_and_only_to_a_terminal(
    rows: Rows, monkeypatch: pytest.MonkeyPatch, command: str, *, terminal: bool
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1" if terminal else "0")
    rows.failed("e1")

    result = run(*command.split(), "--json")

    assert ("1 rows" in result.stderr) is terminal
    assert len(lines(result)) == 1


def test_python_m_app_is_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app", "--help"])

    assert python_m_app(monkeypatch) == DONE


def test_a_separate_process_prints_its_help_and_missing_settings(tmp_path: Path) -> None:
    def process(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "app", *arguments],
            env={"PYTHONPATH": str(ROOT), "COLUMNS": "80"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    helped, missed = process("--help"), process("relay")

    assert (helped.returncode, helped.stderr) == (DONE, "")
    assert "Usage: python -m app" in helped.stdout
    assert (missed.returncode, missed.stdout) == (ENVIRONMENT, "")
    assert "CONVOY_API_KEY: neither it nor CONVOY_API_KEY_SECRET is set" in missed.stderr
    assert "Traceback" not in missed.stderr
