"""Texts of customers and of Convoy forge no line, and steer no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from app.cli import convoy_tables
from app.cli.main import cli
from tests.integration.cli.shell import run

if TYPE_CHECKING:
    import pytest

    from tests.integration.cli.shell import Rows
    from tests.stand_in import Convoy

FORGED = "x\nstatus       active\r\x1b[2J\u202e\x9b31m"
SHOWN = "x\ufffdstatus       active\ufffd\ufffd[2J\ufffd\ufffd31m"


def test_a_customers_line_break_begins_no_line_of_the_output(
    convoy: Convoy, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    about = {"name": FORGED, "description": FORGED, "owner_id": FORGED}
    endpoint = convoy.ask("POST", "/endpoints", json=about | {"url": "http://127.0.0.1:9/x"})["uid"]
    convoy.ask("POST", "/subscriptions", json={"name": "s", "endpoint_id": endpoint})
    event = {"owner_id": FORGED, "event_type": FORGED, "data": {"todo": {"id": FORGED}}}
    convoy.ask("POST", "/events/fanout", json=event | {"idempotency_key": "e1"})
    convoy.wait_for_worker()
    rows.waiting("e1", owner=FORGED, type=FORGED)
    delete = CliRunner().invoke(cli, ["convoy", "endpoints", "delete", endpoint], input="n\n")

    for output, times in (
        (run("convoy", "endpoints").stdout, 1),
        (run("convoy", "endpoints", "show", endpoint).stdout, 3),
        (run("convoy", "deliveries").stdout, 1),
        (run("outbox", "list").stdout, 2),
        (run("outbox", "show", "e1").stdout, 2),
        (delete.output, 1),
    ):
        assert output.count(SHOWN) == times, output
        assert all(char.isprintable() or char == "\n" for char in output)


def test_an_event_that_is_followed_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    event = {
        "idempotency_key": FORGED, "event_type": FORGED, "is_duplicate_event": False,
        "created_at": "2026-11-27T00:00:00+00:00", "data": {"todo": {"id": FORGED, "version": 1}},
    }  # fmt: skip
    convoy_tables.say_event(event, {"answer": FORGED}, as_json=False)

    assert capsys.readouterr().out.count("\n") == 1
