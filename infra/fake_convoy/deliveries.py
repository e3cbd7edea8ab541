"""A delivery as Convoy shows it; an attempt to deliver, signed and recorded."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from infra.fake_convoy import signatures
from infra.fake_convoy.answers import compact
from infra.fake_convoy.endpoints import signing_secrets
from infra.fake_convoy.ids import uid
from infra.fake_convoy.project import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from infra.fake_convoy.project import JsonObject, Project

SCHEDULED, PROCESSING, RETRY = "Scheduled", "Processing", "Retry"
SUCCESS, FAILURE, DISCARDED = "Success", "Failure", "Discarded"

ENDED = {SUCCESS, FAILURE, DISCARDED}

SIGNATURE, KEY = "X-Convoy-Signature", "X-Convoy-Idempotency-Key"

TIMEOUT_S = 10.0
"""Seconds that an endpoint has for its answer, as in Convoy without a licence."""

AT_ONCE = 20
"""Attempts at the same time."""

_OF_ENDPOINT = ("uid", "name", "url", "owner_id", "status", "deleted_at")
_OF_EVENT = ("uid", "event_type", "created_at")
_METADATA = ("strategy", "interval_seconds", "retry_limit", "num_trials", "next_send_time")
_OF_EVENT_IN_METADATA = ("data", "raw")


@dataclass(frozen=True, slots=True)
class Backoff:
    """`interval_s` before the first retry, twice as long before the next, …; `limit` attempts.

    Convoy's default is ten attempts, 100 s apart, with up to 5 s of jitter. Here is no jitter.
    """

    interval_s: float = 1.0
    limit: int = 8

    def pause_s(self, attempts: int) -> float:
        return self.interval_s * 2.0 ** (attempts - 1)


def new_delivery(event: JsonObject, endpoint: JsonObject, backoff: Backoff, at: str) -> JsonObject:
    return {
        "uid": uid(),
        "event_id": event["uid"],
        "endpoint_id": endpoint["uid"],
        "event_type": event["event_type"],
        "idempotency_key": event["idempotency_key"],
        "headers": event["headers"],
        # A paused or disabled endpoint does not get the event, not even later.
        "status": SCHEDULED if endpoint["status"] == "active" else DISCARDED,
        "description": "",
        "strategy": "exponential",
        "interval_seconds": backoff.interval_s,
        "retry_limit": backoff.limit,
        "num_trials": 0,
        "next_send_time": at,
        "created_at": at,
        "updated_at": at,
    }


def shown_delivery(project: Project, delivery: JsonObject) -> JsonObject:
    """A delivery as Convoy's API shows it, with its event's payload."""
    event, endpoint = (
        project.events[delivery["event_id"]],
        project.endpoints[delivery["endpoint_id"]],
    )
    plain = {name: value for name, value in delivery.items() if name not in _METADATA}
    if not plain["description"]:
        del plain["description"]
    metadata = {name: delivery[name] for name in _METADATA}
    return plain | {
        "delivery_mode": "at_least_once",
        "endpoint_metadata": {name: endpoint[name] for name in _OF_ENDPOINT},
        "event_metadata": {name: event[name] for name in _OF_EVENT},
        "metadata": metadata | {name: event[name] for name in _OF_EVENT_IN_METADATA},
    }


@dataclass(frozen=True)
class Dispatcher:
    """`http` sends; `clock` is aware, UTC; an endpoint has `timeout_s` for its answer."""

    http: httpx.AsyncClient
    clock: Callable[[], datetime]
    timeout_s: float = TIMEOUT_S
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def attempt(
        self, delivery: JsonObject, event: JsonObject, endpoint: JsonObject
    ) -> JsonObject:
        """Make one attempt, and give it. It has a `status` if the endpoint answered with a 2xx."""
        body = event["raw"].encode()
        headers = httpx.Headers(
            [(name, value) for name, values in delivery["headers"].items() for value in values],
            encoding="utf-8",
        )
        headers["User-Agent"] = "Convoy/local"
        headers["Content-Type"] = "application/json"
        headers[SIGNATURE] = _signature(endpoint, body, self.clock())
        if delivery["idempotency_key"]:
            headers[KEY] = delivery["idempotency_key"]
        attempt = {
            "uid": uid(),
            "msg_id": delivery["uid"],
            "url": endpoint["url"],
            "method": "POST",
            "request_http_header": {name.title(): value for name, value in headers.items()},
            "requested_at": shown(self.clock()),
        }
        return attempt | await self._post(endpoint["url"], body, headers)

    async def _post(self, url: str, body: bytes, headers: httpx.Headers) -> JsonObject:
        try:
            # The time of an attempt begins with its turn, not while others hold the endpoint up.
            async with self.turns, asyncio.timeout(self.timeout_s):
                answer = await self.http.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # of the URL
            return {"error": f"{type(error).__name__}: {error}"}
        except TimeoutError:
            return {"error": f"no answer within {self.timeout_s:.0f} s"}
        if answer.headers.get("content-encoding") == "gzip" and not answer.num_bytes_downloaded:
            return {}  # Convoy fails to unpack nothing, and keeps neither a status nor an error
        # Convoy leaves out what is false.
        arrived = {"status": True} if answer.is_success else {}
        return arrived | {
            "http_status": f"{answer.status_code} {answer.reason_phrase}",
            "response_http_header": dict(answer.headers),
            # Not `text`, which fails with some encodings that an answer can name.
            "response_data": answer.content.decode(errors="replace"),
            "responded_at": shown(self.clock()),
        }


def storable(raw: str) -> bool:
    """Whether Convoy can store it in a delivery, which holds neither U+0000 nor lone surrogates."""
    escapes = re.findall(r"\\(u[0-9a-fA-F]{4}|.)", raw)
    text = json.dumps(json.loads(raw), ensure_ascii=False)
    return "u0000" not in escapes and not any("\ud800" <= char <= "\udfff" for char in text)


def _signature(endpoint: JsonObject, body: bytes, at: datetime) -> str:
    # Convoy signs the compact form, yet sends the white space: the signature does not verify then.
    body = compact(body.decode()).encode()
    secrets = signing_secrets(endpoint, at)
    if endpoint["advanced_signatures"]:
        return signatures.header(int(at.timestamp()), body, *secrets)
    return signatures.simple(secrets[-1], body)
