"""Hypothesis strategies for changes, faults and interruptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from infra.fake_convoy.queues import Queue
    from tests.integration.properties.crash_points import Moment


@dataclass(frozen=True)
class Interruption:
    """At `moment`: a crash or, `after_s` later, a pass of another relay, with Convoy up or not."""

    moment: Moment
    after_s: int | None
    convoy_is_up: bool


OWNERS = st.sampled_from(["ann", "bob"])
IDS = st.integers(1, 3)
ITEMS = st.text(min_size=1, max_size=5)
KEYS = st.none() | st.sampled_from(["k1", "k2"])
_FAULTS: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 500},
    {"status": 429, "headers": {"retry-after": "90"}},
    {"status": 400},
    {"status": 401},
    {"status": 403, "body": "<p>", "headers": {"content-type": "text/html"}},
    {"reset": True},
    {"lose_answer": True},
]
_PUBLISHES = {"path": "/events/fanout"}
_CALLS: list[dict[str, str]] = [{}, _PUBLISHES, _PUBLISHES, {"method": "GET"}, {"method": "PUT"}]
"""The calls that fail: all, publishes (listed twice: they park rows), questions, replays."""
FAULTS = st.builds(dict.__or__, st.sampled_from(_FAULTS), st.sampled_from(_CALLS))
LOST: list[Queue] = ["intake", "matching", "deliveries", "attempts"]
"""The queues from which Convoy loses accepted events."""
QUEUES = st.sampled_from(LOST)
RELAY_STEPS = (
    "newest", "between", "under", "publish", "replay", "remove", "postpone", "park", "retry_hung",
)  # fmt: skip


def interruptions(*steps: str) -> st.SearchStrategy[Interruption]:
    return st.builds(
        Interruption,
        moment=st.tuples(st.sampled_from(["before", "after"]), st.sampled_from(steps)),
        after_s=st.sampled_from([0, 61, 1000, None]),
        convoy_is_up=st.booleans(),
    )


OF_REQUESTS = st.none() | interruptions("commit", "publish", "postpone")
OF_RELAYS = interruptions(*RELAY_STEPS)
