"""The clients: their requests, and the answers that they got."""

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
"""Seconds before a request without an answer is sent again."""


class Answers:
    """The answers to all clients, counted by status or error, and the event of each key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.outcomes: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        """`Webhook-Status` of the first answer to each change."""
        self.events: dict[str, str] = {}
        """The event of each Idempotency-Key."""
        self.accepted: set[str] = set()
        """Events that Convoy accepted, with a 201, during their request."""

    def add(self, key: str, response: httpx.Response) -> None:
        """Raises ValueError if an earlier answer under this key had another event."""
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

    def add_failure(self, error: httpx.TransportError) -> None:
        with self._lock:
            self.outcomes[type(error).__name__] += 1


def client(
    url: str, go_on: Callable[[], bool], answers: Answers, seed: int, pause_s: float = 0.0
) -> None:
    """Send requests one after the other, each under a new key, about `pause_s` seconds apart."""
    chance = random.Random(seed)
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
        for number, request in enumerate(requests(http, chance, seed)):
            if not go_on():
                return
            request.headers["idempotency-key"] = f"{seed}-{number}"
            ask(http, request, go_on, answers, chance)
            time.sleep(pause_s * 2 * chance.random())


def requests(http: httpx.Client, chance: random.Random, seed: int) -> Iterator[httpx.Request]:
    """Create, update, delete: ten todos that all clients share, and some of the client's own."""
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
    answers: Answers,
    chance: random.Random,
) -> None:
    """Send a request. A quarter are sent again after the answer; without one, half give up."""
    key = request.headers["idempotency-key"]
    answers_wanted = chance.choice([1, 1, 1, 2])
    while answers_wanted and go_on():
        try:
            answers.add(key, http.send(request))
            answers_wanted -= 1
        except httpx.TransportError as error:
            answers.add_failure(error)
            time.sleep(PAUSE_S)
            if chance.random() < 0.5:
                return
