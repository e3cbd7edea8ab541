"""Delivers events to endpoints as Convoy's agent does: signed, recorded, and retried."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx

from infra.fake_convoy import signatures
from infra.fake_convoy.answers import compact
from infra.fake_convoy.project import told, uid, utc_now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from infra.fake_convoy.project import Json, Project

log = logging.getLogger(__name__)

SCHEDULED, PROCESSING, RETRY = "Scheduled", "Processing", "Retry"
SUCCESS, FAILURE = "Success", "Failure"

SIGNATURE, KEY = "X-Convoy-Signature", "X-Convoy-Idempotency-Key"

TIMEOUT_S = 10.0
"""Seconds that an endpoint has to answer in, as in Convoy without a licence."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before the first retry, twice that before the next, …; attempts in all.

    Convoy's own default is ten attempts, 100 s apart. It adds up to 5 s by chance to spread
    them; here there is nothing to spread.
    """

    interval_s: float = 1.0
    limit: int = 8

    def pause_s(self, attempts: int) -> float:
        return self.interval_s * 2.0 ** (attempts - 1)


class Courier:
    """`http` sends; `sleep` waits, in seconds; `clock` is aware, UTC.

    All of it runs on the loop that it is called from.
    """

    def __init__(
        self,
        project: Project,
        http: httpx.AsyncClient,
        backoff: Backoff,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._project = project
        self._http = http
        self._backoff = backoff
        self._sleep = sleep
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()

    def fan_out(self, event: Json) -> None:
        """Begin a delivery to each endpoint that the event is for."""
        if not storable(event["raw"]):
            return  # as Convoy does: it has answered 201, and can't keep it
        for endpoint in self._project.subscribed(event):
            delivery = self._delivery(event, endpoint)
            self._project.deliver(delivery)
            self.send(delivery)

    def send(self, delivery: Json) -> None:
        """Begin its attempts: the first ones, or once more after the last."""
        self._note(delivery, SCHEDULED)
        task = asyncio.create_task(self._deliver(delivery))
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a delivery ended", exc_info=error)

    def stop(self) -> None:
        """Leave what is under way as it is."""
        for task in self._under_way:
            task.cancel()

    async def finished(self) -> None:
        """Until nothing is under way."""
        await asyncio.gather(*self._under_way)

    def _delivery(self, event: Json, endpoint: Json) -> Json:
        shown = [name for name in ("uid", "name", "url", "owner_id", "status") if name in endpoint]
        return {
            "uid": uid(),
            "event_id": event["uid"],
            "endpoint_id": endpoint["uid"],
            "endpoint_metadata": {name: endpoint[name] for name in shown},
            "event_type": event["event_type"],
            "idempotency_key": event["idempotency_key"],
            "headers": event["headers"],
            "status": SCHEDULED,
            "description": "",
            "metadata": {
                "data": event["data"],
                "raw": event["raw"],
                "strategy": "exponential",
                "interval_seconds": self._backoff.interval_s,
                "retry_limit": self._backoff.limit,
                "num_trials": 0,
                "next_send_time": self._now(),
            },
            "created_at": self._now(),
        }

    async def _deliver(self, delivery: Json) -> None:
        metadata = delivery["metadata"]
        while True:
            self._note(delivery, PROCESSING)
            arrived = await self._attempt(delivery)
            metadata["num_trials"] += 1
            if arrived:
                self._note(delivery, SUCCESS)
                return
            if metadata["num_trials"] >= metadata["retry_limit"]:
                self._note(delivery, FAILURE, "Retry limit exceeded")
                return
            pause_s = self._backoff.pause_s(metadata["num_trials"])
            metadata["next_send_time"] = self._now(pause_s)
            self._note(delivery, RETRY)
            await self._sleep(pause_s)

    def _now(self, later_s: float = 0) -> str:
        return told(self._clock() + timedelta(seconds=later_s))

    def _note(self, delivery: Json, status: str, description: str = "") -> None:
        delivery.update(status=status, description=description, updated_at=self._now())
        self._project.feed.event(self._project.events[delivery["event_id"]])

    async def _attempt(self, delivery: Json) -> bool:
        """Whether the endpoint answered with a 2xx."""
        endpoint = self._project.endpoints[delivery["endpoint_id"]]
        body = delivery["metadata"]["raw"].encode()
        headers = httpx.Headers(
            [(name, value) for name, values in delivery["headers"].items() for value in values],
            encoding="utf-8",
        )
        headers["User-Agent"] = "Convoy/local"
        headers["Content-Type"] = "application/json"
        headers[SIGNATURE] = _signature(endpoint, body, int(self._clock().timestamp()))
        if delivery["idempotency_key"]:
            headers[KEY] = delivery["idempotency_key"]
        attempt = {
            "uid": uid(),
            "msg_id": delivery["uid"],
            "url": endpoint["url"],
            "method": "POST",
            "request_http_header": {name.title(): value for name, value in headers.items()},
            "requested_at": self._now(),
        }
        attempt |= await self._post(endpoint["url"], body, headers)
        self._project.attempts_of[delivery["uid"]].append(attempt)
        return "status" in attempt

    async def _post(self, url: str, body: bytes, headers: httpx.Headers) -> Json:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._http.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return {"error": f"{type(error).__name__}: {error}"}
        except TimeoutError:
            return {"error": f"no answer within {TIMEOUT_S:.0f} s"}
        # Convoy leaves out what is false.
        arrived = {"status": True} if answer.is_success else {}
        return arrived | {
            "http_status": f"{answer.status_code} {answer.reason_phrase}",
            "response_http_header": dict(answer.headers),
            "response_data": answer.text,
            "responded_at": self._now(),
        }


def storable(raw: str) -> bool:
    """Whether Convoy's database keeps it: it has no place for U+0000, nor for half a character."""
    escapes = re.findall(r"\\(u[0-9a-fA-F]{4}|.)", raw)
    text = json.dumps(json.loads(raw), ensure_ascii=False)
    return "u0000" not in escapes and not any("\ud800" <= char <= "\udfff" for char in text)


def _signature(endpoint: Json, body: bytes, at: int) -> str:
    # Convoy signs the compact form, whatever it sends: white space breaks the signature.
    body = compact(body.decode()).encode()
    secrets = [secret["value"] for secret in endpoint["secrets"]]
    if endpoint["advanced_signatures"]:
        return signatures.header(at, body, *secrets)
    return signatures.simple(secrets[-1], body)
