"""Failures of the stand-in's API, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request


@dataclass
class Fault:
    """How to fail the next `times` calls of the API (None: all): wait, then reset or answer.

    A call that is reset or answered so is not looked at; with neither, it is only late. With
    `lose_answer` it is dealt with as ever, and reset in place of its answer.

    Calls of another `method` are left alone, and those whose path behind the project's is another
    (`path` may have wildcards: `/events/*`), and those whose body does not contain `containing`.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"status":false,"message":"told to fail"}'
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
    """Of several faults that fit a call, the first is the one that it meets."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def set(self, *faults: Fault) -> None:
        self._faults = list(faults)

    async def next(self, request: Request) -> Fault | None:
        path = request.url.path.partition(f"/projects/{request.path_params['project_id']}")[2]
        body = (await request.body()).decode(errors="replace")
        for fault in self._faults:
            if fault.fits(request.method, path, body):
                self._count(fault)
                return fault
        return None

    def _count(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
