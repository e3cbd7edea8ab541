"""What tests share: a clock and ids that they hold, the stand-in's other end, odd servers."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_args

import pytest

from app.convoy import publisher as publishing
from app.convoy.api_key import ApiKey
from app.convoy.event_list import ConvoyEvents
from app.convoy.exchange import Exchange
from app.convoy.publisher import ConvoyPublisher
from app.convoy.questions import DEADLINE_S, MAX_ANSWER_BYTES, Questions
from app.domain.resource import Change, ResourceType
from app.domain.service import Service
from app.dynamodb.events_table import EventsTable
from app.dynamodb.outbox_table import OutboxTable
from app.dynamodb.store import DynamoStore
from app.http.webhooks import Webhooks
from app.outbox.attempts import Attempts
from app.outbox.delivery import OutboxDelivery
from app.outbox.relay import Relay
from app.outbox.rows import FAILED
from app.register import RESOURCES
from app.resources.todo import TODO, Todo
from app.settings import Settings
from infra.fake_convoy import application as stand_in
from infra.fake_convoy.deliveries import ENDED
from infra.fake_convoy.project import utc_now
from infra.fake_convoy.resources import PROJECT_ID
from infra.local import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.outbox.outcomes import Publisher
    from app.outbox.rows import Row
    from infra.fake_convoy.queues import Queue

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
TABLES = tables.names("test-")
WEBHOOKS = Webhooks(RESOURCES)
GRACE = timedelta(seconds=60)
RETENTION = timedelta(days=30)
OWNER = "ann"

PATIENCE_S = 60.0
"""Seconds for an answer of a server in the tests' own process, on a machine that is busy."""

Json = dict[str, Any]

TodoService = Service[Todo]
TodoStore = DynamoStore[Todo]
TodoChange = Change[Todo]


def foreign(name: str) -> bool:
    """Whether an environment variable of the person who runs the tests would bend them."""
    ours = {field.upper() for field in Settings.model_fields}
    return name in ours or name.startswith("AWS_") or name.lower().endswith("_proxy")


Part = Literal["java", "node", "chromium", "curl"]


def missing(part: Part, message: str) -> NoReturn:
    """Skip the test, or fail it if `NEEDED=java,node,…` in the environment names the part."""
    needed = set(filter(None, os.environ.get("NEEDED", "").split(",")))
    assert needed <= set(get_args(Part)), f"NEEDED is of {', '.join(get_args(Part))}"
    if part in needed:
        pytest.fail(message)
    pytest.skip(message)


def new_ids() -> Callable[[datetime], str]:
    """`event-1`, `event-2`, …"""
    numbers = count(1)
    return lambda _: f"event-{next(numbers)}"


@dataclass
class Clock:
    """The real time, unless a test puts another `read` in. Aware, in UTC."""

    read: Callable[[], datetime] = utc_now

    def __call__(self) -> datetime:
        return self.read()


