"""A damaged row is read or reported, and causes no other error."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.event_ids import uuid7
from app.domain.idempotency import Claim
from app.domain.ports import StoreError
from app.dynamodb.resource_table import TOMBSTONE_EXPIRY
from app.outbox.rows import FAILED, WAITING, UnreadableRow
from tests.inputs import inputs
from tests.support import NOW
from tests.tables import make_log, make_outbox, make_store
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event
    from app.domain.ports import EventPage, UnreadableEvent
    from app.dynamodb.events_table import EventsTable

    Item = dict[str, Any]

T = TypeVar("T")

CHANGE = TODO.create(Todo("ann", 1, "one"), now=NOW, event_id=uuid7(NOW, 1))
CLAIM = Claim("ann", "key", "fingerprint", NOW)


class OneRow:
    """DynamoDB with one row."""

    def __init__(self, item: Item) -> None:
        self._item = item

    def get_item(self, **_: object) -> dict[str, Any]:
        return {"Item": self._item}

    def scan(self, **_: object) -> dict[str, Any]:
        return {"Items": [self._item]}

    query = scan

    def transact_get_items(self, TransactItems: list[Any]) -> dict[str, Any]:  # noqa: N803
        keys = [each["Get"]["Key"] for each in TransactItems]
        return {"Responses": [{"Item": self._item} if self._is_at(key) else {} for key in keys]}

    def _is_at(self, key: Item) -> bool:
        return key.items() <= self._item.items()


def client(item: Item) -> DynamoDBClient:
    return cast("DynamoDBClient", OneRow(item))


class RecordingWrites:
    """Records the items that a commit puts."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def transact_write_items(self, TransactItems: list[Any], **_: object) -> None:  # noqa: N803
        self.items = [each["Put"]["Item"] for each in TransactItems if "Put" in each]


def written() -> list[Item]:
    """The rows of the log, the outbox, the todo and the key."""
    recording = RecordingWrites()
    make_store(cast("DynamoDBClient", recording)).commit(CHANGE, CLAIM)
    return recording.items


LOG, OUTBOX, RESOURCE, RECORD = written()
TOMBSTONE: Item = {
    "kind/owner": {"S": "todo/ann"},
    "id": {"N": "-2"},
    "version": {"N": "2"},
    TOMBSTONE_EXPIRY: {"N": "1"},
}

