"""`convoy deliveries --about`: the changes of one resource, and what became of each event."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.wiring.clock import now
from tests.integration.cli.event_log import EventLog, ago, settled_in_convoy
from tests.integration.cli.shell import (
    DONE,
    ENVIRONMENT,
    NOT_DONE,
    TODO_TEXT,
    USAGE,
    Rows,
    lines,
    run,
    usage_error,
)
from tests.register import RESOURCES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.stand_in import Convoy
    from tests.support import JsonObject

COMMAND = ["convoy", "deliveries", "--owner", "ann", "--about"]
VALID = ", ".join(f"{each.name}/ID" for each in RESOURCES)


@pytest.fixture
def log(dynamodb: DynamoDBClient) -> EventLog:
    return EventLog(dynamodb)


def found(*options: str) -> list[JsonObject]:
    return lines(run(*COMMAND, "todo/7", "--json", *options))


def test_the_deliveries_of_one_todo_are_found_newest_first(convoy: Convoy, log: EventLog) -> None:
    convoy.endpoint("ann")
    created, other = log.event(todo_id=7, age_s=90), log.event(todo_id=70)
    updated, bobs = log.event(todo_id=7, type="updated", age_s=60), log.event("bob", todo_id=7)
    settled_in_convoy(convoy, [created, other, updated, bobs])

    person = run(*COMMAND, "/todo/7")

    assert [each["event_id"] for each in found()] == [updated.id, created.id]
    assert [each["status"] for each in found()] == ["Success", "Success"]
    assert person.exit_code == DONE
    assert re.findall(r"01[0-9a-f-]{34}", person.stdout) == [updated.id, created.id]
    assert TODO_TEXT not in person.stdout


def test_the_owner_of_the_settings_is_the_default(convoy: Convoy, log: EventLog) -> None:
    convoy.endpoint("house")
    event = log.event("house", todo_id=7)
    settled_in_convoy(convoy, [event])

    (output,) = lines(run("convoy", "deliveries", "--about", "todo/7", "--json"))

    assert (output["event_id"], output["owner"]) == (event.id, "house")


def test_deliveries_about_a_todo_are_chosen_by_type_status_endpoint_time_and_limit(
    convoy: Convoy, log: EventLog
) -> None:
    first, second = convoy.endpoint("ann"), convoy.endpoint("ann", f"{convoy.receiver}?two")
    old = log.event(todo_id=7, age_s=7200)
    new = log.event(todo_id=7, type="updated")
    settled_in_convoy(convoy, [old, new])

    def endpoints(*options: str) -> list[tuple[str, str]]:
        return [(each["event_id"], each["endpoint_id"]) for each in found(*options)]

    assert sorted(endpoints()) == sorted((e.id, to) for e in (old, new) for to in (first, second))
    run("convoy", "setup", "--url", "http://127.0.0.1:9")
    assert {event for event, _ in endpoints("--type", "updated")} == {new.id}
    assert endpoints("--status", "failure") == []
    assert len(endpoints("--status", "success")) == 4
    assert endpoints("--endpoint", first) == [(new.id, first), (old.id, first)]
    assert {event for event, _ in endpoints("--since", "1h")} == {new.id}
    assert len(endpoints("--limit", "1")) == 1


def test_an_event_that_convoy_got_under_a_second_key_is_found(
    convoy: Convoy, log: EventLog
) -> None:
    event = log.event(todo_id=7)
    convoy.send(event.id)  # without an endpoint: it burns its key
    convoy.deliveries()
    convoy.endpoint("ann")
    convoy.send(f"{event.id}.2")
    convoy.deliveries()

    (output,) = found()

    assert (output["event_id"], output["status"]) == (event.id, "Success")
    assert lines(run("convoy", "deliveries", "--event", event.id, "--json")) == [output]


def test_an_event_that_no_endpoint_wanted_has_convoys_reason(convoy: Convoy, log: EventLog) -> None:
    event = log.event(todo_id=7)
    settled_in_convoy(convoy, [event])
    convoy.send(event.id)  # a duplicate, which Convoy does not send

    (output,) = found()
    person = run(*COMMAND, "todo/7")

    reason = "Convoy: Failure, no subscription matched this event"
    assert output == {
        "delivery_id": None, "event_id": event.id, "type": "created", "endpoint_id": None,
        "url": "", "owner": "ann", "status": None, "attempts": 0,
        "created_at": output["created_at"], "next_attempt_at": None, "reason": reason,
    }  # fmt: skip
    assert person.exit_code == DONE
    assert "no delivery" in person.stdout
    assert "(Convoy: Failure, no" in person.stdout


def test_an_event_that_is_stuck_in_convoy_says_so(
    convoy: Convoy, rows: Rows, log: EventLog
) -> None:
    event = log.event(todo_id=7)
    row = rows.waiting(event.id)
    convoy.endpoint("ann")
    convoy.stop_worker("matching")
    convoy.send(event.id)
    convoy.wait_for_worker("matching")

    (output,) = found()

    assert output["reason"] == "Convoy: Pending"
    rows.table.park(row, now=now(), reason="replayed 10 times")
    (output,) = found()
    assert output["reason"] == "Convoy: Pending; failed in the outbox: replayed 10 times"


def test_an_event_that_waits_or_failed_in_the_outbox_says_so(rows: Rows, log: EventLog) -> None:
    waiting, failed = log.event(todo_id=7, age_s=60), log.event(todo_id=7, age_s=90)
    rows.waiting(waiting.id)
    rows.failed(failed.id, reason="403: no")

    reasons = [each["reason"] for each in found()]

    assert reasons == ["waiting in the outbox", "failed in the outbox: 403: no"]


def test_an_event_that_nobody_has_leads_to_republish(convoy: Convoy, log: EventLog) -> None:
    log.event(todo_id=7)

    (output,) = found()

    assert output["reason"] == "neither Convoy nor the outbox has the event: see republish"


def test_without_a_change_of_the_todo_the_command_is_code_1(convoy: Convoy, log: EventLog) -> None:
    log.event(todo_id=7, age_s=7200)

    result = run(*COMMAND, "todo/7", "--since", "1h")

    assert (result.exit_code, result.stdout) == (NOT_DONE, "")
    assert result.stderr.startswith("No change of todo 7 of ann since 20")
    assert "Check the owner and the id, or give an earlier --since." in result.stderr
    assert "which goes back 30 days (EVENT_RETENTION_DAYS)." in result.stderr

    chosen = run(*COMMAND, "todo/7", "--since", "3h", "--status", "failure")
    assert (chosen.exit_code, chosen.stdout) == (NOT_DONE, "")
    assert "is as chosen. Leave out --status, --type and --endpoint" in chosen.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["other/7"], f"'other/7' names no resource. Give one of {VALID}"),
        (["7"], "'7' names no resource"),
        (["todo"], "'todo' has no id of a todo. Give one, such as todo/7"),
        (["todo/-1"], "'todo/-1' has no id"),
        (["todo/9007199254740992"], "has no id of a todo"),
        (["todo/\N{ARABIC-INDIC DIGIT SEVEN}"], "has no id of a todo"),
        (["todo/7", "--event", "e1"], "give --event or --about, not both"),
    ],
)
def test_another_text_is_wrong_usage(convoy: Convoy, arguments: list[str], message: str) -> None:
    result = run(*COMMAND, *arguments)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert message in usage_error(result)


def test_about_needs_an_owner_and_the_tables(
    convoy: Convoy, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVENTS_TABLE")
    without_table = run(*COMMAND, "todo/7")
    monkeypatch.delenv("CONVOY_APP_ID")
    without_owner = run("convoy", "deliveries", "--about", "todo/7", "--since", ago(hours=1))

    assert without_table.exit_code == ENVIRONMENT
    assert without_table.stderr.startswith("EVENTS_TABLE is not set.")
    assert without_owner.exit_code == USAGE
    assert "give --owner, or set CONVOY_APP_ID" in usage_error(without_owner)
