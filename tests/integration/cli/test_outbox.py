"""`outbox list` and `outbox show`: the rows as a person and a script see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.cli.terminal import span
from app.wiring.clock import now
from tests.integration.cli.shell import DONE, NOT_DONE, TODO_TEXT, Rows, lines, run
from tests.support import PATIENCE_S
from tests.tables import TABLES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNREADABLE = "outbox row e2 can't be read: KeyError('owner')\n"
UUID = "fda3c152-30d6-4111-8c99-8b099a3e16d{}"


ACCEPTED_OR_SKIPPED = "(accepted, or not tried because Convoy had just failed)"


def test_the_list_fits_in_80_columns_with_whole_ids_and_types(rows: Rows) -> None:
    rows.waiting(UUID.format(1), age=240, due_in=25.9)
    long_type, long_owner = "subscription_plan.retrieved", "0d1c3a52-30d6-4111-8c99-8b099a3e16df"
    rows.waiting(UUID.format(2), type=long_type, owner=long_owner)
    rows.failed(UUID.format(3))

    listed = run("outbox", "list")

    assert listed.exit_code == DONE
    assert all(len(line) <= 80 for line in listed.stdout.splitlines())
    (row,) = [line.split() for line in listed.stdout.splitlines() if UUID.format(1) in line]
    assert (*row[:3], *row[4:]) == ("4", "min", "-", "s", UUID.format(1))
    assert f" created, ann {ACCEPTED_OR_SKIPPED}" in " ".join(listed.stdout.split())
    assert " now" in listed.stdout
    assert UUID.format(2) in listed.stdout
    assert long_type in listed.stdout
    assert long_owner in listed.stdout
    assert UUID.format(3) not in listed.stdout
    assert listed.stdout.endswith(
        "2 waiting, 1 failed.\nSee why they failed: hookctl outbox list --failed\n"
    )


def test_the_list_is_as_wide_as_the_terminal(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "503: " + "x" * 100
    row = rows.waiting("e1")
    rows.table.postpone(row, now=now(), due_at=now(), reason=reason, refused=False)
    monkeypatch.setenv("COLUMNS", "200")

    listed = run("outbox", "list").stdout.splitlines()

    assert listed[3].rstrip().endswith(f"created, ann ({reason})")
    assert len(listed[1]) == 200


def test_the_list_shows_an_event_that_was_put_back(rows: Rows) -> None:
    event = rows.waiting("e1").event
    rows.table.remove(["e1"])
    rows.table.restore(event, now=now())

    assert "created, ann (put back, and not tried yet)" in run("outbox", "list").stdout


def test_the_list_is_as_long_as_asked_and_counts_all(rows: Rows) -> None:
    for n in range(3):
        rows.waiting(f"e{n}")

    assert len(lines(run("outbox", "list", "--limit", "2", "--json"))) == 2
    assert "3 waiting, 0 failed." in run("outbox", "list", "--limit", "1").stdout


@pytest.mark.parametrize(
    ("terminal", "no_color", "shown"),
    [
        ("1", "", "\x1b[33m1 waiting\x1b[0m, \x1b[31m1 failed\x1b[0m."),
        ("1", "1", "1 waiting, 1 failed."),
        ("0", "", "1 waiting, 1 failed."),
    ],
)
def test_states_have_colours_on_a_terminal_unless_no_color_is_set(
    rows: Rows, monkeypatch: pytest.MonkeyPatch, terminal: str, no_color: str, shown: str
) -> None:
    for name, value in {"TTY_COMPATIBLE": terminal, "NO_COLOR": no_color, "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    rows.waiting("e1")
    rows.failed("e2")

    assert f"\n{shown}\nSee why" in run("outbox", "list").stdout


def test_the_list_of_failed_rows_shows_the_reasons(rows: Rows) -> None:
    rows.waiting("e1")
    rows.failed("e2", reason="400: [bold]no[/bold] \x1b[31m")

    listed = run("outbox", "list", "--failed")

    assert listed.exit_code == DONE
    assert "e2" in listed.stdout
    assert "(400: [bold]no[/bold] \N{REPLACEMENT CHARACTER}[31m)" in listed.stdout
    assert "never" in listed.stdout
    assert "e1" not in listed.stdout
    assert listed.stdout.endswith("Let them wait again: hookctl redrive --all\n")


def test_an_empty_outbox_is_a_sentence_for_people_and_nothing_for_scripts(rows: Rows) -> None:
    assert run("outbox", "list").stdout == "The outbox is empty: Convoy handled every event.\n"
    assert run("outbox", "list", "--json").output == ""


def test_a_script_gets_one_object_per_line(rows: Rows) -> None:
    rows.waiting("e1", age=240, due_in=PATIENCE_S)
    rows.failed("e2")

    (waiting,) = lines(run("outbox", "list", "--json"))
    (failed,) = lines(run("outbox", "list", "--failed", "--json"))

    assert 240 <= waiting.pop("age_s") < 240 + PATIENCE_S
    assert 0 < waiting.pop("due_in_s") <= PATIENCE_S
    assert waiting == {
        "event_id": "e1", "type": "created", "owner": "ann", "state": "waiting",
        "attempts": 0, "reason": "",
    }  # fmt: skip
    assert (failed["event_id"], failed["state"]) == ("e2", "failed")
    assert (failed["attempts"], failed["due_in_s"]) == (1, None)
    assert failed["reason"] == "400: no such event type"


def test_an_overdue_row_is_due_in_zero_seconds(rows: Rows) -> None:
    rows.waiting("e1", due_in=-30)

    assert [row["due_in_s"] for row in lines(run("outbox", "list", "--json"))] == [0.0]


def test_no_list_shows_a_todos_text(rows: Rows) -> None:
    rows.waiting("e1")
    rows.failed("e2")

    for options in ([], ["--json"], ["--failed"], ["--failed", "--json"]):
        assert TODO_TEXT not in run("outbox", "list", *options).output


def test_a_list_of_several_pages_has_every_row_and_one_header(rows: Rows) -> None:
    for n in range(5):
        rows.waiting(f"e{n}", item="x" * 390_000)
    assert len(list(rows.table.pages())) > 1

    listed = run("outbox", "list")

    assert [listed.stdout.count(f"e{n} ") for n in range(5)] == [1] * 5
    assert listed.stdout.count("Tries") == 1
    assert len(lines(run("outbox", "list", "--json"))) == 5


def test_an_unreadable_row_is_reported_on_stderr_beside_the_others(
    rows: Rows, dynamodb: DynamoDBClient
) -> None:
    rows.waiting("e1")
    dynamodb.put_item(TableName=TABLES["OutboxTable"], Item={"event_id": {"S": "e2"}})

    listed = run("outbox", "list")

    assert listed.exit_code == NOT_DONE
    assert "1 waiting, 0 failed, 1 can't be read." in listed.stdout
    assert listed.stderr == UNREADABLE


@pytest.mark.parametrize("command", [["outbox", "show"], ["redrive"]])
def test_an_unreadable_row_asked_for_by_its_id_is_code_1(
    dynamodb: DynamoDBClient, command: list[str]
) -> None:
    dynamodb.put_item(TableName=TABLES["OutboxTable"], Item={"event_id": {"S": "e2"}})

    result = run(*command, "e2", "--json")

    assert (result.exit_code, result.stdout, result.stderr) == (NOT_DONE, "", UNREADABLE)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (2e5, "2 d")],
)
def test_a_span_uses_the_largest_unit_that_fits_twice(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_show_prints_a_row_with_its_payload(rows: Rows) -> None:
    rows.waiting("e1", item="Grüße \x9b31m")
    rows.failed("e2")

    waiting, failed = run("outbox", "show", "e1"), run("outbox", "show", "e2")

    assert (waiting.exit_code, failed.exit_code) == (DONE, DONE)
    assert '    "item": "Grüße \N{REPLACEMENT CHARACTER}31m"\n' in waiting.stdout
    assert f"Reason  {ACCEPTED_OR_SKIPPED[1:-1]}\n" in waiting.stdout
    assert "Tries   none recorded\n" in waiting.stdout
    assert "Reason  400: no such event type\n" in failed.stdout
    assert "Tries   1 (1 refused)\n" in failed.stdout


def test_show_gives_a_script_the_payload_as_data(rows: Rows) -> None:
    row = rows.waiting("e1")

    (shown,) = lines(run("outbox", "show", "e1", "--json"))

    assert shown["data"] == row.event.data
    assert shown["state"] == "waiting"
