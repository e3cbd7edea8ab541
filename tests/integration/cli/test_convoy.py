"""`convoy endpoints`, `deliveries`, `attempts`, `resend`: lists, and sending again."""

from __future__ import annotations

import itertools
import re
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from app.cli import convoy_tables
from app.convoy_admin.project import Project
from tests.integration.cli.shell import DONE, ENVIRONMENT, NOT_DONE, USAGE, lines, run
from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_the_endpoints_are_listed_without_their_secrets(convoy: Convoy) -> None:
    mine = convoy.endpoint("ann", "https://a.example/hook")
    convoy.endpoint("bob", "https://b.example/hook")
    secrets = [e["secrets"][0]["value"] for e in convoy.ask("GET", "/endpoints")["content"]]

    person, script = run("convoy", "endpoints"), run("convoy", "endpoints", "--json")

    assert (person.exit_code, script.exit_code) == (DONE, DONE)
    assert all(len(line) <= 80 for line in person.stdout.splitlines())
    assert mine in person.stdout
    assert "https://b.example/hook" in person.stdout
    assert lines(script)[1] == {
        "endpoint_id": mine, "owner": "ann", "name": "ann", "url": "https://a.example/hook",
        "status": "active",
    }  # fmt: skip
    for secret in secrets:
        assert secret not in person.output + script.output


def test_the_endpoints_of_one_owner(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.endpoint("bob")

    (output,) = lines(run("convoy", "endpoints", "--owner", "bob", "--json"))

    assert output["owner"] == "bob"


def test_without_an_endpoint_the_list_says_how_to_make_one(convoy: Convoy) -> None:
    assert "convoy setup --url" in run("convoy", "endpoints").stdout
    assert run("convoy", "endpoints", "--json").output == ""


def test_deliveries_are_listed_newest_first_in_80_columns_with_whole_ids(
    convoy: Convoy,
) -> None:
    convoy.endpoint("ann")
    for n in (1, 2):
        convoy.send(UUID.format(n))
    newest, _ = (each["uid"] for each in convoy.deliveries())

    result = run("convoy", "deliveries")

    assert result.exit_code == DONE
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert re.findall(r"fda3c152\S+", result.stdout) == [UUID.format(2), UUID.format(1)]
    assert newest in result.stdout
    assert convoy.receiver in result.stdout


def test_a_script_gets_one_object_for_each_delivery(convoy: Convoy) -> None:
    endpoint = convoy.endpoint("ann")
    convoy.send("e1")
    (found,) = convoy.deliveries()

    (output,) = lines(run("convoy", "deliveries", "--json"))

    assert output == {
        "delivery_id": found["uid"], "event_id": "e1", "type": "created",
        "endpoint_id": endpoint, "url": convoy.receiver, "owner": "ann", "status": "Success",
        "attempts": 1, "created_at": found["created_at"], "next_attempt_at": None,
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
    assert result.stderr == "Convoy refused: 400: event not found.\n"


def test_an_unknown_status_is_wrong_usage_and_the_valid_ones_are_listed(
    convoy: Convoy,
) -> None:
    result = run("convoy", "deliveries", "--status", "lost")

    assert result.exit_code == USAGE
    assert "'failure'" in result.stderr


def test_a_delivery_to_be_retried_shows_when(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = delivery(status="Retry")
    console = Console(width=80, record=True)
    monkeypatch.setattr(convoy_tables, "console", lambda: console)

    convoy_tables.say_deliveries([waiting], NOW, as_json=False)

    output = re.sub(r"\s+", " ", console.export_text())
    assert "created Retry in 1 5 min" in output
    assert "4 s" in output
    summary = convoy_tables.delivery_summary(waiting)
    assert summary["next_attempt_at"] == waiting["metadata"]["next_send_time"]


def test_a_delivery_to_a_deleted_endpoint_is_still_listed() -> None:
    assert convoy_tables.delivery_summary(delivery(endpoint_metadata=None))["url"] == ""


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
    assert 0 < first["latency_ms"] < 10_000


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


def test_a_delivery_that_arrived_is_sent_again(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.send("e1")
    (found,) = convoy.deliveries()

    result = run("convoy", "resend", found["uid"])

    assert (result.exit_code, result.output) == (DONE, "1 sent again.\n")
    assert convoy.deliveries()[0]["metadata"]["num_trials"] == 2


def test_a_delivery_that_failed_for_good_is_sent_again_and_arrives(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.let_the_receiver_fail()
    convoy.send("e1")
    (found,) = convoy.deliveries(status="Failure")
    convoy.let_the_receiver_fail(0)

    (output,) = lines(run("convoy", "resend", found["uid"], "--json"))

    assert output == {"resent": [found["uid"]], "refused": {}, "not_tried": []}
    assert [each["uid"] for each in convoy.deliveries(status="Success")] == [found["uid"]]


def test_refused_deliveries_are_reported_and_the_others_sent(
    convoy: Convoy,
) -> None:
    convoy.endpoint("ann")
    convoy.send("e1")
    (found,) = convoy.deliveries()

    person = run("convoy", "resend", "nope", found["uid"])
    (script,) = lines(run("convoy", "resend", "nope", "--json"))

    assert (person.exit_code, person.stdout) == (NOT_DONE, "1 sent again.\n")
    assert person.stderr == "nope: Convoy refused (404: event delivery not found).\n"
    assert script == {
        "resent": [], "refused": {"nope": "404: event delivery not found"}, "not_tried": [],
    }  # fmt: skip


def test_deliveries_sent_before_an_outage_are_reported(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    convoy.endpoint("ann")
    convoy.send("e1")
    (found,) = convoy.deliveries()
    monkeypatch.setattr(Project, "resend", failing_after(1, lambda: convoy.fail(status=503)))

    result = run("convoy", "resend", found["uid"], "second", "third", "--json")

    assert result.exit_code == ENVIRONMENT
    assert lines(result) == [
        {"resent": [found["uid"]], "refused": {}, "not_tried": ["second", "third"]}
    ]
    assert "Not tried: second third.\nConvoy can't do it now (503" in result.stderr


def test_ctrl_c_ends_between_deliveries_and_lists_the_untried_ones(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    convoy.endpoint("ann")
    convoy.send("e1")
    convoy.send("e2")
    first, second = convoy.deliveries()
    interrupt = failing_after(1, lambda: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(Project, "resend", interrupt)

    result = run("convoy", "resend", first["uid"], second["uid"], "third")

    assert (result.exit_code, result.stdout) == (NOT_DONE, "2 sent again.\n")
    assert result.stderr == "Not tried: third.\n"


def failing_after(count: int, fail: Callable[[], object]) -> Callable[[Project, str], None]:
    """`Project.resend`, which calls `fail` first when it was called `count` times before."""
    calls, original = itertools.count(), Project.resend

    def resend(project: Project, delivery_id: str) -> None:
        if next(calls) == count:
            fail()
        original(project, delivery_id)

    return resend


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
