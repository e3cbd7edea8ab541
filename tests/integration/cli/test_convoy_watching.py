"""`convoy listen`: new events, printed as they come."""

from __future__ import annotations

import signal
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from app.cli.convoy_watch import Listener
from app.convoy_admin.calls import PAGE
from tests.integration.cli.shell import DONE, TODO_TEXT, lines, run
from tests.integration.cli.steps import publish, wait_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stand_in import Convoy
    from tests.support import JsonObject


def test_listen_prints_new_events_and_no_earlier_ones(convoy: Convoy) -> None:
    todo = {"id": 7, "item": TODO_TEXT, "version": 2}
    convoy.send("before")
    wait = wait_with(
        publish(convoy, "e1", todo=todo), publish(convoy, "e1", todo=todo),
        publish(convoy, "e2", todo_id=8), publish(convoy, "e3", todo=[1]),
    )  # fmt: skip

    result = run("convoy", "listen", "--every", "1", wait=wait)

    assert (result.exit_code, result.stderr) == (DONE, "Listening; Ctrl-C ends it.\n")
    printed = [line.split("  ", 1) for line in result.stdout.splitlines()]
    assert all(datetime.fromisoformat(at).tzinfo for at, _ in printed)
    assert [about for _, about in printed] == [
        "created    e1  todo 7, version 2",
        "created    e1  todo 7, version 2 (duplicate: not sent)",
        "created    e2  todo 8",
        "created    e3",
    ]


def test_a_script_gets_each_event_with_its_payload(convoy: Convoy) -> None:
    wait = wait_with(publish(convoy, "e1", text="ä"))

    (output,) = lines(run("convoy", "listen", "--json", "--every", "1", wait=wait))

    (event,) = convoy.events()
    assert output == {
        "event_id": "e1", "type": "created", "duplicate": False,
        "created_at": event["created_at"], "data": {"text": "ä"},
    }  # fmt: skip


def test_listen_reports_an_outage_and_prints_its_events_afterwards(convoy: Convoy) -> None:
    def fail() -> None:
        publish(convoy, "e1")()
        convoy.fail(status=503)

    result = run("convoy", "listen", "--every", "1", wait=wait_with(fail, convoy.recover))

    assert result.exit_code == DONE
    assert "Convoy can't do it now (503: injected fault)" in result.stderr
    assert "Next check in 1 s." in result.stderr
    assert "e1" in result.stdout


def test_listen_treats_a_refusal_as_an_outage(convoy: Convoy) -> None:
    wait = wait_with(lambda: convoy.fail(status=400), convoy.recover)

    result = run("convoy", "listen", "--every", "1", wait=wait)

    assert result.exit_code == DONE
    assert "400: injected fault\nNext check in 1 s." in result.stderr


def test_a_second_ctrl_c_ends_the_command_at_once(convoy: Convoy) -> None:
    def wait(_: float) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    assert run("convoy", "listen", wait=wait).exit_code == 130


def test_ctrl_c_ends_a_long_pause_at_once(convoy: Convoy) -> None:
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        signal.raise_signal(signal.SIGTERM)

    assert run("convoy", "listen", "--every", "3600", wait=wait).exit_code == DONE
    assert waited == [1]


class Pages:
    """A project whose events, newest first, a test sets."""

    def __init__(self) -> None:
        self.newest = 0

    def pages_of_events(self) -> Iterator[list[JsonObject]]:
        events: list[JsonObject] = [{"uid": n} for n in range(self.newest, 0, -1)]
        for start in range(0, len(events), PAGE):
            yield events[start : start + PAGE]


@pytest.mark.parametrize("burst", [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE])
def test_a_burst_of_any_length_is_printed_once_in_order(burst: int) -> None:
    project = Pages()
    project.newest = 5
    listener = Listener(project)  # type: ignore[arg-type]

    for _ in range(2):
        before = project.newest
        project.newest += burst
        output = [event["uid"] for event in listener.new_events()]
        assert output == list(range(before + 1, project.newest + 1))
    assert listener.new_events() == []
