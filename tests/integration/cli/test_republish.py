"""`republish`: what Convoy lost goes back into the outbox, and arrives by the relay."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from app.convoy.event_list import ConvoyEvents
from app.dynamodb.outbox_table import OutboxTable
from app.outbox import relay, republish
from app.outbox.event_list import Finding, Shown, finding
from app.wiring.clients import now
from tests.integration.cli.logged import Logged, ago, ids, passes, received, settled_in_convoy
from tests.integration.cli.shell import DONE, TODO_TEXT, lines, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.integration.cli.shell import Rows
    from tests.support import Convoy, Outbox


@pytest.fixture
def logged(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> Logged:
    monkeypatch.setenv("SETTLE_AFTER_S", "0")
    return Logged(dynamodb)


def test_what_convoy_lost_goes_back_and_arrives(
    logged: Logged, convoy: Convoy, outbox: Outbox
) -> None:
    for owner in ("ann", "bob"):
        convoy.endpoint(owner)
    handled = [*logged.events(2), *logged.events(2, "bob")]
    settled_in_convoy(convoy, handled)
    lost = [*logged.events(3), *logged.events(3, "bob")]

    result = run("republish", "--since", "1h")

    assert result.exit_code == DONE
    assert "10 events of the log since " in result.stdout
    assert ": 6 put back into the outbox, 4 handled by Convoy.\n" in result.stdout
    assert result.stdout.endswith("The relay publishes them: run it, or wait for it.\n")
    assert outbox.event_ids() == ids(lost)
    passes(convoy, 3)
    assert received(convoy) == ids([*handled, *lost])
    assert outbox.event_ids() == []


def test_all_events_arrive_again_after_convoys_database_was_restored(
    logged: Logged, convoy: Convoy, outbox: Outbox
) -> None:
    convoy.endpoint("ann")
    events = logged.events(40)
    settled_in_convoy(convoy, events)
    convoy.reset()
    convoy.endpoint("ann")

    assert run("republish", "--since", ago(hours=1)).exit_code == DONE

    assert outbox.event_ids() == ids(events)
    passes(convoy, 4)
    assert received(convoy) == ids(events)
    assert outbox.event_ids() == []


def test_one_owners_events_are_put_back_without_those_of_others(
    logged: Logged, outbox: Outbox
) -> None:
    logged.events(2)
    bobs = logged.events(2, "bob")

    assert run("republish", "--since", "1h", "--owner", "bob").exit_code == DONE

    assert outbox.event_ids() == ids(bobs)


def test_events_before_the_moment_are_left_alone(logged: Logged, outbox: Outbox) -> None:
    logged.event(age_s=7300)
    later = logged.event(age_s=7100)

    run("republish", "--since", "2h")

    assert outbox.event_ids() == [later.id]


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(logged: Logged, outbox: Outbox) -> None:
    logged.events(3)

    person = run("republish", "--since", "1h", "--dry-run")
    (script,) = lines(run("republish", "--since", "1h", "--dry-run", "--json"))

    assert person.exit_code == DONE
    assert "3 would be put back into the outbox, 0 handled by Convoy.\n" in person.stdout
    assert "run it, or wait for it" not in person.stdout
    assert script["missing"] == 3
    assert outbox.event_ids() == []


def test_a_script_gets_one_object_with_every_count(logged: Logged, convoy: Convoy) -> None:
    settled_in_convoy(convoy, logged.events(1))
    logged.events(2)

    since = now() - timedelta(hours=1)
    in_berlin = since.astimezone(timezone(timedelta(hours=1))).isoformat()

    (told,) = lines(run("republish", "--since", in_berlin, "--json"))

    assert told == {
        "since": since.strftime("%Y-%m-%dT%H:%M:%SZ"), "handled": 1, "waiting": 0, "under_way": 0,
        "missing": 2, "stuck": 0, "unreadable": 0, "interrupted": False,
    }  # fmt: skip


def test_a_row_that_is_there_stays_as_it_is(logged: Logged, rows: Rows) -> None:
    event = logged.event()
    failed = rows.failed(event.id)

    result = run("republish", "--since", "1h")

    assert "0 put back into the outbox, 0 handled by Convoy, 1 in the outbox already." in (
        result.stdout
    )
    assert "run it, or wait for it" not in result.stdout
    assert rows.row(event.id) == failed


def test_a_row_that_came_meanwhile_stays_as_it_is(
    logged: Logged, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = logged.event()
    failed = rows.failed(event.id)
    monkeypatch.setattr(OutboxTable, "has", lambda *_: False)

    (told,) = lines(run("republish", "--since", "1h", "--json"))

    assert (told["waiting"], told["missing"]) == (1, 0)
    assert rows.row(event.id) == failed


def test_a_stuck_event_is_put_back_and_the_relay_replays_it(
    logged: Logged, convoy: Convoy, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(entries: Sequence[Shown], at: datetime, *_: object) -> Finding:
        return finding(entries, at, timedelta(0))

    for module in (relay, republish):
        monkeypatch.setattr(module, "finding", at_once)
    convoy.endpoint("ann")
    event = logged.event()
    convoy.stop_worker("matching")
    settled_in_convoy(convoy, [event])
    assert convoy.lose("matching") == 1
    convoy.start_worker()

    result = run("republish", "--since", "1h")

    assert "1 put back into the outbox (1 stuck in Convoy)" in result.stdout
    passes(convoy, 2)
    assert received(convoy) == [event.id]
    assert outbox.event_ids() == []


def test_what_is_under_way_in_convoy_gets_its_row_back(
    logged: Logged, convoy: Convoy, outbox: Outbox
) -> None:
    """Its queue may lose it yet: without a row nobody would replay it."""
    event = logged.event()
    convoy.stop_worker("matching")
    settled_in_convoy(convoy, [event])

    result = run("republish", "--since", "1h")

    assert "1 put back into the outbox (1 under way in Convoy), 0 handled" in result.stdout
    assert outbox.event_ids() == [event.id]


def test_what_convoys_list_does_not_show_is_asked_for_by_key(
    logged: Logged, convoy: Convoy, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled_in_convoy(convoy, logged.events(2))
    monkeypatch.setattr(ConvoyEvents, "between", lambda *_: iter([]))

    (told,) = lines(run("republish", "--since", "1h", "--json"))

    assert (told["handled"], told["missing"]) == (2, 0)
    assert outbox.event_ids() == []


def test_an_event_that_convoy_drops_again_is_put_back_for_the_relay_to_heal(
    logged: Logged, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = logged.event()
    duplicate = Shown("uid", event.id, "Success", now(), now(), duplicate=True)
    monkeypatch.setattr(ConvoyEvents, "between", lambda *_: iter([[duplicate]]))
    monkeypatch.setattr(ConvoyEvents, "under", lambda *_: [duplicate])

    result = run("republish", "--since", "1h")

    assert result.exit_code == DONE
    assert "1 put back into the outbox (1 stuck in Convoy)" in result.stdout
    assert outbox.event_ids() == [event.id]


def test_no_todos_text_is_shown(logged: Logged) -> None:
    logged.events(2)

    assert TODO_TEXT not in run("republish", "--since", "1h", "--json").output
