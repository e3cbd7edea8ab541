"""`republish`: events that Convoy lost go back into the outbox, and the relay publishes them."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from app.convoy.event_list import ConvoyEvents
from app.dynamodb.outbox_table import OutboxTable
from app.outbox import relay_steps, republish
from app.outbox.event_list import Finding, Shown, finding
from app.wiring.clock import now
from tests.integration.cli.event_log import (
    EventLog,
    ago,
    ids,
    received,
    run_relay,
    settled_in_convoy,
)
from tests.integration.cli.shell import DONE, TODO_TEXT, lines, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.integration.cli.shell import Rows
    from tests.stand_in import Convoy
    from tests.tables import Outbox


@pytest.fixture
def event_log(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> EventLog:
    monkeypatch.setenv("SETTLE_AFTER_S", "0")
    return EventLog(dynamodb)


def test_lost_events_go_back_and_arrive(
    event_log: EventLog, convoy: Convoy, outbox: Outbox
) -> None:
    for owner in ("ann", "bob"):
        convoy.endpoint(owner)
    handled = [*event_log.events(2), *event_log.events(2, "bob")]
    settled_in_convoy(convoy, handled)
    lost = [*event_log.events(3), *event_log.events(3, "bob")]

    result = run("republish", "--since", "1h")

    assert result.exit_code == DONE
    assert "10 events of the log since " in result.stdout
    assert ": 6 put back into the outbox, 4 handled by Convoy.\n" in result.stdout
    assert result.stdout.endswith("The relay publishes them: wait for it, or run hookctl relay\n")
    assert outbox.event_ids() == ids(lost)
    run_relay(convoy, 3)
    assert received(convoy) == ids([*handled, *lost])
    assert outbox.event_ids() == []


def test_all_events_arrive_again_after_convoys_database_was_restored(
    event_log: EventLog, convoy: Convoy, outbox: Outbox
) -> None:
    convoy.endpoint("ann")
    events = event_log.events(40)
    settled_in_convoy(convoy, events)
    convoy.reset()
    convoy.endpoint("ann")

    assert run("republish", "--since", ago(hours=1)).exit_code == DONE

    assert outbox.event_ids() == ids(events)
    run_relay(convoy, 4)
    assert received(convoy) == ids(events)
    assert outbox.event_ids() == []


def test_only_the_given_owners_events_are_put_back(event_log: EventLog, outbox: Outbox) -> None:
    event_log.events(2)
    bobs = event_log.events(2, "bob")

    assert run("republish", "--since", "1h", "--owner", "bob").exit_code == DONE

    assert outbox.event_ids() == ids(bobs)


def test_events_before_the_moment_are_not_put_back(event_log: EventLog, outbox: Outbox) -> None:
    event_log.event(age_s=7300)
    later = event_log.event(age_s=7100)

    run("republish", "--since", "2h")

    assert outbox.event_ids() == [later.id]


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(
    event_log: EventLog, outbox: Outbox
) -> None:
    event_log.events(3)

    person = run("republish", "--since", "1h", "--dry-run")
    (script,) = lines(run("republish", "--since", "1h", "--dry-run", "--json"))

    assert person.exit_code == DONE
    assert "3 would be put back into the outbox, 0 handled by Convoy.\n" in person.stdout
    assert "The relay publishes them" not in person.stdout
    assert script["missing"] == 3
    assert outbox.event_ids() == []


def test_a_script_gets_one_object_with_every_count(event_log: EventLog, convoy: Convoy) -> None:
    settled_in_convoy(convoy, event_log.events(1))
    event_log.events(2)

    since = now() - timedelta(hours=1)
    in_berlin = since.astimezone(timezone(timedelta(hours=1))).isoformat()

    (output,) = lines(run("republish", "--since", in_berlin, "--json"))

    assert output == {
        "since": since.strftime("%Y-%m-%dT%H:%M:%SZ"), "handled": 1, "waiting": 0, "under_way": 0,
        "missing": 2, "stuck": 0, "unreadable": 0, "interrupted": False,
    }  # fmt: skip


def test_an_existing_row_stays_unchanged(event_log: EventLog, rows: Rows) -> None:
    event = event_log.event()
    failed = rows.failed(event.id)

    result = run("republish", "--since", "1h")

    assert "0 put back into the outbox, 0 handled by Convoy, 1 in the outbox already." in (
        result.stdout
    )
    assert "The relay publishes them" not in result.stdout
    assert rows.row(event.id) == failed


def test_a_row_written_meanwhile_stays_unchanged(
    event_log: EventLog, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = event_log.event()
    failed = rows.failed(event.id)
    monkeypatch.setattr(OutboxTable, "has", lambda *_: False)

    (output,) = lines(run("republish", "--since", "1h", "--json"))

    assert (output["waiting"], output["missing"]) == (1, 0)
    assert rows.row(event.id) == failed


def test_a_stuck_event_is_put_back_and_the_relay_replays_it(
    event_log: EventLog, convoy: Convoy, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(entries: Sequence[Shown], at: datetime, *_: object) -> Finding:
        return finding(entries, at, timedelta(0))

    for module in (relay_steps, republish):
        monkeypatch.setattr(module, "finding", at_once)
    convoy.endpoint("ann")
    event = event_log.event()
    convoy.stop_worker("matching")
    settled_in_convoy(convoy, [event])
    assert convoy.lose("matching") == 1
    convoy.start_worker()

    result = run("republish", "--since", "1h")

    assert "1 put back into the outbox (1 stuck in Convoy)" in result.stdout
    run_relay(convoy, 2)
    assert received(convoy) == [event.id]
    assert outbox.event_ids() == []


def test_an_event_under_way_in_convoy_gets_its_row_back(
    event_log: EventLog, convoy: Convoy, outbox: Outbox
) -> None:
    """Convoy's queue may still lose it: without a row nothing would replay it."""
    event = event_log.event()
    convoy.stop_worker("matching")
    settled_in_convoy(convoy, [event])

    result = run("republish", "--since", "1h")

    assert "1 put back into the outbox (1 under way in Convoy), 0 handled" in result.stdout
    assert outbox.event_ids() == [event.id]


def test_an_event_not_in_convoys_list_is_looked_up_by_key(
    event_log: EventLog, convoy: Convoy, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled_in_convoy(convoy, event_log.events(2))
    monkeypatch.setattr(ConvoyEvents, "between", lambda *_: iter([]))

    (output,) = lines(run("republish", "--since", "1h", "--json"))

    assert (output["handled"], output["missing"]) == (2, 0)
    assert outbox.event_ids() == []


def test_an_event_with_only_duplicates_in_convoy_is_put_back(
    event_log: EventLog, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = event_log.event()
    duplicate = Shown("uid", event.id, "Success", now(), now(), duplicate=True)
    monkeypatch.setattr(ConvoyEvents, "between", lambda *_: iter([[duplicate]]))
    monkeypatch.setattr(ConvoyEvents, "under", lambda *_: [duplicate])

    result = run("republish", "--since", "1h")

    assert result.exit_code == DONE
    assert "1 put back into the outbox (1 stuck in Convoy)" in result.stdout
    assert outbox.event_ids() == [event.id]


def test_no_todos_text_is_shown(event_log: EventLog) -> None:
    event_log.events(2)

    assert TODO_TEXT not in run("republish", "--since", "1h", "--json").output
