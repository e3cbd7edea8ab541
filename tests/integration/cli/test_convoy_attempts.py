"""`convoy attempts`: the receiver's answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from app.convoy_admin.project import Project
from tests.integration.cli.shell import lines, run

if TYPE_CHECKING:
    import pytest

    from tests.stand_in import Convoy


def test_attempts_are_listed_with_answer_latency_and_signature(
    convoy: Convoy,
) -> None:
    convoy.endpoint("ann")
    convoy.let_the_receiver_fail()
    convoy.send("e1")
    (found,) = convoy.deliveries()

    person = run("convoy", "attempts", found["uid"])
    first, *_ = script = lines(run("convoy", "attempts", found["uid"], "--json"))

    assert all(len(line) <= 80 for line in person.stdout.splitlines())
    assert person.stdout.count("503 Service Unavailable") == len(script) == 3
    assert (first["answer"], first["arrived"]) == ("503 Service Unavailable", False)
    assert first["signature"].startswith("t=")
    assert first["body"] == "The receiver fails on request."
    assert "The receiver fails on request." in person.stdout
    assert f"{datetime.fromisoformat(first['at']).astimezone():%Y-%m-%d}" in person.stdout
    assert 0 < first["latency_ms"] < 10_000


def test_on_a_terminal_only_the_answer_has_the_colour_of_a_failure(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "NO_COLOR": "", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    convoy.endpoint("ann")
    convoy.let_the_receiver_fail()
    convoy.send("e1")
    (found,) = convoy.deliveries()

    shown = run("convoy", "attempts", found["uid"]).stdout

    assert "\x1b[31m503 Service Unavailable\x1b[0m" in shown
    assert shown.count("\x1b[31m") == 3


def test_an_attempt_without_an_answer_has_no_latency(convoy: Convoy) -> None:
    convoy.endpoint("ann", "http://127.0.0.1:9")
    convoy.send("e1")
    (found,) = convoy.deliveries()

    (output, *_) = lines(run("convoy", "attempts", found["uid"], "--json"))

    assert output["latency_ms"] is None
    assert output["answer"].startswith("ConnectError: ")
    assert " - " in run("convoy", "attempts", found["uid"]).stdout


def test_a_delivery_before_its_first_attempt_lists_none(
    monkeypatch: pytest.MonkeyPatch, convoy: Convoy
) -> None:
    monkeypatch.setattr(Project, "attempts", lambda *_: [])

    assert run("convoy", "attempts", "d").stdout == "No attempt yet.\n"
