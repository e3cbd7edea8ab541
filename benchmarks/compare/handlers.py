"""The handlers that are compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """`outbox`: whether the peer guarantees that no event is lost.

    `handler` and `work` name files of `peers`: the second has the handler's calls. `beside`: more
    files of the project. The peer's packages are a group of uv.lock, or `packages` of the app's.
    """

    name: str
    title: str
    outbox: bool
    group: str | None = None
    packages: tuple[str, ...] = ()
    handler: str | None = None
    work: str = "work"
    beside: tuple[str, ...] = ()
    calls: str = "ours"
    validate: bool = False

    @property
    def is_tuned(self) -> bool:
        """Whether botocore gets the cut-down data, as in this project's zip."""
        return self.handler not in {None, "tutorial"}


OURS = Peer("ours", "this project", outbox=True)
BARE = Peer("bare", "bare handler", outbox=True, handler="bare")
BARE_ACK = Peer("bare-ack", "bare handler that acks", outbox=True, handler="bare", calls="ack")
BARE_LOST = Peer("bare-lost", "bare handler, no outbox", outbox=False, handler="bare", calls="none")
POWERTOOLS = Peer(
    "powertools", "Powertools", outbox=True, group="bench-powertools", handler="powertools"
)
VALIDATED = Peer(
    "powertools-validated", "Powertools, validation", outbox=True, group="bench-powertools",
    handler="powertools", validate=True,
)  # fmt: skip
STACK = ("fastapi", "mangum")
FASTAPI = Peer("fastapi", "FastAPI, Mangum", outbox=True, packages=STACK, handler="fastapi_mangum")
TUTORIAL = Peer(
    "tutorial", "the tutorial's way", outbox=False, group="bench-tutorial", handler="tutorial"
)
FLOOR = Peer(
    "floor", "floor, no calls", outbox=False, packages=STACK, handler="floor", work="nothing"
)
FLOOR_CALLS = Peer(
    "floor-calls", "floor, the same calls", outbox=True, packages=STACK, handler="floor"
)
FLOOR_COMMIT = Peer(
    "floor-commit",
    "floor, no publish",
    outbox=True,
    packages=STACK,
    handler="floor",
    calls="commit",
)
FLOOR_PACKAGES = Peer(
    "floor-packages",
    "floor, SDK and settings",
    outbox=True,
    packages=(*STACK, "convoy-python", "pydantic-settings"),
    handler="packages",
    beside=("benchmarks/compare/peers/floor.py", "app/convoy/sdk.py"),
)
STRAIGHT = Peer(
    "straight",
    "floor, a POST in one function",
    outbox=True,
    packages=STACK,
    handler="straight",
    beside=("benchmarks/compare/peers/floor.py",),
)

PEERS = (OURS, FLOOR_CALLS, FASTAPI, VALIDATED, POWERTOOLS, BARE, BARE_ACK, BARE_LOST, TUTORIAL)
"""The handlers of the parts `cold` and `warm`, which add floors of their own."""
