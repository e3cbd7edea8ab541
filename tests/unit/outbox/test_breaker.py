"""The breaker: in an outage few requests try, and one owner's outage stops no other owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.domain.events import Event
from app.outbox.breaker import MAX_OPEN_S, MAX_OWNERS, OPEN_S, Breaker
from app.outbox.outcomes import Accepted, Misconfigured, Outcome, Refused, Skipped, Unavailable
from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

OUTAGE = Unavailable("ReadTimeout: deadline passed")
NO_KEY = Misconfigured("no API key", outage=True)
ANSWERS = [Refused("400"), Misconfigured("403"), Unavailable("500", outage=False)]
"""Failures that may concern one event only, and that come at once."""


class Scripted:
    """A publisher with an outcome for each owner's events. It counts the attempts."""

    def __init__(self) -> None:
        self.outcome: Outcome = Accepted()
        self.outcomes: dict[str, Outcome] = {}
        self.tries = 0
        self.meanwhile: Callable[[], object] | None = None
        """Called while the next attempt is under way."""

    def publish(self, event: Event) -> Outcome:
        self.tries += 1
        outcome = self.outcomes.get(event.owner, self.outcome)
        act, self.meanwhile = self.meanwhile, None
        if act:
            act()
        return outcome


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


def of(owner: str) -> Event:
    return Event("e1", owner, "created", NOW, {})


EVENT = of("ann")


def skipped(outcome: Outcome) -> bool:
    return isinstance(outcome, Skipped)


@pytest.mark.parametrize("failure", [OUTAGE, Unavailable("503"), NO_KEY])
def test_after_an_outage_nothing_is_tried_for_a_few_seconds(
    breaker: Breaker, inner: Scripted, clock: Clock, failure: Outcome
) -> None:
    inner.outcome = failure
    assert breaker.publish(EVENT) == failure

    clock.now += OPEN_S - 0.1
    assert skipped(breaker.publish(EVENT))
    assert inner.tries == 1


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_may_concern_one_event_opens_no_gate(
    breaker: Breaker, inner: Scripted, answer: Outcome
) -> None:
    inner.outcome = answer

    owners = ["ann", "ann", "bob", "ann"]
    assert [breaker.publish(of(owner)) for owner in owners] == [answer] * 4


def test_breakers_that_opened_together_do_not_try_again_together(
    inner: Scripted, clock: Clock
) -> None:
    early, late = (Breaker(inner, clock, jitter) for jitter in (lambda: 0.0, lambda: 1.0))
    inner.outcome = OUTAGE
    for breaker in (early, late):
        breaker.publish(EVENT)

    clock.now += OPEN_S
    assert not skipped(early.publish(EVENT))
    assert skipped(late.publish(EVENT))
    clock.now += OPEN_S
    assert not skipped(late.publish(EVENT))


