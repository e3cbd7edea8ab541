"""`convoy ping` and `convoy trigger`: one event's way to its receivers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft7Validator

from app.convoy.publisher import ConvoyPublisher
from app.convoy_admin.project import Project
from app.domain.resource import MAX_ID
from app.outbox.outcomes import Refused, Unavailable
from tests.integration.cli.shell import (
    DONE,
    ENVIRONMENT,
    NOT_DONE,
    USAGE,
    lines,
    run,
    soon,
    usage_error,
)
from tests.support import WEBHOOKS

if TYPE_CHECKING:
    from app.domain.events import EventType
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


def test_a_ping_without_a_delivery_ends_after_the_requested_wait(convoy: Convoy) -> None:
    convoy.endpoint("house")
    convoy.stop_worker()
    waited: list[float] = []

    result = run("convoy", "ping", "--wait-s", "4", wait=waited.append)

    assert (result.exit_code, result.stdout, sum(waited)) == (NOT_DONE, "", 4)
    assert "The ping was not delivered within 4 s. Check that Convoy's worker runs" in result.stderr


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
        "Discarded: the endpoint is paused or inactive. Activate it:"
        " hookctl convoy endpoints resume e\n"
    )


def test_a_ping_without_an_endpoint_is_not_published(convoy: Convoy) -> None:
    result = run("convoy", "ping", "--owner", "nobody")

    assert (result.exit_code, result.stdout) == (NOT_DONE, "")
    assert result.stderr == "nobody has no endpoint. Make one: hookctl convoy setup --url …\n"
    assert convoy.events() == []


def test_a_ping_without_an_owner_is_wrong_usage(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVOY_APP_ID")

    result = run("convoy", "ping")

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "give --owner, or set CONVOY_APP_ID" in result.stderr


@pytest.mark.parametrize("event_type", WEBHOOKS.event_types, ids=lambda each: each.name)
def test_the_example_of_each_type_arrives_and_fits_its_schema(
    convoy: Convoy, event_type: EventType
) -> None:
    convoy.endpoint("ann")

    result = run("convoy", "trigger", event_type.name, "--owner", "ann", "--json", wait=soon)

    (event,), (delivery,) = convoy.events(), lines(result)
    assert result.exit_code == DONE
    assert result.stderr.endswith(f"{event_type.name}: event {event['data']['id']}.\n")
    assert (delivery["type"], delivery["status"]) == (event_type.name, "Success")
    Draft7Validator(WEBHOOKS.schema(event_type)).validate(event["data"])
    assert (event_type.carries or "id") in event["data"]


def test_an_example_can_be_recognized_and_each_is_newer_than_the_one_before(
    convoy: Convoy,
) -> None:
    convoy.endpoint("house")

    run("convoy", "trigger", "created", wait=soon)

    (payload,) = convoy.payloads()
    assert payload["description"] == "Example: Todo created successfully"
    assert payload["todo"]["id"] == MAX_ID
    assert payload["todo"]["version"] > 1_700_000_000  # seconds since 1970: each one is newer


def test_an_example_goes_to_one_endpoint_alone(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    chosen = convoy.endpoint("ann", f"{convoy.receiver}?two")

    result = run("convoy", "trigger", "deleted", "--endpoint", chosen, "--json", wait=soon)

    assert result.exit_code == DONE
    assert [each["endpoint_id"] for each in lines(result)] == [chosen]
    assert [each["endpoint_id"] for each in convoy.deliveries()] == [chosen]


def test_an_owner_or_endpoint_that_does_not_get_the_type_gets_no_example_and_waits_for_none(
    convoy: Convoy,
) -> None:
    run("convoy", "setup", "--url", convoy.receiver, "--event-type", "created")
    (chosen,) = (each["uid"] for each in convoy.ask("GET", "/endpoints")["content"])
    none = convoy.endpoint("ann", subscribed=False)

    result = run("convoy", "trigger", "deleted", "--endpoint", chosen)
    unsubscribed = run("convoy", "trigger", "deleted", "--endpoint", none)
    owner = run("convoy", "trigger", "deleted")
    ping = run("convoy", "ping", "--owner", "ann")

    assert (result.exit_code, result.stdout) == (NOT_DONE, "")
    assert result.stderr.startswith("The endpoint gets no deleted, but created. Change that: ")
    assert unsubscribed.exit_code == NOT_DONE
    assert unsubscribed.stderr.startswith("The endpoint gets no deleted, but no event.")
    assert (owner.exit_code, ping.exit_code) == (NOT_DONE, NOT_DONE)
    assert owner.stderr.startswith("No endpoint of house gets deleted. List them: ")
    assert ping.stderr.startswith("No endpoint of ann gets ping.")
    assert convoy.events() == []


def test_a_ping_reaches_an_endpoint_that_chose_no_ping(convoy: Convoy) -> None:
    setup = ("convoy", "setup", "--url", convoy.receiver, "--owner", "house")
    assert run(*setup, "--event-type", "created").exit_code == DONE
    (endpoint,) = convoy.ask("GET", "/endpoints")["content"]

    result = run("convoy", "trigger", "ping", "--endpoint", endpoint["uid"], "--json", wait=soon)

    assert result.exit_code == DONE
    (output,) = lines(result)
    assert (output["type"], output["status"]) == ("test", "Success")
    (event,) = convoy.payloads()
    assert event["event"] == "ping"


def test_an_example_to_an_owner_or_endpoint_that_is_not_there_is_code_1(convoy: Convoy) -> None:
    nobody = run("convoy", "trigger", "created", "--owner", "carl")
    nowhere = run("convoy", "trigger", "created", "--endpoint", "nope")

    assert (nobody.exit_code, nowhere.exit_code) == (NOT_DONE, NOT_DONE)
    assert nobody.stderr.startswith("carl has no endpoint")
    assert nowhere.stderr == "Convoy has no endpoint nope. List them: hookctl convoy endpoints\n"
    assert convoy.events() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["creatd"], "'creatd' is no event type. Give one of ping, retrieved, created,"),
        (["created", "--owner", "ann", "--endpoint", "e"], "give --owner or --endpoint, not both"),
        (["created", "--endpoint", "a/b"], "'a/b' is not an endpoint's id"),
    ],
)
def test_wrong_usage_is_code_2_and_publishes_nothing(
    convoy: Convoy, arguments: list[str], message: str
) -> None:
    convoy.endpoint("ann")

    result = run("convoy", "trigger", *arguments)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert message in usage_error(result)
    assert convoy.events() == []
