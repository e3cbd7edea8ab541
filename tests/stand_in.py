"""The stand-in for Convoy as a test uses it: the published events, deliveries, faults, queues."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from infra.fake_convoy.deliveries import ENDED
from infra.fake_convoy.project import API_KEY, PROJECT_ID, utc_now
from infra.local import tables
from tests.support import PATIENCE_S
from tests.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.applications import Starlette

    from infra.fake_convoy.queues import Queue
    from tests.support import JsonObject


@dataclass
class StandInClock:
    """The real time, or what a test sets as `read`. Aware, in UTC."""

    read: Callable[[], datetime] = utc_now

    def __call__(self) -> datetime:
        return self.read()


class InProcess(httpx.BaseTransport):
    """Calls an app that `infra.fake_convoy.server` serves in this process, without a socket.

    The app answers on its server's event loop. Its answer has to end.
    """

    def __init__(self, app: Starlette) -> None:
        self._state = app.state
        self._inner = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        loop: asyncio.AbstractEventLoop = self._state.loop
        return asyncio.run_coroutine_threadsafe(self._answer(request), loop).result(PATIENCE_S)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        content = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


@dataclass
class Convoy:
    """A client of the stand-in and of its controls. The stand-in uses `clock`."""

    url: str
    http: httpx.Client
    clock: StandInClock = field(default_factory=StandInClock)

    @property
    def api(self) -> str:
        return f"{self.url}/api"

    def events(self) -> list[JsonObject]:
        events: list[JsonObject] = self.http.get(f"{self.url}/inbox").json()["events"]
        return events

    def payloads(self) -> list[JsonObject]:
        return [event["data"] for event in self.events()]

    @property
    def receiver(self) -> str:
        """The URL of the stand-in's own receiver."""
        return f"{self.url}/receiver"

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Call the API; returns `data` of its answer."""
        headers = {"authorization": f"Bearer {API_KEY}"}
        url = f"{self.api}/v1/projects/{PROJECT_ID}{path}"
        answer = self.http.request(method, url, headers=headers, **options)
        answer.raise_for_status()
        return answer.json()["data"]

    def endpoint(self, owner: str, url: str = "", *, subscribed: bool = True) -> str:
        """Register an endpoint (default: the stand-in's own receiver). Returns its id."""
        body = {"name": owner, "url": url or self.receiver, "owner_id": owner}
        uid: str = self.ask("POST", "/endpoints", json=body)["uid"]
        if subscribed:
            self.ask("POST", "/subscriptions", json={"name": "all", "endpoint_id": uid})
        return uid

    def send(self, key: str, owner: str = "ann", event_type: str = "created") -> None:
        event = {"owner_id": owner, "event_type": event_type, "data": {"id": key}}
        self.ask("POST", "/events/fanout", json=event | {"idempotency_key": key})

    def deliveries(self, **filters: str) -> list[JsonObject]:
        """Newest first, as soon as every delivery has ended."""
        until = time.monotonic() + PATIENCE_S
        while True:
            found = self.ask("GET", "/eventdeliveries", params={"perPage": 1000})["content"]
            if all(each["status"] in ENDED for each in found):
                break
            assert time.monotonic() < until, found
            time.sleep(0.01)
        page = self.ask("GET", "/eventdeliveries", params={"perPage": 1000, **filters})
        content: list[JsonObject] = page["content"]
        return content

    def let_the_receiver_fail(self, seconds: float = 60) -> None:
        answer = self.http.put(f"{self.url}/inbox/receiver", json={"seconds": seconds})
        answer.raise_for_status()

    def fail(self, **fault: object) -> None:
        """Let calls fail; see `infra.fake_convoy.faults.InjectedFault`."""
        self.fail_each(fault)

    def fail_each(self, *faults: JsonObject) -> None:
        """Set several faults. The first fault that fits a call applies."""
        self._control("PUT", "faults", list(faults))

    def recover(self) -> None:
        self._control("DELETE", "faults")

    def reset(self) -> None:
        self._control("PUT", "reset")

    def stop_worker(self, *queues: Queue) -> None:
        """Stop these stages, or all. Jobs wait in their queues."""
        self._control("PUT", "worker", {"running": False, "queues": queues})

    def start_worker(self, *queues: Queue) -> None:
        self._control("PUT", "worker", {"running": True, "queues": queues})

    def slow_worker(self, lag_s: float) -> None:
        """Let each job wait `lag_s` seconds in each queue."""
        self._control("PUT", "worker", {"lag_s": lag_s})

    def lose(
        self, queue: Queue | None = None, *, count: int | None = None, fraction: float | None = None
    ) -> int:
        """Lose the newest jobs of one queue or of all, as a killed Redis does. Returns how many."""
        selection = {"queue": queue, "count": count, "fraction": fraction}
        lost: int = self._control("PUT", "lose", selection).json()["lost"]
        return lost

    def waiting(self) -> dict[Queue, int]:
        """The number of jobs in each queue."""
        waiting: dict[Queue, int] = self._control("GET", "queues").json()
        return waiting

    def wait_for_worker(self, *stopped: Queue) -> None:
        """Wait until every queue is empty, except those of the stopped stages."""
        until = time.monotonic() + PATIENCE_S
        while any(jobs for queue, jobs in self.waiting().items() if queue not in stopped):
            assert time.monotonic() < until, self.waiting()
            time.sleep(0.002)

    def _control(self, method: str, path: str, body: object = None) -> httpx.Response:
        answer = self.http.request(method, f"{self.url}/_control/{path}", json=body)
        return answer.raise_for_status()


def deployment(convoy: Convoy, owner: str) -> dict[str, str]:
    """The environment of an app whose tables are TABLES and whose Convoy is the stand-in."""
    return {
        "CONVOY_API_KEY": API_KEY,
        "CONVOY_APP_ID": owner,
        "CONVOY_PROJECT_ID": PROJECT_ID,
        "CONVOY_BASE_URL": convoy.api,
        **tables.settings(TABLES),
    }


def named_convoy() -> tuple[str, str, str]:
    """API root, key and project of the Convoy in the environment. Skips the test without one."""
    names = ("CONVOY_E2E_URL", "CONVOY_E2E_API_KEY", "CONVOY_E2E_PROJECT_ID")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        pytest.skip(f"needs a Convoy: set {', '.join(missing)}; infra/local/compose.yaml runs one")
    url, api_key, project_id = (os.environ[name] for name in names)
    return url, api_key, project_id