NUMBERS = st.one_of(
    st.integers(-(10**38), 10**38).map(str),
    st.sampled_from(["0.5", "-0", "1E+125", "1E-130", "1795521600123456789", "9" * 38, "NaN"]),
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
DEEP = st.tuples(st.sampled_from(["[", '{"a":']), st.sampled_from([31, 100, 900, 2_000])).map(
    lambda deep: deep[0] * deep[1] + "1" + {"[": "]"}.get(deep[0], "}") * deep[1]
)
TEXTS = st.one_of(
    st.text(),
    JSON_VALUES.map(json.dumps),
    DEEP,
    DEEP.map('{{"todo": {}}}'.format),
    st.sampled_from(['{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', '{"a": %s}' % ("9" * 5000)]),
)
ATTRIBUTES = st.one_of(
    NUMBERS.map(lambda number: {"N": number}),
    TEXTS.map(lambda text: {"S": text}),
    st.sampled_from([{"BOOL": True}, {"NULL": True}, {"L": []}, {"M": {}}, {"B": b"\0"}]),
    st.sampled_from([{"SS": ["a"]}, {"NS": ["1"]}]),
)


@st.composite
def damaged(draw: st.DrawFn, good: Item, *keys: str) -> Item:
    """The row with some attributes replaced and some removed, except its keys."""
    names = sorted(good.keys() - {*keys})
    changed = draw(st.dictionaries(st.sampled_from(names), ATTRIBUTES | st.none(), min_size=1))
    return {name: value for name, value in (good | changed).items() if value is not None}


def assert_can_be_published(event: Event) -> None:
    json.dumps(event.data, ensure_ascii=False, allow_nan=False).encode()
    assert isinstance(event.data, dict)
    assert datetime.min.replace(tzinfo=UTC) <= event.occurred_at


def with_data(row: Item, text: str) -> Item:
    return row | {"data": {"S": text}}


@inputs(80)
@given(damaged(OUTBOX, "event_id"))
@example(OUTBOX | {"due_at": {"N": "1795521600123456789"}})
@example(OUTBOX | {"state": {"S": "lost"}})
@example(with_data(OUTBOX, "[" * 100_000))
@example(with_data(OUTBOX, '["no object"]'))
@example(with_data(OUTBOX, '{"a":' * 900 + "1" + "}" * 900))
@example(with_data(OUTBOX, '{"a": 1e999}'))
@example(with_data(OUTBOX, '{"a": "\\ud800"}'))
def test_a_row_of_the_outbox_is_read_or_reported(item: Item) -> None:
    reported: list[UnreadableRow] = []
    table = make_outbox(client(item))

    (rows,) = table.pages(reported.append)

    assert len(rows) + len(reported) == 1
    if reported:
        assert reported[0].event_id == CHANGE.event.id
        with pytest.raises(UnreadableRow):
            table.get(CHANGE.event.id)
    for row in rows:
        assert_can_be_published(row.event)
        assert row.state in {WAITING, FAILED}
        assert row.due_at.tzinfo is UTC


@inputs(80)
@given(damaged(LOG, "owner", "event_id"))
@example(with_data(LOG, "null"))
def test_a_row_of_the_log_is_read_or_reported(item: Item) -> None:
    reported: list[UnreadableEvent] = []

    log = make_log(client(item))

    (events,) = log.since(NOW, now=NOW, unreadable=reported.append)

    assert len(events) + len(reported) == 1
    for event in events:
        assert_can_be_published(event)
    page = read_or_none(lambda: page_of(log), f"event {CHANGE.event.id} of the log can't be read: ")
    assert (list(page.found) if page else []) == events


def page_of(log: EventsTable) -> EventPage:
    return log.page("ann", first="", last="~", types=(), limit=1, now=NOW)


@inputs(80)
@given(damaged(RESOURCE, "kind/owner", "id"))
def test_a_row_of_a_todo_is_read_or_reported(item: Item) -> None:
    store = make_store(client(item))

    page = read_or_none(
        lambda: store.page("ann", limit=1, after=None), "todo 1 of ann can't be read: "
    )
    single = read_or_none(lambda: store.read("ann", 1), "todo 1 of ann can't be read: ")

    assert (page is None) == (single is None)
    if page and single:
        (todo,) = page.found
        assert todo == single.resource
        types = (type(todo.item), type(todo.completed), type(todo.version))
        assert types == (str, bool, int)


@inputs(80)
@given(damaged(TOMBSTONE, "kind/owner", "id"))
def test_a_tombstone_is_read_or_reported(item: Item) -> None:
    store = make_store(client(item))

    found = read_or_none(lambda: store.read("ann", 1, freed=True), "todo -2 of ann can't be read: ")

    assert found is None or type(found.freed) is int


@inputs(80)
@given(damaged(RECORD, "owner", "key"))
def test_the_record_of_a_key_is_read_or_reported(item: Item) -> None:
    store = make_store(client(item))

    found = read_or_none(
        lambda: store.read("bob", 1, CLAIM._replace(owner="ann")),
        "the record of idempotency key key of ann can't be read: ",
    )

    if found and found.record:
        record = found.record
        types = [type(each) for each in (record.fingerprint, record.id, record.version)]
        assert types == [str, int, int]


def read_or_none(read: Callable[[], T], problem: str) -> T | None:
    """None: the row can't be read, and the error names the row."""
    try:
        return read()
    except StoreError as error:
        named = str(error).startswith(problem)
    assert named
    return None


def test_an_error_does_not_show_a_todos_text() -> None:
    for row in (with_data(OUTBOX, '{"a": "secret \\ud800"}'), with_data(OUTBOX, '{"secret"')):
        with pytest.raises(UnreadableRow) as raised:
            make_outbox(client(row)).get("e1")

        assert "secret" not in str(raised.value)
