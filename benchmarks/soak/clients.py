"""The clients: what they ask for, and what they were told."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

PAUSE_S = 0.2
"""Seconds before a request is sent again that had no answer."""


class Tally:
    """What all clients saw: each answer or error by name, and the event told of under each key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.outcomes: Counter[str] = Counter()
        self.told: dict[str, str] = {}

    def answered(self, key: str, response: httpx.Response) -> None:
        """Raises ValueError if the key's event is not the one that was told of before."""
        with self._lock:
            self.outcomes[str(response.status_code)] += 1
            if response.is_success:
                event_id = response.headers["webhook-id"]
                if self.told.setdefault(key, event_id) != event_id:
                    raise ValueError(f"two changes under {key}: {self.told[key]}, {event_id}")

    def failed(self, error: httpx.TransportError) -> None:
        with self._lock:
            self.outcomes[type(error).__name__] += 1


def client(url: str, until: float, tally: Tally, seed: int) -> None:
    """One request after the other until then, each under a key of its own."""
    chance = random.Random(seed)
    with httpx.Client(base_url=url, timeout=30) as http:
        for number, request in enumerate(requests(http, chance, seed)):
            if time.monotonic() > until:
                return
            request.headers["idempotency-key"] = f"{seed}-{number}"
            ask(http, request, until, tally, chance)


def requests(http: httpx.Client, chance: random.Random, seed: int) -> Iterator[httpx.Request]:
    """Create, update and delete a handful of todos that all clients share, and some of its own."""
    while True:
        todo_id = chance.choice([chance.randrange(10), 1000 + seed])
        body: dict[str, Any] = {"item": f"item {chance.random()}"}
        match chance.choice(["POST", "POST", "PUT", "PUT", "DELETE"]):
            case "POST":
                known = {"id": todo_id} if chance.random() < 0.5 else {}
                yield http.build_request("POST", "/todo", json=body | known)
            case "PUT":
                yield http.build_request("PUT", f"/todo/{todo_id}", json=body)
            case _:
                yield http.build_request("DELETE", f"/todo/{todo_id}")


def ask(
    http: httpx.Client, request: httpx.Request, until: float, tally: Tally, chance: random.Random
) -> None:
    """Send it; once more though it was answered, some; without an answer half give up each time."""
    key = request.headers["idempotency-key"]
    answers_wanted = chance.choice([1, 1, 1, 2])
    while answers_wanted and time.monotonic() < until:
        try:
            tally.answered(key, http.send(request))
            answers_wanted -= 1
        except httpx.TransportError as error:
            tally.failed(error)
            time.sleep(PAUSE_S)
            if chance.random() < 0.5:
                return
