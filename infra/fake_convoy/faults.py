"""Failures of the stand-in's API, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request


@dataclass
class InjectedFault:
    """How the next `times` calls of the API fail (None: all calls).

    The call waits `delay_s`. With `reset` or `status` it has no effect: its connection is reset, or
    `status` is the answer. Without both it is handled late. With `lose_answer` it is handled, and
    its connection is reset in place of the answer.

    A fault is for calls with this `method`, this `path` (after the project's; with wildcards, if
    any: `/events/*`), and a body that contains `containing`.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"status":false,"message":"injected fault"}'
    delay_s: float = 0.0
    reset: bool = False
    lose_answer: bool = False
    times: int | None = None
    method: str = ""
    path: str = "*"
    containing: str = ""

    def fits(self, method: str, path: str, body: str) -> bool:
        return (
            self.method in {"", method} and fnmatchcase(path, self.path) and self.containing in body
        )


class Faults:
    """A call meets the first fault that fits it."""

    def __init__(self) -> None:
        self._faults: list[InjectedFault] = []

    def set(self, *faults: InjectedFault) -> None:
        self._faults = list(faults)

    def __len__(self) -> int:
        return len(self._faults)

    async def next(self, request: Request) -> InjectedFault | None:
        path = request.url.path.partition(f"/projects/{request.path_params['project_id']}")[2]
        body = (await request.body()).decode(errors="replace")
        for fault in self._faults:
            if fault.fits(request.method, path, body):
                self._count(fault)
                return fault
        return None

    def _count(self, fault: InjectedFault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
