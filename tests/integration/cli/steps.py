"""What happens while a command waits."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stand_in import Convoy


def wait_with(*steps: Callable[[], object]) -> Callable[[float], None]:
    """A wait that calls the next step instead, and in the end presses Ctrl-C."""
    rest = iter(steps)

    def wait(_: float) -> None:
        step = next(rest, None)
        if step is None:
            signal.raise_signal(signal.SIGINT)
        else:
            step()

    return wait


def publish(convoy: Convoy, key: str, **data: object) -> Callable[[], object]:
    event = {"owner_id": "ann", "event_type": "created", "idempotency_key": key, "data": data}
    return lambda: convoy.ask("POST", "/events/fanout", json=event)
