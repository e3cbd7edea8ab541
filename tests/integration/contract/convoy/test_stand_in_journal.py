"""A SIGKILL of the stand-in with a journal: without and with the queues in the journal."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from infra.fake_convoy import application, server
from infra.fake_convoy.deliveries import Backoff
from tests.integration.contract.convoy.envelope import eventually
from tests.paths import ROOT
from tests.ports import own_port
from tests.stand_in import Convoy
from tests.support import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.fake_convoy.queues import Queue

STAGES: tuple[Queue, ...] = ("intake", "matching", "deliveries", "attempts")


@contextmanager
def until_killed(journal: Path, *options: str) -> Iterator[Convoy]:
    """A stand-in in a separate process, which is killed at the end of the block."""
    port = own_port()
    command = ["-m", "infra.fake_convoy", "--port", str(port), "--journal", str(journal), *options]
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT)  # noqa: S603
    try:
        with httpx.Client(timeout=PATIENCE_S) as http:
            convoy = Convoy(f"http://{server.HOST}:{port}", http)
            eventually(lambda: process.poll() is not None or answers(convoy))
            yield convoy
    finally:
        process.kill()
        process.wait()


def answers(convoy: Convoy) -> bool:
    try:
        return bool(convoy.waiting())
    except httpx.ConnectError:
        return False


@contextmanager
def restored(journal: Path, *, keep_queues: bool = False) -> Iterator[Convoy]:
    """A stand-in in this process, restored from the journal."""
    app = application.build(journal, Backoff(interval_s=0, limit=3), keep_queues=keep_queues)
    with server.running(app) as url, httpx.Client(timeout=PATIENCE_S) as http:
        yield Convoy(url, http)


def stop_one_in_each_stage(convoy: Convoy) -> None:
    """Publish `in-intake`, which is not stored yet, `in-matching`, …; `delivered` has arrived."""
    convoy.endpoint("ann")
    convoy.send("delivered")
    convoy.deliveries()
    for stage in reversed(STAGES):
        convoy.stop_worker(stage)
        convoy.send(f"in-{stage}")
        waits(convoy, stage)


def waits(convoy: Convoy, stage: Queue) -> None:
    eventually(lambda: convoy.waiting()[stage] == 1)


def states(convoy: Convoy) -> dict[str, list[str]]:
    """The status of each event, and of its delivery, by the event's key."""
    return {
        event["idempotency_key"]: [event["status"], *(d["status"] for d in event["deliveries"])]
        for event in convoy.events()
    }


STORED = {
    "delivered": ["Success", "Success"],
    "in-matching": ["Pending"],
    "in-deliveries": ["Success", "Scheduled"],
    "in-attempts": ["Success", "Processing"],
}


def test_a_kill_keeps_stored_events_and_loses_the_queues(tmp_path: Path) -> None:
    with until_killed(tmp_path / "journal") as convoy:
        stop_one_in_each_stage(convoy)
        before = {key: state for key, state in states(convoy).items() if key != "in-intake"}
        endpoints = convoy.ask("GET", "/endpoints")

    with restored(tmp_path / "journal") as convoy:
        assert states(convoy) == before == STORED
        assert set(convoy.waiting().values()) == {0}
        assert convoy.ask("GET", "/endpoints") == endpoints
        assert len(convoy.ask("GET", "/subscriptions")["content"]) == 1
        (arrived,) = convoy.ask("GET", "/eventdeliveries", params={"status": "Success"})["content"]
        attempts = convoy.ask("GET", f"/eventdeliveries/{arrived['uid']}/deliveryattempts")
        assert [attempt["http_status"] for attempt in attempts] == ["204 No Content"]


def test_with_the_queues_in_the_journal_a_kill_loses_nothing(tmp_path: Path) -> None:
    with until_killed(tmp_path / "journal", "--keep-queues") as convoy:
        url = convoy.url
        stop_one_in_each_stage(convoy)

    app = application.build(tmp_path / "journal", keep_queues=True)
    with server.running(app, int(url.rpartition(":")[2])), httpx.Client(timeout=PATIENCE_S) as http:
        convoy = Convoy(url, http)
        delivered = ["Success", "Success"]
        every = {"delivered": delivered} | {f"in-{stage}": delivered for stage in STAGES}
        eventually(lambda: states(convoy) == every)
        assert {len(event["deliveries"]) for event in convoy.events()} == {1}
        assert set(convoy.waiting().values()) == {0}


def test_a_finished_job_does_not_run_again_after_a_kill(tmp_path: Path) -> None:
    with restored(tmp_path / "journal", keep_queues=True) as convoy:
        convoy.endpoint("ann")
        convoy.send("e1")
        before = convoy.deliveries()

    with restored(tmp_path / "journal", keep_queues=True) as convoy:
        assert set(convoy.waiting().values()) == {0}
        assert convoy.deliveries() == before


@pytest.mark.parametrize("keep_queues", [False, True])
def test_a_cleared_project_stays_empty(tmp_path: Path, *, keep_queues: bool) -> None:
    with restored(tmp_path / "journal", keep_queues=keep_queues) as convoy:
        convoy.send("e1")
        convoy.stop_worker()
        convoy.send("e2")
        convoy.reset()

    with restored(tmp_path / "journal", keep_queues=keep_queues) as convoy:
        assert convoy.events() == []
        convoy.send("e1")
        assert [event["is_duplicate_event"] for event in convoy.events()] == [False]


def test_an_unfinished_line_in_the_journal_is_dropped(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with restored(journal) as convoy:
        convoy.send("e1")
    with journal.open("ab") as file:
        file.write(b'["events", {"uid":')

    for _ in range(2):
        with restored(journal) as convoy:
            convoy.send("e2")

    with restored(journal) as convoy:
        assert [e["idempotency_key"] for e in convoy.events()] == ["e1", "e2", "e2"]
