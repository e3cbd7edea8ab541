"""The clients: what they ask for, and what they were answered."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAUSE_S = 0.2
"""Seconds before a request is sent again that had no answer."""


class Tally:
    """What all clients saw: each answer or error by name, and the event of each key's change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.outcomes: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        """`Webhook-Status` of the first answer of each change."""
        self.events: dict[str, str] = {}
        self.accepted: set[str] = set()
        """Events of which Convoy's 201 came within their request."""

    def answered(self, key: str, response: httpx.Response) -> None:
        """Raises ValueError if the key's event is not the one of an answer before."""
        with self._lock:
            self.outcomes[str(response.status_code)] += 1
            if response.is_success:
                event_id, status = (
                    response.headers["webhook-id"],
                    response.headers["webhook-status"],
                )
                if key not in self.events:
                    self.statuses[status] += 1
                    self.accepted |= {event_id} if status == "accepted" else set()
                if self.events.setdefault(key, event_id) != event_id:
                    raise ValueError(f"two changes under {key}: {self.events[key]}, {event_id}")

    def failed(self, error: httpx.TransportError) -> None:
        with self._lock:
            self.outcomes[type(error).__name__] += 1


def client(
    url: str, go_on: Callable[[], bool], tally: Tally, seed: int, pause_s: float = 0.0
) -> None:
    """One request after the other, each under a key of its own. `pause_s`: between two."""
    chance = random.Random(seed)
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
        for number, request in enumerate(requests(http, chance, seed)):
            if not go_on():
                return
            request.headers["idempotency-key"] = f"{seed}-{number}"
            ask(http, request, go_on, tally, chance)
            time.sleep(pause_s * 2 * chance.random())


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
    http: httpx.Client,
    request: httpx.Request,
    go_on: Callable[[], bool],
    tally: Tally,
    chance: random.Random,
) -> None:
    """Send it; once more though it was answered, some; without an answer half give up each time."""
    key = request.headers["idempotency-key"]
    answers_wanted = chance.choice([1, 1, 1, 2])
    while answers_wanted and go_on():
        try:
            tally.answered(key, http.send(request))
            answers_wanted -= 1
        except httpx.TransportError as error:
            tally.failed(error)
            time.sleep(PAUSE_S)
            if chance.random() < 0.5:
                return
