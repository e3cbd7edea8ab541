"""What may happen, for Hypothesis to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.properties.seams import Moment


@dataclass(frozen=True)
class Interruption:
    """A crash or, `after_s` later, a pass of another relay, to which Convoy may be up again."""

    moment: Moment
    after_s: int | None
    mended: bool


OWNERS = st.sampled_from(["ann", "bob"])
IDS = st.integers(1, 3)
ITEMS = st.text(min_size=1, max_size=5)
KEYS = st.none() | st.sampled_from(["k1", "k2"])
FAULTS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"status": 503},
        {"status": 429, "headers": {"retry-after": "90"}},
        {"status": 400},
        {"status": 401},
        {"reset": True},
        {"lose_answer": True},
    ]
)
RELAY_STEPS = ("publish", "ack", "postpone", "park")


def interruptions(*steps: str) -> st.SearchStrategy[Interruption]:
    return st.builds(
        Interruption,
        moment=st.tuples(st.sampled_from(["before", "after"]), st.sampled_from(steps)),
        after_s=st.sampled_from([0, 61, 1000, None]),
        mended=st.booleans(),
    )


OF_REQUESTS = st.none() | interruptions("commit", "publish", "ack")
OF_RELAYS = interruptions(*RELAY_STEPS)
