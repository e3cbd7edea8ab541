"""`convoy ping` and `convoy listen`: one event's way to its receivers, and new events."""

from __future__ import annotations

import itertools
import signal
from typing import TYPE_CHECKING

import pytest

from app.cli.convoy_watch import Listener
from app.convoy.publisher import ConvoyPublisher
from app.convoy_admin.project import PAGE, Project
from app.outbox.outcomes import Refused, Unavailable
from tests.integration.cli.shell import (
    DONE,
    ENVIRONMENT,
    NOT_DONE,
    TODO_TEXT,
    USAGE,
    lines,
    run,
    soon,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.outbox.outcomes import Outcome
    from tests.stand_in import Convoy
    from tests.support import JsonObject


def test_a_ping_arrives_and_its_deliveries_are_listed(convoy: Convoy) -> None:
    convoy.endpoint("house")
    convoy.endpoint("house", f"{convoy.receiver}?two")

    person, script = (run("convoy", "ping", *options, wait=soon) for options in ([], ["--json"]))

    assert (person.exit_code, script.exit_code) == (DONE, DONE)
    keys = [event["idempotency_key"] for event in convoy.events()]
    assert [event["event_type"] for event in convoy.events()] == ["ping", "ping"]
    assert person.stderr == f"Convoy accepted the ping: event {keys[0]}.\n"
    assert person.stdout.count("Success") == 2
    assert [each["event_id"] for each in lines(script)] == [keys[1], keys[1]]


def test_a_ping_that_fails_for_good_is_code_1(convoy: Convoy) -> None:
    convoy.endpoint("house")
    convoy.let_the_receiver_fail()

    result = run("convoy", "ping", "--json", wait=soon)

    assert result.exit_code == NOT_DONE
    (output,) = lines(result)
    assert (output["status"], output["attempts"]) == ("Failure", 3)


def test_a_ping_without_a_subscription_ends_after_the_requested_wait(
    convoy: Convoy,
) -> None:
    convoy.endpoint("house", subscribed=False)
    waited: list[float] = []

    result = run("convoy", "ping", "--wait-s", "4", wait=waited.append)

    assert (result.exit_code, result.stdout, sum(waited)) == (NOT_DONE, "", 4)
    assert (
        "The ping was not delivered within 4 s. Check that the endpoint has a subscription"
        in result.stderr
    )


def test_a_ping_waits_for_convoys_worker(convoy: Convoy) -> None:
    """The real Convoy answers 201 before it knows the event."""
    convoy.endpoint("house")
    calls = itertools.count()

    def lost_then_found(seconds: float) -> None:
        if next(calls) == 0:
            convoy.recover()
        soon(seconds)

    original = ConvoyPublisher.publish

    def publish(self: ConvoyPublisher, event: JsonObject) -> Outcome:
        outcome = original(self, event)  # type: ignore[arg-type]
        body = '{"status":false,"message":"event not found"}'
        convoy.fail(status=400, body=body)
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConvoyPublisher, "publish", publish)
        result = run("convoy", "ping", wait=lost_then_found)

    assert result.exit_code == DONE
    assert next(calls) >= 1


@pytest.mark.parametrize(
    ("outcome", "code"), [(Unavailable("503: full"), ENVIRONMENT), (Refused("400: no"), NOT_DONE)]
)
def test_a_refused_ping_is_reported_with_convoys_message(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch, outcome: Refused | Unavailable, code: int
) -> None:
    convoy.endpoint("house")
    monkeypatch.setattr(ConvoyPublisher, "publish", lambda *_: outcome)

    result = run("convoy", "ping")

    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr == f"Convoy did not accept the ping: {outcome.reason}.\n"


def test_a_discarded_ping_is_reported_with_the_reason(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    convoy.endpoint("house")
    discarded = {
        "uid": "d", "idempotency_key": "e", "event_type": "ping", "endpoint_id": "e",
        "endpoint_metadata": None, "status": "Discarded", "metadata": {"num_trials": 0},
        "created_at": "2026-11-24T12:00:00Z",
    }  # fmt: skip
    monkeypatch.setattr(Project, "deliveries", lambda *_, **__: iter([discarded]))

    result = run("convoy", "ping")

    assert result.exit_code == NOT_DONE
    assert result.stderr.endswith(
        "Discarded: the endpoint is paused or inactive. Activate it: convoy endpoints resume e\n"
    )


def test_a_ping_without_an_endpoint_is_not_published(convoy: Convoy) -> None:
    result = run("convoy", "ping", "--owner", "nobody")

    assert (result.exit_code, result.stdout) == (NOT_DONE, "")
    assert result.stderr == "nobody has no endpoint: make one with convoy setup --url …\n"
    assert convoy.events() == []


def test_a_ping_without_an_owner_is_wrong_usage(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVOY_APP_ID")

    result = run("convoy", "ping")

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "give --owner, or set CONVOY_APP_ID" in result.stderr


def wait_with(*steps: Callable[[], object]) -> Callable[[float], None]:
    """A wait that calls the next step instead, and in the end presses Ctrl-C."""
    rest = iter(steps)

    def wait(_: float) -> None:
        step = next(rest, None)
        if step is None:
            signal.raise_signal(signal.SIGINT)
        else:
            step()

    return wait


def publish(convoy: Convoy, key: str, **data: object) -> Callable[[], object]:
    event = {"owner_id": "ann", "event_type": "created", "idempotency_key": key, "data": data}
    return lambda: convoy.ask("POST", "/events/fanout", json=event)


def test_listen_prints_new_events_and_no_earlier_ones(convoy: Convoy) -> None:
    todo = {"id": 7, "item": TODO_TEXT, "version": 2}
    convoy.send("before")
    wait = wait_with(
        publish(convoy, "e1", todo=todo), publish(convoy, "e1", todo=todo),
        publish(convoy, "e2", todo_id=8), publish(convoy, "e3", todo=[1]),
    )  # fmt: skip

    result = run("convoy", "listen", "--every", "1", wait=wait)

    assert (result.exit_code, result.stderr) == (DONE, "Listening; Ctrl-C ends it.\n")
    assert [line.partition("  ")[2] for line in result.stdout.splitlines()] == [
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
