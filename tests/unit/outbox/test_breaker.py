"""The breaker: an outage is met by one request now and then, not by all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.events import Event
from app.outbox.breaker import MAX_OPEN_S, OPEN_S, Breaker
from app.outbox.outcomes import Accepted, Misconfigured, Outcome, Refused, Skipped, Unavailable
from tests.support import NOW

EVENT = Event("e1", "ann", "created", NOW, {})


class Scripted:
    """A publisher that gives the outcome it was last told, and counts."""

    def __init__(self) -> None:
        self.outcome: Outcome = Accepted()
        self.tries = 0

    def publish(self, event: Event) -> Outcome:
        self.tries += 1
        return self.outcome


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def inner() -> Scripted:
    return Scripted()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(inner: Scripted, clock: Clock) -> Breaker:
    return Breaker(inner, clock, lambda: 0.0)


def skipped(outcome: Outcome) -> bool:
    return isinstance(outcome, Skipped)


@pytest.mark.parametrize("failure", [Unavailable("503"), Misconfigured("401")])
def test_after_an_outage_nothing_is_tried_for_a_few_seconds(
    breaker: Breaker, inner: Scripted, clock: Clock, failure: Outcome
) -> None:
    inner.outcome = failure
    assert breaker.publish(EVENT) == failure

    clock.now += OPEN_S - 0.1
    assert skipped(breaker.publish(EVENT))
    assert inner.tries == 1


def test_breakers_that_an_outage_opened_together_do_not_try_again_together(
    inner: Scripted, clock: Clock
) -> None:
    early, late = (Breaker(inner, clock, jitter) for jitter in (lambda: 0.0, lambda: 1.0))
    inner.outcome = Unavailable("503")
    for breaker in (early, late):
        breaker.publish(EVENT)

    clock.now += OPEN_S
    assert not skipped(early.publish(EVENT))
    assert skipped(late.publish(EVENT))
    clock.now += OPEN_S
    assert not skipped(late.publish(EVENT))


def test_then_one_tries_and_a_success_lets_all_through_again(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    inner.outcome = Unavailable("503")
    breaker.publish(EVENT)
    clock.now += OPEN_S
    inner.outcome = Accepted()

    assert [breaker.publish(EVENT) for _ in range(3)] == [Accepted()] * 3


def test_then_one_tries_and_a_failure_keeps_the_others_off(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    inner.outcome = Unavailable("503")
    breaker.publish(EVENT)
    for _ in range(3):
        clock.now += OPEN_S
        assert not skipped(breaker.publish(EVENT))
        assert skipped(breaker.publish(EVENT))
    assert inner.tries == 4


def test_while_the_one_tries_the_others_do_not_wait_for_it(
    breaker: Breaker, inner: Scripted, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner.outcome = Unavailable("503")
    breaker.publish(EVENT)
    clock.now += OPEN_S
    trying, answer = threading.Event(), threading.Event()

    def slow(_: Event) -> Outcome:
        trying.set()
        answer.wait(timeout=5)
        return Accepted()

    monkeypatch.setattr(inner, "publish", slow)
    with ThreadPoolExecutor() as threads:
        one = threads.submit(breaker.publish, EVENT)
        assert trying.wait(timeout=5)
        assert skipped(breaker.publish(EVENT))
        answer.set()
        assert one.result() == Accepted()


def test_a_refused_event_says_nothing_of_the_others(breaker: Breaker, inner: Scripted) -> None:
    inner.outcome = Refused("400")

    assert [breaker.publish(EVENT) for _ in range(3)] == [Refused("400")] * 3


@pytest.mark.parametrize(
    ("retry_after_s", "open_s"), [(None, OPEN_S), (1, OPEN_S), (17, 17), (86_400, MAX_OPEN_S)]
)
def test_convoys_retry_after_is_honoured_within_bounds(
    breaker: Breaker, inner: Scripted, clock: Clock, retry_after_s: int | None, open_s: float
) -> None:
    inner.outcome = Unavailable("429", retry_after_s)
    breaker.publish(EVENT)

    clock.now += open_s - 0.1
    assert skipped(breaker.publish(EVENT))
    clock.now += 0.1
    assert not skipped(breaker.publish(EVENT))


@pytest.mark.parametrize("late", [Accepted(), Unavailable("timeout")])
def test_an_answer_from_before_the_outage_does_not_end_it_sooner(
    breaker: Breaker,
    inner: Scripted,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    late: Outcome,
) -> None:
    def overtaken(_: Event) -> Outcome:
        monkeypatch.undo()
        inner.outcome = Unavailable("429", 30)
        breaker.publish(EVENT)
        return late

    monkeypatch.setattr(inner, "publish", overtaken)
    assert breaker.publish(EVENT) == late

    clock.now += 29.9
    assert skipped(breaker.publish(EVENT))
    clock.now += 0.1
    assert not skipped(breaker.publish(EVENT))
