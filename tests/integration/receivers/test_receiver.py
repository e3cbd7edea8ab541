"""The example receiver: signatures, unknown events, and the order of changes."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import re
import shutil
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app.outbox.outcomes import Accepted
from examples import receiver
from infra.docs.signatures import SECRET, VECTORS
from infra.fake_convoy.signatures import header
from tests.components import make_service
from tests.support import NOW, OWNER, WEBHOOKS, missing, new_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event

Vector = dict[str, Any]
SIGNATURES: list[Vector] = json.loads(VECTORS.read_text())
NAMES = [vector["name"] for vector in SIGNATURES]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("CONVOY_ENDPOINT_SECRET", SECRET)
    with TestClient(receiver.app()) as client:
        yield client


def test_it_fits_on_a_page() -> None:
    with open(receiver.__file__) as source:
        assert len(source.readlines()) < 60


def test_without_a_secret_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVOY_ENDPOINT_SECRET", "")

    with pytest.raises(SystemExit, match="CONVOY_ENDPOINT_SECRET is not set"):
        receiver.app()


@pytest.mark.parametrize("vector", SIGNATURES, ids=NAMES)
def test_it_judges_each_signature_correctly(vector: Vector) -> None:
    body = base64.b64decode(vector["body_base64"])

    assert (
        receiver.verified(vector["secret"], body, vector["header"], vector["now"])
        is vector["valid"]
    )


@pytest.mark.parametrize("vector", SIGNATURES, ids=NAMES)
def test_a_few_lines_of_the_standard_library_judge_the_same(vector: Vector) -> None:
    found = re.fullmatch(r"t=([0-9]{1,11})((?:,v[0-9]+=[0-9a-f]{64})+)", vector["header"])
    valid = False
    if found is not None and abs(vector["now"] - int(found[1])) <= 300:
        signed = found[1].encode() + b"," + base64.b64decode(vector["body_base64"])
        expected = hmac.digest(vector["secret"].encode(), signed, "sha256").hex()
        signatures = [part.partition("=")[2] for part in found[2].split(",")[1:]]
        valid = any(hmac.compare_digest(expected, each) for each in signatures)

    assert valid is vector["valid"]


NODE = """
const { createHmac, timingSafeEqual } = require('node:crypto');
const vectors = JSON.parse(require('node:fs').readFileSync(process.argv[1]));
const valid = ({ secret, header, now, body_base64 }) => {
  const found = /^t=([0-9]{1,11})((?:,v[0-9]+=[0-9a-f]{64})+)$/.exec(header);
  if (!found || Math.abs(now - Number(found[1])) > 300) return false;
  const body = Buffer.from(body_base64, 'base64');
  const expected = createHmac('sha256', secret).update(`${found[1]},`).update(body).digest();
  return found[2].split(',').slice(1)
    .some((each) => timingSafeEqual(Buffer.from(each.split('=')[1], 'hex'), expected));
};
console.log(JSON.stringify(vectors.filter((each) => valid(each) !== each.valid)));
"""


def test_another_language_judges_the_same() -> None:
    node = shutil.which("node")
    if node is None:
        missing("node", "needs Node.js: install it")
    ran = subprocess.run(  # noqa: S603
        [node, "-e", NODE, str(VECTORS)], capture_output=True, text=True, timeout=30, check=True
    )

    assert json.loads(ran.stdout) == []


def post(client: TestClient, body: bytes, signature: str) -> int:
    headers = {"x-convoy-signature": signature, "content-type": "application/json"}
    return client.post("/webhooks", content=body, headers=headers).status_code


def test_it_accepts_only_signed_events(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("time.time", lambda: 1000.0)
    body = json.dumps({"event": "ping", "id": "e1"}).encode()

    assert post(client, body, header(1000, body, SECRET)) == 204
    assert post(client, body, header(1000, body, SECRET)) == 204
    assert post(client, body + b" ", header(1000, body, SECRET)) == 401
    assert client.post("/webhooks", content=body).status_code == 401

    assert capsys.readouterr().out == "ping e1\n"


@pytest.mark.parametrize(
    "body", [b'{"event":"todo.archived"}', b'{"event":"todo.archived","id":"e1","todo":{}}',
             b"[1]", b'"x"', b"null", b"{}"]
)  # fmt: skip
def test_it_ignores_unknown_events(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr("time.time", lambda: 1000.0)

    assert post(client, body, header(1000, body, SECRET)) == 204


def test_it_knows_each_event_of_the_catalogue() -> None:
    assert {event_type.event for event_type in WEBHOOKS.event_types} == receiver.KNOWN


def test_a_late_retrieved_event_does_not_undo_a_change() -> None:
    """`retrieved` has the version that was read. A deletion may have a newer one."""
    received = receiver.Received(set(), {})
    for each in (event(CREATED, 1), event(DELETED, 2)):
        assert received.is_news(each)

    received.is_news(event("todo.retrieved", 1))

    assert received.versions == {("todo", 1): 2}


CREATED, UPDATED, DELETED = "todo.created", "todo.updated", "todo.deleted"


def event(kind: str, version: int) -> dict[str, Any]:
    return {"event": kind, "id": f"{kind} {version}", "todo": {"id": 1, "version": version}}


CLOCKS_APART = timedelta(seconds=120)
"""The difference between the clocks of two instances, which make the changes in turn."""


class Recorder:
    """A publisher that accepts every event, and keeps its payload."""

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []

    def publish(self, event: Event) -> Accepted:
        self.payloads.append(dict(event.data))
        return Accepted()


@pytest.fixture
def history(dynamodb: DynamoDBClient) -> list[dict[str, Any]]:
    """The events of one todo's changes, by two instances whose clocks are 120 s apart."""
    recorder = Recorder()
    ids = new_ids()
    ahead, behind = (
        make_service(dynamodb, recorder, clock=lambda now=now: now, new_event_id=ids)
        for now in (NOW + CLOCKS_APART, NOW)
    )
    ahead.create(OWNER, 1, {"item": "one"})
    behind.update(OWNER, 1, {"item": "two"})
    ahead.delete(OWNER, 1)
    behind.create(OWNER, 1, {"item": "three"})
    ahead.update(OWNER, 1, {"item": "four"})
    behind.delete(OWNER, 1)
    behind.create(OWNER, 1, {"item": "five"})
    return recorder.payloads


def test_the_events_times_have_another_order_than_the_changes(
    history: list[dict[str, Any]],
) -> None:
    """A receiver that orders events by their time must fail the tests below."""
    assert sorted(history, key=lambda each: str(each["occurred_at"])) != history


@pytest.mark.parametrize("length", range(1, 8))
def test_in_any_order_of_arrival_the_last_change_wins(
    history: list[dict[str, Any]], length: int
) -> None:
    assert len(history) == 7
    for order in itertools.permutations(history[:length]):
        received = receiver.Received(set(), {})
        news = [each for each in order if received.is_news(each)]
        assert news[-1] == history[length - 1]


def test_in_their_order_each_change_is_news_once(history: list[dict[str, Any]]) -> None:
    received = receiver.Received(set(), {})

    assert [received.is_news(each) for each in history] == [True] * len(history)
    assert [received.is_news(each) for each in history] == [False] * len(history)
