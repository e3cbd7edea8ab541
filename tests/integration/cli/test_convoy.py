"""`convoy deliveries`: what became of events."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from app.cli import convoy_tables
from app.convoy_admin.project import Project
from infra.fake_convoy.project import utc_now
from tests.integration.cli.shell import DONE, NOT_DONE, USAGE, lines, run, usage_error
from tests.support import NOW

if TYPE_CHECKING:
    from tests.stand_in import Convoy

UUID = "fda3c152-30d6-4111-8c99-8b099a3e16d{}"


def delivery(**about: Any) -> dict[str, Any]:
    return {
        "uid": "01M86ND536HF3NYWD72J32FXMJ",
        "idempotency_key": UUID.format(1),
        "event_type": "created",
        "endpoint_id": "e",
        "endpoint_metadata": {"url": "https://receiver.example/webhooks", "owner_id": "ann"},
        "status": "Success",
        "metadata": {"num_trials": 1, "next_send_time": (NOW + timedelta(seconds=4)).isoformat()},
        "created_at": (NOW - timedelta(minutes=5)).isoformat(),
    } | about


def test_deliveries_are_listed_newest_first_in_80_columns_with_whole_ids_and_types(
    convoy: Convoy,
) -> None:
    convoy.endpoint("ann")
    for n, event_type in enumerate(("created", "subscription_plan.retrieved"), start=1):
        convoy.send(UUID.format(n), event_type=event_type)
    newest, _ = (each["uid"] for each in convoy.deliveries())

    result = run("convoy", "deliveries")

    assert result.exit_code == DONE
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert re.findall(r"fda3c152\S+", result.stdout) == [UUID.format(2), UUID.format(1)]
    assert newest in result.stdout
    assert "  subscription_plan.retrieved " in result.stdout
    assert convoy.receiver in result.stdout


def test_a_script_gets_one_object_for_each_delivery(convoy: Convoy) -> None:
    endpoint = convoy.endpoint("ann")
    convoy.send("e1")
    (found,) = convoy.deliveries()

    (output,) = lines(run("convoy", "deliveries", "--json"))

    assert output == {
        "delivery_id": found["uid"], "event_id": "e1", "type": "created",
        "endpoint_id": endpoint, "url": convoy.receiver, "owner": "ann", "status": "Success",
        "attempts": 1, "created_at": found["created_at"], "next_attempt_at": None, "reason": None,
    }  # fmt: skip


def test_deliveries_are_filtered_by_status_in_any_case_and_by_event(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.send("e1")
    convoy.deliveries()
    convoy.let_the_receiver_fail()
    convoy.send("e2")
    convoy.deliveries()

    def chosen(*options: str) -> list[str]:
        return [each["event_id"] for each in lines(run("convoy", "deliveries", "--json", *options))]

    assert chosen("--status", "failure") == ["e2"]
    assert chosen("--status", "Success") == ["e1"]
    assert chosen("--status", "failure", "--status", "success") == ["e2", "e1"]
    assert chosen("--event", "e1") == ["e1"]
    assert chosen("--event", "e1", "--status", "failure") == []
    assert run("convoy", "deliveries", "--event", " ").exit_code == USAGE


def test_the_limit_bounds_the_list_and_pages_are_joined(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    for n in range(103):
        convoy.send(f"e{n}")
    convoy.deliveries()

    every = lines(run("convoy", "deliveries", "--json", "--limit", "1000"))

    assert [each["event_id"] for each in every] == [f"e{n}" for n in reversed(range(103))]
    assert len(lines(run("convoy", "deliveries", "--json"))) == 100
    assert len(lines(run("convoy", "deliveries", "--json", "--limit", "2"))) == 2


def test_without_deliveries_a_person_gets_a_sentence_and_a_script_nothing(convoy: Convoy) -> None:
    assert run("convoy", "deliveries").stdout == "No such delivery.\n"
    assert run("convoy", "deliveries", "--json").output == ""


def test_an_event_unknown_to_convoy_is_code_1(convoy: Convoy) -> None:
    result = run("convoy", "deliveries", "--event", "nope")

    assert (result.exit_code, result.stdout) == (NOT_DONE, "")
    assert result.stderr == (
        "Convoy has no event nope. It may wait for Convoy: hookctl outbox show nope. See what"
        " became of a resource's events: hookctl convoy deliveries --about …\n"
    )


def test_an_unknown_status_is_wrong_usage_and_the_valid_ones_are_listed(
    convoy: Convoy,
) -> None:
    result = run("convoy", "deliveries", "--status", "lost")

    assert result.exit_code == USAGE
    assert "'failure'" in result.stderr


def test_every_time_has_its_date_and_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = delivery(status="Retry")
    console = Console(width=80, record=True)
    monkeypatch.setattr(convoy_tables, "console", lambda: console)

    convoy_tables.say_deliveries([convoy_tables.delivery_summary(waiting)], as_json=False)

    output = console.export_text()
    assert all(len(line) <= 80 for line in output.splitlines())
    times = [NOW - timedelta(minutes=5), NOW + timedelta(seconds=4)]
    dates, clocks = ([f"{at.astimezone():{form}}" for at in times] for form in ("%Y-%m-%d", "%X"))
    assert re.findall(r"\d{4}-\d\d-\d\d", output) == dates
    zone = NOW.astimezone().isoformat()[-6:]
    assert re.findall(r"\d\d:\d\d:\d\d\S+", output) == [f"{each}{zone}" for each in clocks]
    assert "Retry" in output
    assert "next" in output
    summary = convoy_tables.delivery_summary(waiting)
    assert summary["next_attempt_at"] == waiting["metadata"]["next_send_time"]


def test_deliveries_are_filtered_by_owner_endpoint_type_and_time(convoy: Convoy) -> None:
    anns, bobs = convoy.endpoint("ann"), convoy.endpoint("bob")
    convoy.clock.read = lambda: utc_now() - timedelta(hours=3)
    convoy.send("old")
    convoy.deliveries()
    convoy.clock.read = utc_now
    convoy.send("new")
    convoy.send("bobs", "bob")
    convoy.deliveries()
    run("convoy", "setup", "--url", "http://127.0.0.1:9")

    def chosen(*options: str) -> list[str]:
        return [each["event_id"] for each in lines(run("convoy", "deliveries", "--json", *options))]

    assert chosen("--owner", "ann") == chosen("--endpoint", anns) == ["new", "old"]
    assert chosen("--owner", "ann", "--since", "2h") == ["new"]
    assert chosen("--owner", "ann", "--endpoint", anns) == ["new", "old"]
    assert chosen("--endpoint", anns, "--endpoint", bobs) == ["bobs", "new", "old"]
    assert chosen("--type", "created", "--type", "deleted") == ["bobs", "new", "old"]
    assert chosen("--type", "deleted") == []
    assert chosen("--event", "new", "--owner", "ann") == ["new"]
    assert chosen("--event", "new", "--owner", "bob") == []


def test_an_owner_without_the_endpoint_is_code_1(convoy: Convoy) -> None:
    bobs = convoy.endpoint("bob")
    convoy.endpoint("ann")

    nobody = run("convoy", "deliveries", "--owner", "carl")
    foreign = run("convoy", "deliveries", "--owner", "ann", "--endpoint", bobs)

    assert (nobody.exit_code, nobody.stdout) == (NOT_DONE, "")
    assert nobody.stderr == "carl has no endpoint. Make one: hookctl convoy setup --url …\n"
    assert (foreign.exit_code, foreign.stdout) == (NOT_DONE, "")
    assert foreign.stderr.startswith(f"ann has no endpoint {bobs}. List the owner's: hookctl ")


def test_an_unknown_endpoint_is_code_1(convoy: Convoy) -> None:
    for command in (["deliveries"], ["resend", "--failed", "--since", "1h"]):
        result = run("convoy", *command, "--endpoint", "nope")

        assert (result.exit_code, result.stdout) == (NOT_DONE, "")
        assert "Convoy has no endpoint nope. List them: hookctl convoy endpoints" in result.stderr


def test_an_unknown_type_is_wrong_usage_and_convoys_types_are_listed(convoy: Convoy) -> None:
    run("convoy", "setup", "--url", "http://127.0.0.1:9")

    result = run("convoy", "deliveries", "--type", "creatd")

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "Convoy has no event type 'creatd'. It has created, deleted," in usage_error(result)


def test_a_failed_delivery_shows_convoys_reason(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.let_the_receiver_fail()
    convoy.send("e1")
    convoy.deliveries()

    assert "(Retry limit exceeded)" in run("convoy", "deliveries").stdout


def test_a_delivery_to_a_deleted_endpoint_is_still_listed() -> None:
    assert convoy_tables.delivery_summary(delivery(endpoint_metadata=None))["url"] == ""


@pytest.mark.parametrize("command", ["resend", "attempts"])
@pytest.mark.parametrize("delivery_id", ["", " ", "a/b", "../endpoints", "a\nb"])
def test_an_invalid_id_is_wrong_usage_and_sends_nothing(
    convoy: Convoy, command: str, delivery_id: str
) -> None:
    convoy.endpoint("ann")
    convoy.send("e1")
    (found,) = convoy.deliveries()
    before = [found["uid"]] if command == "resend" else []

    result = run("convoy", command, *before, delivery_id)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "is not a delivery's id" in result.stderr
    assert convoy.deliveries()[0]["metadata"]["num_trials"] == 1


@pytest.mark.parametrize(
    "command",
    [
        ["setup", "--url", "http://127.0.0.1:9"],
        ["endpoints"],
        ["deliveries"],
        ["ping"],
        ["attempts", "d"],
    ],
)
def test_a_refusal_is_code_1_with_convoys_message(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """The project is found; the next request is refused."""
    monkeypatch.setattr(Project, "check", lambda _: convoy.fail(status=400))

    result = run("convoy", *command)

    assert (result.exit_code, result.stdout) == (NOT_DONE, "")
    assert result.stderr == "Convoy refused: 400: injected fault.\n"
