"""`convoy resend`: deliveries by their ids."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from app.convoy_admin.project import Project
from tests.integration.cli.shell import DONE, ENVIRONMENT, NOT_DONE, lines, run
from tests.integration.cli.steps import failing_after

if TYPE_CHECKING:
    import pytest

    from tests.stand_in import Convoy


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