def test_after_the_pause_one_tries_and_a_success_lets_all_through(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    inner.outcome = OUTAGE
    breaker.publish(EVENT)
    clock.now += OPEN_S
    inner.outcome = Accepted()

    assert [breaker.publish(EVENT) for _ in range(3)] == [Accepted()] * 3


def test_after_the_pause_one_tries_and_an_outage_stops_the_others(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    inner.outcome = OUTAGE
    breaker.publish(EVENT)
    for _ in range(3):
        clock.now += OPEN_S
        assert not skipped(breaker.publish(EVENT))
        assert skipped(breaker.publish(EVENT))
    assert inner.tries == 4


@pytest.mark.parametrize("answer", ANSWERS)
def test_after_the_pause_another_answer_lets_the_next_one_try(
    breaker: Breaker, inner: Scripted, clock: Clock, answer: Outcome
) -> None:
    inner.outcome = OUTAGE
    breaker.publish(EVENT)
    clock.now += OPEN_S
    inner.outcome = answer
    assert breaker.publish(EVENT) == answer

    inner.outcome = OUTAGE
    assert breaker.publish(EVENT) == OUTAGE
    assert skipped(breaker.publish(EVENT))


def during(breaker: Breaker, inner: Scripted, event: Event, act: Callable[[], object]) -> Outcome:
    """Publish the event, and call `act` while that is under way."""
    inner.meanwhile = act
    return breaker.publish(event)


def test_others_do_not_wait_for_the_request_that_tries(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    inner.outcome = OUTAGE
    breaker.publish(EVENT)
    clock.now += OPEN_S
    inner.outcome = Accepted()
    others: list[Outcome] = []

    assert (
        during(breaker, inner, EVENT, lambda: others.append(breaker.publish(EVENT))) == Accepted()
    )

    assert [skipped(other) for other in others] == [True]


@pytest.mark.parametrize(
    ("retry_after_s", "open_s"),
    [(None, OPEN_S), (0, OPEN_S), (1, OPEN_S), (17, 17), (86_400, MAX_OPEN_S)],
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


@pytest.mark.parametrize("late", [Accepted(), OUTAGE, *ANSWERS])
def test_an_answer_from_before_an_outage_does_not_end_it(
    breaker: Breaker, inner: Scripted, clock: Clock, late: Outcome
) -> None:
    def fail() -> None:
        inner.outcome = Unavailable("429", 30)
        breaker.publish(EVENT)

    inner.outcome = late
    assert during(breaker, inner, EVENT, fail) == late

    clock.now += 29.9
    assert skipped(breaker.publish(EVENT))
    clock.now += 0.1
    assert not skipped(breaker.publish(EVENT))


@pytest.mark.parametrize("late", [Accepted(), *ANSWERS])
def test_an_answer_from_before_an_outage_does_not_close_everybodys_gate(
    breaker: Breaker, inner: Scripted, clock: Clock, late: Outcome
) -> None:
    def fail() -> None:
        inner.outcome = Unavailable("429", 30)
        breaker.publish(of("ann"))
        breaker.publish(of("bob"))

    inner.outcome = late
    assert during(breaker, inner, of("eve"), fail) == late

    clock.now += 29.9
    assert skipped(breaker.publish(of("eve")))
    clock.now += 0.1
    assert not skipped(breaker.publish(of("eve")))


def test_one_owners_outages_delay_no_other_owners_events(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    inner.outcomes["ann"] = OUTAGE
    for _ in range(10):
        breaker.publish(of("ann"))
        assert skipped(breaker.publish(of("ann")))
        assert breaker.publish(of("bob")) == Accepted()
        assert skipped(breaker.publish(of("ann")))
        clock.now += OPEN_S


def test_outages_of_two_owners_in_a_row_open_everybodys_gate(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    inner.outcome = OUTAGE
    breaker.publish(of("ann"))
    breaker.publish(of("bob"))
    inner.outcome = Accepted()
    assert skipped(breaker.publish(of("eve")))

    clock.now += OPEN_S
    assert breaker.publish(of("eve")) == Accepted()
    assert breaker.publish(of("dan")) == Accepted()


@pytest.mark.parametrize("answer", ANSWERS)
def test_another_answer_between_two_outages_is_no_success(
    breaker: Breaker, inner: Scripted, answer: Outcome
) -> None:
    for owner, outcome in [("ann", OUTAGE), ("dan", answer), ("bob", OUTAGE)]:
        inner.outcome = outcome
        breaker.publish(of(owner))

    assert skipped(breaker.publish(of("eve")))


def test_a_success_between_two_owners_outages_keeps_everybodys_gate_closed(
    breaker: Breaker, inner: Scripted
) -> None:
    inner.outcomes = {"ann": OUTAGE, "bob": OUTAGE}
    for owner in ("ann", "eve", "bob"):
        breaker.publish(of(owner))

    assert breaker.publish(of("eve")) == Accepted()
    assert skipped(breaker.publish(of("ann")))


def test_a_success_that_began_before_an_outage_does_not_count(
    breaker: Breaker, inner: Scripted
) -> None:
    inner.outcomes = {"ann": OUTAGE, "bob": OUTAGE}
    during(breaker, inner, of("eve"), lambda: breaker.publish(of("ann")))
    breaker.publish(of("bob"))

    assert skipped(breaker.publish(of("eve")))


def test_everybodys_gate_stays_open_if_only_one_owner_publishes(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    inner.outcome = Unavailable("429", 30)
    breaker.publish(of("ann"))
    breaker.publish(of("bob"))
    for _ in range(3):
        clock.now += 30 + OPEN_S
        assert not skipped(breaker.publish(of("bob")))
        clock.now += 29.9
        assert skipped(breaker.publish(of("eve")))
        clock.now -= 29.9


def test_after_a_failure_another_owner_tries_next(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    inner.outcomes = {"ann": OUTAGE, "bob": OUTAGE}
    breaker.publish(of("ann"))
    breaker.publish(of("bob"))
    clock.now += OPEN_S

    assert skipped(breaker.publish(of("bob")))
    assert breaker.publish(of("eve")) == Accepted()
    assert skipped(breaker.publish(of("bob")))


def test_the_owner_that_tried_for_everybody_is_not_let_through_twice(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    inner.outcomes = {"ann": OUTAGE, "bob": OUTAGE}
    breaker.publish(of("ann"))
    breaker.publish(of("bob"))
    clock.now += OPEN_S
    others: list[Outcome] = []

    def ask() -> None:
        others.extend(breaker.publish(of(owner)) for owner in ("ann", "eve"))

    during(breaker, inner, of("ann"), ask)

    assert [skipped(other) for other in others] == [True, True]


def test_the_owners_that_failed_longest_ago_are_forgotten_first(
    breaker: Breaker, inner: Scripted, clock: Clock
) -> None:
    def fail(*owners: object) -> None:
        for owner in map(str, owners):
            inner.outcomes = {owner: Unavailable("429", 30)}
            assert not skipped(breaker.publish(of(owner)))
            breaker.publish(of("eve"))

    fail("again", *range(MAX_OWNERS - 1))
    clock.now += 30
    fail("again")
    clock.now -= 1

    fail("new")

    kept = ["again", "new", *map(str, range(1, MAX_OWNERS - 1))]
    assert all(skipped(breaker.publish(of(owner))) for owner in kept)
    assert not skipped(breaker.publish(of("0")))
