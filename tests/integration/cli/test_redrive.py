"""`redrive`: failed rows wait again, and no other row changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.dynamodb.outbox_table import OutboxTable
from app.outbox.rows import FAILED, WAITING
from app.wiring.clock import now
from tests.integration.cli.shell import DONE, NOT_DONE, Rows, lines, run
from tests.tables import TABLES

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.stand_in import Convoy
    from tests.tables import Outbox


def test_a_failed_row_is_redriven_by_its_id_and_the_relay_settles_it(
    rows: Rows, convoy: Convoy, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETTLE_AFTER_S", "0")
    rows.failed("e1")
    rows.failed("e2")

    redriven = run("redrive", "e1")

    assert redriven.exit_code == DONE
    assert redriven.stdout == "1 waiting again. Wait for the relay, or run hookctl relay\n"
    assert (rows.row("e1").state, rows.row("e2").state) == (WAITING, FAILED)
    assert run("relay").exit_code == NOT_DONE
    assert [event["idempotency_key"] for event in convoy.events()] == ["e1"]
    convoy.deliveries()
    assert run("relay").exit_code == NOT_DONE
    assert outbox.event_ids() == ["e2"]


def test_redrive_all_takes_every_failed_row_and_no_other(rows: Rows) -> None:
    rows.failed("e1")
    rows.failed("e2")
    waiting = rows.waiting("e3", due_in=60)

    assert lines(run("redrive", "--all", "--json")) == [{"redriven": 2}]

    assert {rows.row("e1").state, rows.row("e2").state} == {WAITING}
    assert rows.row("e3") == waiting
    again = run("redrive", "--all")
    assert (again.exit_code, again.stdout) == (DONE, "0 waiting again.\n")


def test_redrive_all_counts_rows_that_another_process_changed(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [rows.failed("e1"), rows.failed("e2")]
    rows.table.redrive(seen[0], now=now())
    monkeypatch.setattr(OutboxTable, "pages", lambda *_: [seen])

    result = run("redrive", "--all")

    assert result.exit_code == NOT_DONE
    assert result.stdout == "1 waiting again. Wait for the relay, or run hookctl relay\n"
    assert result.stderr == (
        "1 not redriven: another process changed them meanwhile. List them: hookctl outbox list\n"
    )


def test_a_row_that_has_not_failed_stays_unchanged(rows: Rows) -> None:
    waiting = rows.waiting("e1", due_in=60)

    result = run("redrive", "e1")

    assert (result.exit_code, result.stdout) == (NOT_DONE, "")
    assert result.stderr == "e1 has not failed: it is waiting.\n"
    assert rows.row("e1") == waiting


def test_a_row_that_another_process_changed_stays_unchanged(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = rows.failed("e1")
    rows.table.redrive(seen, now=now())
    monkeypatch.setattr(OutboxTable, "get", lambda *_: seen)

    result = run("redrive", "e1")

    assert (result.exit_code, result.stdout) == (NOT_DONE, "")
    assert "Another process changed e1" in result.stderr


def test_redrive_all_reports_a_row_that_can_not_be_read(
    rows: Rows, dynamodb: DynamoDBClient
) -> None:
    rows.failed("e1")
    dynamodb.put_item(TableName=TABLES["OutboxTable"], Item={"event_id": {"S": "e2"}})

    result = run("redrive", "--all", "--json")

    assert (result.exit_code, lines(result)) == (NOT_DONE, [{"redriven": 1}])
    assert result.stderr.startswith("outbox row e2 can't be read")
