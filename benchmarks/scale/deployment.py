"""What is deployed, as `serverless.yml` and the code have it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from app.convoy.questions import DEADLINE_S
from app.outbox.relay import WORKERS
from app.wiring.relay import WRITE_S
from benchmarks.scale.assumptions import (
    CALL_S,
    POST_CPU_S,
    PUBLISH_S,
    QUESTION_S,
    RELAYED_CPU_S,
    TRANSACTION_S,
    VCPU_MB,
)

SERVERLESS = Path(__file__).parents[2] / "serverless.yml"


@dataclass(frozen=True, slots=True)
class Relays:
    """`each` of them works for `works_s` of every minute; `vcpus` is what one has of them."""

    workers: int
    vcpus: float
    works_s: float
    each: int = 1

    @property
    def tries_per_s(self) -> float:
        """Rows that all of them publish while they work: they wait, or they are out of CPU."""
        # A row is asked for by its key first, and written while its worker goes on.
        waiting = self.workers / (QUESTION_S + PUBLISH_S)
        # One interpreter runs on one core.
        return self.each * min(waiting, min(self.vcpus, 1) / RELAYED_CPU_S)

    @property
    def rows_per_s(self) -> float:
        """The same, pauses between passes included."""
        return self.tries_per_s * self.works_s / 60


@dataclass(frozen=True, slots=True)
class Deployment:
    memory_mb: int
    rate_limit: int
    deadline_s: float
    access_log: str
    relay: Relays

    @classmethod
    def load(cls) -> Self:
        deployed: dict[str, Any] = yaml.safe_load(re.sub(r"!\w+ ", "", SERVERLESS.read_text()))
        memory_mb = deployed["provider"]["memorySize"]
        timeout_s = deployed["functions"]["relay"]["timeout"]
        deadline_s = float(deployed["provider"]["environment"]["CONVOY_DEADLINE_S"])
        works_s = timeout_s - (deadline_s + DEADLINE_S + WRITE_S)
        return cls(
            memory_mb=memory_mb,
            rate_limit=deployed["params"]["default"]["rateLimit"],
            deadline_s=deadline_s,
            access_log=deployed["provider"]["logs"]["httpApi"]["format"],
            relay=Relays(WORKERS, memory_mb / VCPU_MB, works_s),
        )

    @property
    def vcpus(self) -> float:
        return self.memory_mb / VCPU_MB

    @property
    def pending_s(self) -> float:
        """A `POST` while the breaker is open."""
        return TRANSACTION_S + POST_CPU_S / self.vcpus

    @property
    def post_s(self) -> float:
        return self.pending_s + PUBLISH_S

    @property
    def change_s(self) -> float:
        """A `PUT` or `DELETE`, which reads the todo first."""
        return self.post_s + CALL_S


def concurrency(rate: float, seconds: float) -> float:
    """Environments that are busy at a time (Little's law)."""
    return rate * seconds