@dataclass
class Convoy:
    """The stand-in, from a test's side. It goes by `clock`."""

    url: str
    http: httpx.Client
    clock: Clock = field(default_factory=Clock)

    @property
    def api(self) -> str:
        return f"{self.url}/api"

    def events(self) -> list[Json]:
        events: list[Json] = self.http.get(f"{self.url}/inbox").json()["events"]
        return events

    def payloads(self) -> list[Json]:
        return [event["data"] for event in self.events()]

    @property
    def receiver(self) -> str:
        """Where its own receiver is."""
        return f"{self.url}/receiver"

    def ask(self, method: str, path: str, **about: Any) -> Any:
        """`data` of what its API answers."""
        headers = {"authorization": f"Bearer {stand_in.API_KEY}"}
        url = f"{self.api}/v1/projects/{PROJECT_ID}{path}"
        answer = self.http.request(method, url, headers=headers, **about)
        answer.raise_for_status()
        return answer.json()["data"]

    def endpoint(self, owner: str, url: str = "", *, subscribed: bool = True) -> str:
        """Register an endpoint (by default the stand-in's receiver); gives its id."""
        body = {"name": owner, "url": url or self.receiver, "owner_id": owner}
        made: str = self.ask("POST", "/endpoints", json=body)["uid"]
        if subscribed:
            self.ask("POST", "/subscriptions", json={"name": "all", "endpoint_id": made})
        return made

    def send(self, key: str, owner: str = "ann") -> None:
        event = {"owner_id": owner, "event_type": "created", "data": {"id": key}}
        self.ask("POST", "/events/fanout", json=event | {"idempotency_key": key})

    def deliveries(self, **filters: str) -> list[Json]:
        """Newest first, once all that was begun is over."""
        until = time.monotonic() + 10
        while True:
            found = self.ask("GET", "/eventdeliveries", params={"perPage": 1000})["content"]
            if all(each["status"] in ENDED for each in found):
                break
            assert time.monotonic() < until, found
            time.sleep(0.01)
        page = self.ask("GET", "/eventdeliveries", params={"perPage": 1000, **filters})
        content: list[Json] = page["content"]
        return content

    def let_the_receiver_fail(self, seconds: float = 60) -> None:
        answer = self.http.put(f"{self.url}/inbox/receiver", json={"seconds": seconds})
        answer.raise_for_status()

    def fail(self, **fault: object) -> None:
        """See `infra.fake_convoy.faults.Fault`."""
        self.fail_each(fault)

    def fail_each(self, *faults: Json) -> None:
        """Of several that fit a call, the first is the one that it meets."""
        self._control("PUT", "faults", list(faults))

    def recover(self) -> None:
        self._control("DELETE", "faults")

    def reset(self) -> None:
        self._control("PUT", "reset")

    def stop_worker(self, *queues: Queue) -> None:
        """These stages, or all: what is published, or goes on, waits before them."""
        self._control("PUT", "worker", {"running": False, "queues": queues})

    def start_worker(self, *queues: Queue) -> None:
        self._control("PUT", "worker", {"running": True, "queues": queues})

    def slow_worker(self, lag_s: float) -> None:
        """Each job waits so many seconds in each queue."""
        self._control("PUT", "worker", {"lag_s": lag_s})

    def lose(
        self, queue: Queue | None = None, *, count: int | None = None, fraction: float | None = None
    ) -> int:
        """The newest jobs of a queue, or of each, as a killed Redis does; gives how many."""
        how = {"queue": queue, "count": count, "fraction": fraction}
        lost: int = self._control("PUT", "lose", how).json()["lost"]
        return lost

    def waiting(self) -> dict[Queue, int]:
        """How many jobs are in each queue."""
        waiting: dict[Queue, int] = self._control("GET", "queues").json()
        return waiting

    def wait_for_worker(self, *stopped: Queue) -> None:
        """Until no job is left but those of the stages that are stopped."""
        until = time.monotonic() + 10
        while any(jobs for queue, jobs in self.waiting().items() if queue not in stopped):
            assert time.monotonic() < until, self.waiting()
            time.sleep(0.002)

    def _control(self, method: str, path: str, body: object = None) -> httpx.Response:
        answer = self.http.request(method, f"{self.url}/_control/{path}", json=body)
        return answer.raise_for_status()


def make_publisher(base_url: str, **override: Any) -> ConvoyPublisher:
    """`override` is for the exchange, but for `clock`."""
    clock = override.pop("clock", lambda: NOW)
    settings: Json = {"deadline_s": 10.0, "max_bytes": publishing.MAX_ANSWER_BYTES}
    return ConvoyPublisher(make_exchange(base_url, **settings | override), clock)


def make_questions(base_url: str, **override: Any) -> Questions:
    """What a relay asks Convoy with; its user closes it."""
    return Questions(make_exchange(base_url, **override), lambda: NOW)


def make_exchange(base_url: str, **override: Any) -> Exchange:
    """A relay's, unless `override` says otherwise."""
    settings: Json = {
        "project_id": PROJECT_ID,
        "api_key": ApiKey(stand_in.API_KEY),
        "proxy": None,
        "deadline_s": DEADLINE_S,
        "max_bytes": MAX_ANSWER_BYTES,
    }
    return Exchange(base_url=base_url, **settings | override)


