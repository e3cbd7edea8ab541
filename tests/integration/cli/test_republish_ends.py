"""How `republish` ends early: wrong options, Ctrl-C, outages, rows that can't be read."""

from __future__ import annotations

import re
import signal
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.cli import republish
from app.cli.moments import moment
from app.cli.relay_loop import Interrupt
from app.convoy import event_list
from app.convoy.event_list import ConvoyEvents
from app.domain.ports import StoreUnavailable
from app.dynamodb.events_table import EventsTable
from app.dynamodb.outbox_table import OutboxTable
from app.wiring.clock import now
from tests.integration.cli.event_log import EventLog, ago, ids, settled_in_convoy
from tests.integration.cli.shell import DONE, ENVIRONMENT, NOT_DONE, OUT_OF_REACH, USAGE, lines, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event
    from tests.stand_in import Convoy
    from tests.tables import Outbox


@pytest.fixture
def event_log(dynamodb: DynamoDBClient) -> EventLog:
    return EventLog(dynamodb)


@pytest.mark.parametrize(
    ("span", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("30min", timedelta(minutes=30)),
        ("2 h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
    ],
)
def test_a_span_means_that_long_ago(span: str, length: timedelta) -> None:
    before = now()

    assert timedelta() <= moment(span) - (before - length) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("", "is not a moment"),
        ("yesterday", "is not a moment"),
        ("2h30", "is not a moment"),
        ("٢h", "is not a moment"),
        ("-2h", "is not a moment"),
        ("999999999d", "is not a moment"),
        ("2026-11-24", "is not a moment"),
        ("2026-11-24T10:00:00", "is not a moment"),
        ("9999-12-31T23:59:59Z", "is in the future"),
        ("0001-01-01T00:00:00Z", "is over 3650 days ago"),
        ("0001-01-01T00:00:00+14:00", "is over 3650 days ago"),
        ("3651d", "is over 3650 days ago"),
    ],
)
def test_an_invalid_moment_is_wrong_usage_that_names_the_option(
    event_log: EventLog, outbox: Outbox, wrong: str, message: str
) -> None:
    event_log.event()

    result = run("republish", f"--since={wrong}")

    assert (result.exit_code, result.stdout) == (USAGE, "")
    stderr = re.sub(r"[\s│]+", " ", result.stderr)
    assert "--since" in stderr
    assert message in stderr
    assert outbox.event_ids() == []


def test_without_a_moment_the_option_is_named() -> None:
    result = run("republish")

    assert result.exit_code == USAGE
    assert "--since" in result.stderr


