"""Whenever writers commit and readers read, a reader of the log gets each of its events once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.domain.event_ids import uuid7
from app.domain.events import Event
from app.http import application
from tests.components import TodoService, make_event_log
from tests.inputs import inputs
from tests.support import NOW, VISIBLE_AFTER
from tests.tables import make_log

if TYPE_CHECKING:
    from datetime import datetime

    from fastapi import Request
    from mypy_boto3_dynamodb import DynamoDBClient

MS = timedelta(milliseconds=1)
SPAN_MS = 90_000
LONGEST_MS = VISIBLE_AFTER // MS
TYPES = ["created", "updated", "deleted"]

ROUND = st.integers(0, SPAN_MS // LONGEST_MS).map(lambda number: number * LONGEST_MS)
TIMES = ROUND | ROUND | st.integers(0, SPAN_MS)
"""Often round, so that several fall on one millisecond, also on a horizon."""


@dataclass(frozen=True)
class Write:
    """An event that is decided at `at`, in milliseconds, and committed `lasts` later."""

    at: int
    lasts: int
    type: str
    owner: str


@dataclass(frozen=True)
class Read:
    at: int
    limit: int
    owner: str


OWNERS = st.sampled_from(["ann", "bob"])
WRITES = st.builds(
    Write,
    TIMES,
    st.sampled_from([LONGEST_MS, LONGEST_MS - 1, 0]) | st.integers(0, LONGEST_MS),
    st.sampled_from(TYPES),
    OWNERS,
)
READS = st.builds(Read, TIMES, st.sampled_from([1, 2, 100]), OWNERS)
ASKED = st.lists(st.sampled_from(TYPES), max_size=2)


@dataclass
class Reader:
    """Follows `next`, and `until` where there is none."""

    client: TestClient
    owner: str
    types: list[str]
    after: str | None = None
    seen: list[str] = field(default_factory=list)

    def read(self, limit: int) -> bool:
        """Whether there are more before the horizon."""
        params: dict[str, str | int | list[str]] = {"limit": limit, "type": self.types}
        if self.after is not None:
            params["after"] = self.after
        answer = self.client.get("/events", params=params, headers={"owner": self.owner})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        self.seen += [payload["id"] for payload in page["data"]]
        self.after = page.get("next", page["until"])
        return "next" in page


def test_a_reader_gets_each_event_once_however_late_it_commits(
    dynamodb: DynamoDBClient, todo_service: TodoService
) -> None:
    now = NOW
    client = TestClient(
        application.build([todo_service], owner_of, log=make_event_log(dynamodb, lambda: now))
    )
    ids, runs, log = count(), count(), make_log(dynamodb)

    @inputs(50)
    @example(
        writes=[Write(0, LONGEST_MS, "created", "ann")],
        reads=[Read(LONGEST_MS, 1, "ann")],
        types=[],
    )
    @given(writes=st.lists(WRITES, max_size=12), reads=st.lists(READS, max_size=15), types=ASKED)
    def check(writes: list[Write], reads: list[Read], types: list[str]) -> None:
        nonlocal now
        run = next(runs)
        readers = {owner: Reader(client, f"{owner}{run}", types) for owner in ("ann", "bob")}
        expected: dict[str, list[str]] = {"ann": [], "bob": []}
        for at, step in in_order(writes, reads):
            now = NOW + at * MS
            if isinstance(step, Read):
                readers[step.owner].read(step.limit)
            else:
                event = event_of(step, f"{step.owner}{run}", next(ids))
                dynamodb.put_item(**log.put(event))
                if not types or step.type in types:
                    expected[step.owner].append(event.id)

        now = NOW + (SPAN_MS + 2 * LONGEST_MS + 1) * MS
        for owner, reader in readers.items():
            while reader.read(3):
                pass
            assert reader.seen == sorted(expected[owner])

    check()


def owner_of(request: Request) -> str:
    return request.headers["owner"]


def in_order(writes: list[Write], reads: list[Read]) -> list[tuple[int, Write | Read]]:
    """Commits and reads in the order of time. At one time reads come first: the harder case."""
    steps: list[tuple[int, Write | Read]] = [(read.at, read) for read in reads]
    steps += [(write.at + write.lasts, write) for write in writes]
    return sorted(steps, key=lambda step: step[0])


def event_of(write: Write, owner: str, number: int) -> Event:
    at: datetime = NOW + write.at * MS
    event_id = uuid7(at, number)
    return Event(event_id, owner, write.type, at, {"id": event_id})
