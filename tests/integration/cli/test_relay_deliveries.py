"""The report of `relay` about Convoy's deliveries, and the command that it suggests."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app.wiring.relay import RelayComponents
from tests.integration.cli.shell import DONE, lines, run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.stand_in import Convoy


@pytest.fixture(autouse=True)
def _empty_outbox(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = partial(RelayComponents.build, hung_after=timedelta(seconds=-1))
    monkeypatch.setattr(RelayComponents, "build", at_once)


def command_in(text: str) -> list[str]:
    found = re.search(r"See them: hookctl (convoy deliveries [a-z -]+)$", text, re.MULTILINE)
    assert found, text
    return found[1].split()


def hang(convoy: Convoy) -> None:
    convoy.stop_worker("deliveries")
    convoy.send("e1")
    while convoy.waiting()["deliveries"] < 1:
        pass
    convoy.lose("deliveries")
    convoy.start_worker()


def test_deliveries_are_not_mentioned_if_all_arrived(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.send("e1")
    convoy.deliveries()

    result = run("relay")

    assert (result.exit_code, result.stdout) == (DONE, "0 settled, 0 waiting, 0 failed.\n")


def test_the_suggested_command_lists_failed_and_discarded_deliveries(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.let_the_receiver_fail()
    convoy.send("e1")
    convoy.deliveries()
    paused = convoy.endpoint("bob")
    convoy.ask("PUT", f"/endpoints/{paused}/pause")
    convoy.send("e2", "bob")
    convoy.deliveries()

    output = run("relay").stdout

    assert (
        "1 deliveries of the last 24 h failed, 0 were discarded;"
        " 0 of their endpoints are not active." in output
    )
    listed = lines(run(*command_in(output), "--json"))
    assert {each["event_id"]: each["status"] for each in listed} == {
        "e1": "Failure",
        "e2": "Discarded",
    }


def test_hung_deliveries_are_retried_and_reported(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    hang(convoy)

    assert "\n1 deliveries hung in Convoy and are retried.\n" in run("relay").stdout


def test_the_suggested_command_lists_hung_deliveries(
    convoy: Convoy,
) -> None:
    convoy.endpoint("ann")
    hang(convoy)
    convoy.stop_worker("batch_retries")
    run("relay")

    output = run("relay").stdout

    assert "\n1 deliveries hang in Convoy, and its last bulk retry is not over." in output
    listed = lines(run(*command_in(output), "--json"))
    assert [(each["event_id"], each["status"]) for each in listed] == [("e1", "Scheduled")]
