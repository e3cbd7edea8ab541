"""The operator's command against `make run`, as its output and docs/first-webhook.md show it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from tests.paths import ROOT
from tests.product import NEW, PATH
from tests.support import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.e2e.stacks import Stack, Stacks
    from tests.support import JsonObject


@pytest.fixture(scope="module")
def stack(stacks: Stacks) -> Iterator[Stack]:
    """Its relay looks at each event at once."""
    with stacks.own(SETTLE_AFTER_S="0") as stack:
        yield stack


def test_an_event_left_by_an_outage_is_listed_published_and_settled(stack: Stack) -> None:
    with httpx.Client(timeout=PATIENCE_S) as http:
        wait_for_the_relays_first_pass(stack)
        faults = f"http://{urlsplit(stack.inbox).netloc}/_control/faults"
        http.put(faults, json={"status": 503}).raise_for_status()
        # The first event is tried, and waits half a minute. The second event is due at once.
        tried, created = (http.post(f"{stack.api}{PATH}", json=NEW) for _ in range(2))
        assert created.headers["webhook-status"] == "pending"

        found = waiting(stack)
        assert found.keys() == {each.headers["webhook-id"] for each in (tried, created)}
        of_the_request = found[tried.headers["webhook-id"]]
        assert (of_the_request["attempts"], of_the_request["reason"]) == (1, "503: injected fault")

        http.delete(faults).raise_for_status()
        until = time.monotonic() + 60
        while created.headers["webhook-id"] in waiting(stack):
            relayed = operate(stack, "relay", "--json", SETTLE_AFTER_S="0")
            assert json.loads(relayed.stdout)["stopped"] is None
            assert time.monotonic() < until, relayed.stdout
        events = http.get(stack.inbox).json()["events"]
    assert created.headers["webhook-id"] in [e["idempotency_key"] for e in events]


def waiting(stack: Stack) -> dict[str, JsonObject]:
    """The events in the outbox, by their ids."""
    listed = operate(stack, "outbox", "list", "--json")
    assert listed.returncode == 0
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    return {row["event_id"]: row for row in rows}


def test_sigterm_ends_a_watch(stack: Stack) -> None:
    assert f"Usage: {stack.script} relay " in operate(stack, "relay", "-h", COLUMNS="200").stdout
    with subprocess.Popen(
        [stack.script, "relay", "--watch", "--json"], stdout=subprocess.PIPE, text=True
    ) as watch:
        assert watch.stdout is not None
        assert json.loads(watch.stdout.readline())["stopped"] is None
        before = time.monotonic()
        watch.terminate()
        assert watch.wait(timeout=30) == 0
        assert time.monotonic() - before < 5


def test_the_stack_relays_by_itself(stack: Stack) -> None:
    assert wait_for_the_relays_first_pass(stack)["stopped"] is None


def wait_for_the_relays_first_pass(stack: Stack) -> JsonObject:
    """The report of that pass; the next pass comes a minute later."""
    log = ROOT / ".local" / f"relay-{urlsplit(stack.api).port}.log"
    until = time.monotonic() + 30
    while not (reports := [line for line in log.read_text().splitlines() if '"settled"' in line]):
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
    report: JsonObject = json.loads(reports[0])
    return report


def operate(stack: Stack, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [stack.script, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