def make_relay(
    client: DynamoDBClient,
    publisher: Publisher,
    questions: Questions,
    clock: Callable[[], datetime],
    **override: Any,
) -> Relay:
    """A relay over `client`'s outbox. Its jitter is at its longest."""
    table, events = make_outbox(client), ConvoyEvents(questions, clock)
    attempts = Attempts(publisher, events, table, clock, lambda: 1.0, GRACE)
    settings: Json = {"attempts": attempts, "events": events, "outbox": table, "clock": clock}
    return Relay(**settings | {"reserve_s": 16.0} | override)


def deployment(convoy: Convoy, owner: str) -> dict[str, str]:
    """The environment of an app whose tables are TABLES and whose Convoy is the stand-in."""
    return {
        "CONVOY_API_KEY": stand_in.API_KEY,
        "CONVOY_APP_ID": owner,
        "CONVOY_PROJECT_ID": PROJECT_ID,
        "CONVOY_BASE_URL": convoy.api,
        **tables.settings(TABLES),
    }


def make_outbox(client: DynamoDBClient) -> OutboxTable:
    return OutboxTable(client, TABLES["OutboxTable"], settle_after=GRACE)


def make_log(client: DynamoDBClient) -> EventsTable:
    return EventsTable(client, TABLES["EventsTable"], retention=RETENTION)


def make_store(
    client: DynamoDBClient,
    sleep: Callable[[float], None] = lambda _: None,
    type: ResourceType[Any] = TODO,  # noqa: A002  # as Service has it
) -> DynamoStore[Any]:
    return DynamoStore(
        client,
        type,
        table=TABLES["ResourcesTable"],
        idempotency_table=TABLES["IdempotencyTable"],
        outbox=make_outbox(client),
        log=make_log(client),
        sleep=sleep,
    )


def make_service(client: DynamoDBClient, publisher: Publisher, **override: Any) -> Service[Any]:
    parts: Json = {
        "type": TODO,
        "store": make_store(client),
        "delivery": OutboxDelivery(publisher, make_outbox(client), lambda: NOW, lambda: 1.0),
        "clock": lambda: NOW,
        "new_event_id": new_ids(),
        "new_id": lambda: 7007,
        "pause": lambda _: None,
    }
    return Service(**parts | override)


def named_convoy() -> tuple[str, str, str]:
    """API root, key and project of the Convoy that the environment names; skips without one."""
    names = ("CONVOY_E2E_URL", "CONVOY_E2E_API_KEY", "CONVOY_E2E_PROJECT_ID")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        pytest.skip(f"needs a Convoy: set {', '.join(missing)}; infra/local/compose.yaml runs one")
    url, api_key, project_id = (os.environ[name] for name in names)
    return url, api_key, project_id


class Outbox:
    """The outbox table, read directly."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def event_ids(self) -> list[str]:
        rows = self._client.scan(TableName=TABLES["OutboxTable"])["Items"]
        return sorted(row["event_id"]["S"] for row in rows)

    def rows(self) -> list[Row]:
        rows = [row for page in make_outbox(self._client).pages() for row in page]
        return sorted(rows, key=lambda row: row.event.id)

    def remove(self, event_id: str) -> None:
        make_outbox(self._client).remove([event_id])

    def redrive_all(self, now: datetime) -> None:
        for row in self.rows():
            if row.state == FAILED:
                assert make_outbox(self._client).redrive(row, now=now)


@contextmanager
def raw_server(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does as `behave` says with each connection; gives its API root."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_connections: list[socket.socket] = []
    ending = threading.Event()

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            open_connections.append(connection)
            if ending.is_set():
                return
            threading.Thread(target=_ignoring_resets, args=(behave, connection)).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    finally:
        ending.set()
        socket.create_connection(listener.getsockname()).close()  # wakes it up, on any system
        thread.join()
        listener.close()
        for connection in open_connections:
            connection.close()


def read_request(connection: socket.socket) -> bytes:
    """One whole request, head and body; empty when the client hung up."""
    request = b""
    while not _complete(request):
        received = connection.recv(65_536)
        if not received:
            return b""
        request += received
    return request


def _complete(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


def _ignoring_resets(behave: Callable[[socket.socket], None], connection: socket.socket) -> None:
    try:
        behave(connection)
    except OSError:
        connection.close()
