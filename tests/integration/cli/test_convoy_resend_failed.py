"""`convoy resend --failed`: all that failed since then."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.convoy_admin.calls import ConvoyRefused
from app.convoy_admin.project import Project
from infra.fake_convoy.project import utc_now
from tests.integration.cli.shell import DONE, ENVIRONMENT, NOT_DONE, USAGE, lines, run, usage_error
from tests.integration.cli.steps import failing_after

if TYPE_CHECKING:
    from tests.stand_in import Convoy


def missed(convoy: Convoy, *keys: str, owner: str = "ann") -> list[str]:
    """Deliveries that failed for good, oldest first, of a receiver that works now."""
    convoy.let_the_receiver_fail()
    for key in keys:
        convoy.send(key, owner)
    convoy.deliveries()
    convoy.let_the_receiver_fail(0)
    failed = convoy.deliveries(status="Failure")
    return [each["uid"] for each in reversed(failed) if each["idempotency_key"] in keys]


def statuses(convoy: Convoy) -> dict[str, str]:
    return {each["idempotency_key"]: each["status"] for each in convoy.deliveries()}


def test_all_that_failed_is_sent_again_and_nothing_that_arrived(convoy: Convoy) -> None:
    endpoint = convoy.endpoint("ann")
    convoy.send("arrived")
    convoy.deliveries()
    failed = missed(convoy, "e1", "e2")
    convoy.ask("PUT", f"/endpoints/{endpoint}/pause")
    convoy.send("discarded")
    convoy.deliveries()
    run("convoy", "endpoints", "resume", endpoint)

    (output,) = lines(run("convoy", "resend", "--failed", "--since", "2h", "--json"))

    (discarded,) = (e["uid"] for e in convoy.deliveries() if e["idempotency_key"] == "discarded")
    assert output == {
        "resent": [*failed, discarded], "refused": {}, "not_tried": [], "under_way_or_arrived": [],
    }  # fmt: skip
    assert set(statuses(convoy).values()) == {"Success"}
    arrived = next(e for e in convoy.deliveries() if e["idempotency_key"] == "arrived")
    assert arrived["metadata"]["num_trials"] == 1


def test_a_second_run_finds_nothing_to_send(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    missed(convoy, "e1")
    command = ["convoy", "resend", "--failed", "--since", "2h"]

    first = run(*command)
    convoy.deliveries()
    second = run(*command)

    assert (first.exit_code, first.output) == (DONE, "1 sent again.\n")
    assert (second.exit_code, second.output) == (DONE, "0 sent again.\n")


def test_failed_deliveries_are_chosen_by_endpoint_owner_and_type(convoy: Convoy) -> None:
    anns, bobs = convoy.endpoint("ann"), convoy.endpoint("bob")
    (of_ann,) = missed(convoy, "a1")
    (of_bob,) = missed(convoy, "b1", owner="bob")
    run("convoy", "setup", "--url", "http://127.0.0.1:9")

    def counted(*options: str) -> int:
        command = ["convoy", "resend", "--failed", "--dry-run", "--json", "--since", "2h"]
        (output,) = lines(run(*command, *options))
        count: int = output["missed"]
        return count

    assert counted() == 2
    assert counted("--endpoint", anns) == counted("--owner", "bob") == 1
    assert counted("--endpoint", anns, "--endpoint", bobs) == 2
    assert counted("--type", "created") == 2
    assert counted("--type", "deleted") == 0
    result = run("convoy", "resend", "--failed", "--since", "2h", "--owner", "ann", "--json")
    assert lines(result)[0]["resent"] == [of_ann]
    assert of_bob in {each["uid"] for each in convoy.deliveries(status="Failure")}


def test_deliveries_before_since_are_left_out(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.clock.read = lambda: utc_now() - timedelta(hours=3)
    missed(convoy, "old")
    convoy.clock.read = utc_now
    missed(convoy, "new")

    result = run("convoy", "resend", "--failed", "--since", "2h")

    assert result.output == "1 sent again.\n"
    assert statuses(convoy) == {"old": "Failure", "new": "Success"}


def test_a_dry_run_counts_and_sends_nothing(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    missed(convoy, "e1", "e2")

    result = run("convoy", "resend", "--failed", "--since", "1d", "--dry-run")

    assert (result.exit_code, result.output) == (DONE, "2 would be sent again.\n")
    assert statuses(convoy) == {"e1": "Failure", "e2": "Failure"}


def test_deliveries_of_a_paused_endpoint_are_refused_and_counted_by_reason(convoy: Convoy) -> None:
    endpoint = convoy.endpoint("ann")
    missed(convoy, "e1", "e2")
    convoy.ask("PUT", f"/endpoints/{endpoint}/pause")

    result = run("convoy", "resend", "--failed", "--since", "2h")

    assert (result.exit_code, result.stdout) == (NOT_DONE, "0 sent again.\n")
    assert result.stderr == (
        "Convoy refused 2: 400: the endpoint is currently paused. Activate the endpoint:"
        " hookctl convoy endpoints resume ENDPOINT_ID\n"
    )


def test_a_refusal_for_another_reason_does_not_blame_the_endpoint(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConvoyRefused("400: no")

    convoy.endpoint("ann")
    missed(convoy, "e1")
    monkeypatch.setattr(Project, "resend", refuse)

    result = run("convoy", "resend", "--failed", "--since", "2h")

    assert (result.exit_code, result.stderr) == (NOT_DONE, "Convoy refused 1: 400: no.\n")


def test_a_delivery_that_arrived_meanwhile_is_not_sent_again(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    convoy.endpoint("ann")
    (failed,) = missed(convoy, "e1")

    def by_another_operator() -> None:
        convoy.ask("PUT", f"/eventdeliveries/{failed}/resend")
        convoy.deliveries()

    monkeypatch.setattr(Project, "resend", failing_after(0, by_another_operator))
    result = run("convoy", "resend", "--failed", "--since", "2h")

    assert (result.exit_code, result.stderr) == (DONE, "")
    assert result.stdout == "0 sent again. 1 are under way or arrived.\n"
    (delivery,) = convoy.deliveries(status="Success")
    assert delivery["metadata"]["num_trials"] == 4  # three that failed, and the other operator's


def test_ctrl_c_stops_and_the_next_run_sends_the_rest(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    convoy.endpoint("ann")
    missed(convoy, "e1", "e2", "e3")
    command = ["convoy", "resend", "--failed", "--since", "2h"]
    interrupt = failing_after(0, lambda: signal.raise_signal(signal.SIGINT))

    with monkeypatch.context() as patch:
        patch.setattr(Project, "resend", interrupt)
        stopped = run(*command)
    convoy.deliveries()
    rest = run(*command)

    assert (stopped.exit_code, stopped.stdout) == (NOT_DONE, "1 sent again.\n")
    assert stopped.stderr.startswith("2 not tried. Run it again with --since 20")
    assert (rest.exit_code, rest.stdout) == (DONE, "2 sent again.\n")
    assert statuses(convoy) == dict.fromkeys(["e1", "e2", "e3"], "Success")
    assert {each["metadata"]["num_trials"] for each in convoy.deliveries()} == {4}


def test_an_outage_says_what_was_sent_and_how_to_go_on(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    convoy.endpoint("ann")
    missed(convoy, "e1", "e2")
    monkeypatch.setattr(Project, "resend", failing_after(1, lambda: convoy.fail(status=503)))

    result = run("convoy", "resend", "--failed", "--since", "2h")

    assert (result.exit_code, result.stdout) == (ENVIRONMENT, "1 sent again.\n")
    assert result.stderr.startswith("1 not tried. Run it again with --since 20")
    assert "Convoy can't do it now (503" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give DELIVERY_IDs, or --failed with --since"),
        (["d1", "--failed", "--since", "2h"], "give DELIVERY_IDs, or --failed with --since"),
        (["--failed"], "--failed needs --since, such as --since 2h"),
        (["d1", "--since", "2h"], "choose among the failed ones: add --failed"),
        (["d1", "--owner", "ann"], "choose among the failed ones: add --failed"),
        (["d1", "--dry-run"], "choose among the failed ones: add --failed"),
        (["--failed", "--since", "tomorrow"], "'tomorrow' is not a moment"),
        (["--failed", "--since", "2h", "--endpoint", "a/b"], "'a/b' is not an endpoint's id"),
        (["--failed", "--since", "2h", "--type", "creatd"], "Convoy has no event type 'creatd'"),
    ],
)
def test_wrong_usage_is_code_2_and_sends_nothing(
    convoy: Convoy, arguments: list[str], message: str
) -> None:
    convoy.endpoint("ann")
    missed(convoy, "e1")

    result = run("convoy", "resend", *arguments)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert message in usage_error(result)
    assert statuses(convoy) == {"e1": "Failure"}
