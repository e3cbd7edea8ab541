"""`relay`: one pass, or with `--watch` a pass at each interval, and their reports."""

from __future__ import annotations

import json
import signal
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app.cli.relay_loop import Interrupt, Pass
from app.outbox.metrics import Metrics
from app.outbox.outcomes import Accepted
from app.wiring.clock import new_event_id, now
from app.wiring.relay import RelayComponents
from tests.components import make_relay
from tests.integration.cli.shell import DONE, NOT_DONE, OUT_OF_REACH, TODO_TEXT, Rows, lines, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.questions import Questions
    from app.domain.events import Event
    from app.outbox.relay import Relay
    from tests.stand_in import Convoy
    from tests.tables import Outbox

NO_METRICS = Metrics(lambda _: None, now, "none", lambda: (None, None))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that a pass publishes are due at the next pass."""
    monkeypatch.setenv("SETTLE_AFTER_S", "0")


def test_one_pass_publishes_and_the_next_settles_with_code_0(
    rows: Rows, convoy: Convoy, outbox: Outbox
) -> None:
    for n in range(3):
        rows.waiting(f"e{n}", age=240)

    first = run("relay", "--workers", "4", "--deadline-s", "30")
    convoy.deliveries()
    second = run("relay")

    assert (first.exit_code, first.output.splitlines()) == (
        NOT_DONE,
        [
            "0 settled, 3 published, 3 waiting (the oldest for 4 min), 0 failed.",
            "See when they are due: hookctl outbox list",
        ],
    )
    assert sorted(e["idempotency_key"] for e in convoy.events()) == ["e0", "e1", "e2"]
    assert (second.exit_code, second.output) == (DONE, "3 settled, 0 waiting, 0 failed.\n")
    assert outbox.event_ids() == []


def test_relays_with_a_segment_each_share_the_outbox(rows: Rows, convoy: Convoy) -> None:
    ids = [f"e{n}" for n in range(12)]
    for each in ids:
        rows.waiting(each)

    reports = []
    for segment in ("1/2", "2/2"):
        (report,) = lines(run("relay", "--segment", segment, "--json"))
        # It can't report the part of the table that it has not read.
        assert report["partial"] is True
        reports.append(report)

    assert sum(report["published"] for report in reports) == len(ids)
    assert sorted(event["idempotency_key"] for event in convoy.events()) == sorted(ids)
    # One of them checks the deliveries, for all.
    assert [report["deliveries"] is None for report in reports] == [False, True]


def test_rows_that_are_left_are_code_1(rows: Rows) -> None:
    rows.waiting("e1", age=240, due_in=60)
    rows.failed("e2")

    result = run("relay")

    assert result.exit_code == NOT_DONE
    assert result.stdout.splitlines() == [
        "0 settled, 1 waiting (the oldest for 4 min), 1 failed.",
        "See when they are due: hookctl outbox list",
        "See why they failed: hookctl outbox list --failed",
    ]


def test_a_stuck_event_is_replayed_and_reported(
    rows: Rows, convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = partial(RelayComponents.build, stuck_after=timedelta(0))
    monkeypatch.setattr(RelayComponents, "build", at_once)
    convoy.stop_worker("matching")
    convoy.send("e1")
    rows.waiting("e1")

    assert run("relay").stdout.startswith("0 settled, 1 replayed, 1 waiting (")


def test_an_outage_of_convoy_is_code_1_with_the_reason(rows: Rows, convoy: Convoy) -> None:
    rows.waiting("e1")
    convoy.fail(status=503, headers={"retry-after": "60"})

    person = run("relay")
    (script,) = lines(run("relay", "--json"))

    assert person.exit_code == NOT_DONE
    assert "\nStopped early: Convoy asked for 60 s: 503: injected fault.\n" in person.stdout
    assert 60 <= script.pop("oldest_s") < 120
    assert script == {
        "settled": 0, "published": 0, "replayed": 0, "pending": 1, "failed": 0,
        "stopped": "Convoy asked for 60 s: 503: injected fault", "partial": False,
        "deliveries": None,
    }  # fmt: skip


def test_a_wrong_key_is_reported_with_the_command_to_run_next(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    for event_id in ("e1", "e2", "e3"):
        rows.waiting(event_id)
    monkeypatch.setenv("CONVOY_API_KEY", "CO.wrong")

    output = run("relay").stdout

    assert "\nStopped early: misconfigured: 401: authorization failed.\n" in output
    assert output.endswith("Find the cause: hookctl convoy ping\n")


def test_a_script_gets_logs_and_metrics_as_json_on_stderr(rows: Rows, convoy: Convoy) -> None:
    rows.waiting("e1")
    convoy.fail(status=400, path="/events/fanout")

    result = run("relay", "--json")

    attempt, logged, left = [json.loads(line) for line in result.stderr.splitlines()]
    assert (attempt["outcome"], left["OutboxDepth"]) == ("refused", 1)
    assert (logged["level"], logged["event_id"]) == ("WARNING", "e1")
    assert TODO_TEXT not in result.output


def test_a_person_gets_no_metrics_and_a_plain_log(rows: Rows, convoy: Convoy) -> None:
    rows.waiting("e1")
    convoy.fail(status=400, path="/events/fanout")

    result = run("relay")

    assert "{" not in result.output


def test_a_pass_ends_before_its_deadline_and_leaves_the_rest(
    rows: Rows, make: Callable[..., Relay]
) -> None:
    rows.waiting("e1")

    report = Pass(make(lambda: None), NO_METRICS, Interrupt(), 1.0, as_json=False)()

    assert (report.published, report.pending, report.stopped) == (0, 1, "out of time")


def test_an_interrupt_in_a_pass_leaves_the_rest_and_is_reported(
    rows: Rows,
    convoy: Convoy,
    make: Callable[..., Relay],
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows.waiting("e1")
    rows.waiting("e2")
    convoy.send(new_event_id(now()))  # Convoy shows the present: the pass would publish both
    interrupt = Interrupt()

    def ask() -> None:
        interrupt.asked = True

    report = Pass(make(ask), NO_METRICS, interrupt, None, as_json=False)()

    assert (report.published, report.pending) == (1, 2)
    assert sorted(rows.row(each).attempts for each in ("e1", "e2")) == [0, 1]
    assert "Stopped early: interrupted." in capsys.readouterr().out


@pytest.fixture
def make(dynamodb: DynamoDBClient, questions: Questions) -> Callable[[Callable[[], None]], Relay]:
    """A relay of one worker, whose publisher calls back and accepts."""

    def make(on_publish: Callable[[], None]) -> Relay:
        class Publisher:
            def publish(self, event: Event) -> Accepted:
                on_publish()
                return Accepted()

        return make_relay(dynamodb, Publisher(), questions, now, workers=1)

    return make


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_runs_a_pass_each_interval_until_a_signal(
    rows: Rows, convoy: Convoy, number: signal.Signals
) -> None:
    rows.waiting("e0")
    before = signal.getsignal(number)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 60:
            convoy.deliveries()
            rows.waiting("e1")
        if len(waits) == 61:
            signal.raise_signal(number)

    result = run("relay", "--watch", "--json", wait=wait)

    assert result.exit_code == DONE
    reports = lines(result)
    assert [(report["settled"], report["published"]) for report in reports] == [(0, 1), (1, 1)]
    assert waits == [1] * 61
    assert signal.getsignal(number) == before


def test_watch_sleeps_if_no_wait_is_injected(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(time, "sleep", sleep)

    assert run("relay", "--watch").exit_code == DONE
    assert waits == [1]


def test_watch_outlives_an_outage_of_dynamodb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", OUT_OF_REACH)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            signal.raise_signal(signal.SIGTERM)

    result = run("relay", "--watch", "--every", "1", wait=wait)

    assert (result.exit_code, result.stdout) == (DONE, "")
    assert result.stderr.count("DynamoDB did not answer: ") == 2
    assert "Next try in 1 s.\n" in result.stderr