def test_a_second_run_after_a_stop_puts_back_the_rest(
    event_log: EventLog, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = event_log.events(60)
    with monkeypatch.context() as first:
        interrupt = controlled_interrupt(first)
        call_after(first, OutboxTable, "restore", lambda: setattr(interrupt, "asked", True))
        stopped = run("republish", "--since", "1h")

    assert stopped.exit_code == NOT_DONE
    begun = set(outbox.event_ids())
    assert 0 < len(begun) < len(events)
    assert f"{len(begun)} put back into the outbox" in stopped.stdout
    again = re.search(r"^Interrupted\. Run it again with (--since) (\S+):", stopped.stdout, re.M)
    assert again, stopped.stdout
    (output,) = lines(run("republish", *again.groups(), "--json"))
    assert (output["waiting"], output["missing"]) == (len(begun), len(events) - len(begun))
    assert outbox.event_ids() == ids(events)


def test_ctrl_c_ends_between_pages_of_convoys_list(
    event_log: EventLog, convoy: Convoy, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled_in_convoy(convoy, event_log.events(3))
    lost = event_log.event()
    monkeypatch.setattr(event_list, "PAGE", 1)
    with monkeypatch.context() as first:
        original, given = ConvoyEvents.between, []

        def between(*about: object) -> Iterator[object]:
            for page in original(*about):  # type: ignore[arg-type]
                given.append(page)
                signal.raise_signal(signal.SIGINT)
                yield page

        first.setattr(ConvoyEvents, "between", between)
        result = run("republish", "--since", "1h", "--json")

    assert result.exit_code == NOT_DONE
    assert len(given) == 1
    assert lines(result)[0]["interrupted"] is True
    assert outbox.event_ids() == []
    assert run("republish", "--since", "1h").exit_code == DONE
    assert outbox.event_ids() == [lost.id]


def test_ctrl_c_ends_between_pages_of_the_log(
    event_log: EventLog, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = event_log.events(2)
    interrupt = controlled_interrupt(monkeypatch)

    def since(*_: object, **__: object) -> Iterator[list[Event]]:
        yield events[:1]
        interrupt.asked = True
        yield events[1:]
        raise AssertionError("read on")

    monkeypatch.setattr(EventsTable, "since", since)

    result = run("republish", "--since", "1h")

    assert result.exit_code == NOT_DONE
    assert "1 events of the log since " in result.stdout
    assert outbox.event_ids() == [events[0].id]


def test_a_handled_event_is_not_counted_after_ctrl_c(
    event_log: EventLog, convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled_in_convoy(convoy, event_log.events(1))
    interrupt = controlled_interrupt(monkeypatch)
    call_after(monkeypatch, EventsTable, "_read", lambda: setattr(interrupt, "asked", True))

    (output,) = lines(run("republish", "--since", "1h", "--json"))

    assert (output["handled"], output["interrupted"]) == (0, True)


def test_an_unreadable_event_is_reported_beside_the_others(
    event_log: EventLog, outbox: Outbox
) -> None:
    damaged = event_log.unreadable()
    lost = event_log.event()

    result = run("republish", "--since", "1h")

    assert result.exit_code == NOT_DONE
    assert f"event {damaged} of the log can't be read" in result.stderr
    assert "1 put back into the outbox, 0 handled by Convoy, 1 can't be read.\n" in result.stdout
    assert outbox.event_ids() == [lost.id]


def test_a_convoy_out_of_reach_is_code_3(
    event_log: EventLog, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_log.events(2)
    monkeypatch.setenv("CONVOY_BASE_URL", f"{OUT_OF_REACH}/api")

    result = run("republish", "--since", "1h")

    assert (result.exit_code, result.stdout) == (ENVIRONMENT, "")
    assert result.stderr.startswith("Convoy did not answer: ConnectError")
    assert "Run it again with --since " in result.stderr
    assert outbox.event_ids() == []


@pytest.mark.parametrize("command", [["--json"], []])
def test_a_convoy_that_fails_half_way_is_code_3_and_ends_at_once(
    event_log: EventLog, convoy: Convoy, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    event_log.events(60)
    asked: list[str] = []
    original = ConvoyEvents.under

    def under(self: ConvoyEvents, key: str, *about: object) -> object:
        asked.append(key)
        convoy.fail(status=503)
        return original(self, key, *about)  # type: ignore[arg-type]

    monkeypatch.setattr(ConvoyEvents, "under", under)

    result = run("republish", "--since", "1h", *command)

    assert (result.exit_code, result.stdout) == (ENVIRONMENT, "")
    assert result.stderr.startswith("Convoy did not answer: 503: injected fault.\n")
    assert "0 events of the log since " in result.stderr
    assert len(asked) < 60


def test_a_dynamodb_that_fails_half_way_is_code_3_with_what_was_done(
    event_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = event_log.events(1)

    def since(*_: object, **__: object) -> Iterator[list[Event]]:
        yield events
        raise StoreUnavailable("DynamoDB did not answer: timed out.")

    monkeypatch.setattr(EventsTable, "since", since)

    result = run("republish", "--since", ago(hours=1))

    assert (result.exit_code, result.stdout) == (ENVIRONMENT, "")
    first = "DynamoDB did not answer: timed out.\nUntil then: 1 events of the log"
    assert result.stderr.startswith(first)
    assert "1 put back into the outbox" in result.stderr


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_of_convoys_list_and_of_the_log(
    event_log: EventLog, monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1" if terminal else "0")
    event_log.events(2)

    output = run("republish", "--since", "1h").stderr

    assert ("1 pages" in output) is terminal
    assert ("2 events" in output) is terminal


def controlled_interrupt(monkeypatch: pytest.MonkeyPatch) -> Interrupt:
    """An interrupt for the command, which a test sets."""
    interrupt = Interrupt()

    @contextmanager
    def interrupts() -> Iterator[Interrupt]:
        yield interrupt

    monkeypatch.setattr(republish, "interrupts", interrupts)
    return interrupt


def call_after(
    monkeypatch: pytest.MonkeyPatch, of: type, name: str, happen: Callable[[], object]
) -> None:
    """Call `happen` after each call of the method."""
    original = getattr(of, name)

    def call(*about: object, **named: object) -> object:
        result = original(*about, **named)
        happen()
        return result

    monkeypatch.setattr(of, name, call)
