"""The failures that the inbox's page starts, and the outbox that it shows: each part heals."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from app.domain.events import envelope
from infra.fake_convoy import application as stand_in
from infra.fake_convoy import server
from infra.fake_convoy.inbox.gauges import OutboxUnreadable
from infra.local.convoy import Outbox
from tests.integration.infra.inbox_stream import TEN_S, messages, new_messages, row, send
from tests.stand_in import Convoy
from tests.support import NOW, PATIENCE_S
from tests.tables import TABLES, make_outbox
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support import JsonObject


def start(convoy: Convoy, what: str, seconds: float) -> None:
    body = {"seconds": seconds}
    convoy.http.put(f"{convoy.url}/inbox/{what}", json=body).raise_for_status()


def lose(convoy: Convoy) -> int:
    lost: int = convoy.http.put(f"{convoy.url}/inbox/queue/lose").json()["lost"]
    return lost


def status(convoy: Convoy) -> int:
    """Of the answer to a publish."""
    with pytest.raises(httpx.HTTPStatusError) as refused:
        send(convoy, "e9")
    return refused.value.response.status_code


def test_convoy_is_down_until_it_is_up_again(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.stop_worker("deliveries")
    send(convoy, "e1")
    start(convoy, "convoy", 60)
    assert (status(convoy), convoy.waiting()["deliveries"]) == (503, 1)

    start(convoy, "convoy", 0)

    assert [each["status"] for each in convoy.deliveries()] == ["Success"]


def test_an_outage_ends_by_itself_while_the_queue_stays_held(convoy: Convoy) -> None:
    with httpx.stream("GET", f"{convoy.url}/inbox/stream", timeout=TEN_S) as answer:
        lines = new_messages(answer)
        start(convoy, "queue", 60)
        start(convoy, "convoy", 0.2)
        down = next(data for _, data in lines if data["down_s"] > 0)
        up = next(data for _, data in lines if data["down_s"] == 0)

    assert down["held_s"] > up["held_s"] > 0
    send(convoy, "e1")
    assert convoy.waiting()["intake"] == 1


def test_the_number_of_queued_jobs_is_sent(convoy: Convoy) -> None:
    with httpx.stream("GET", f"{convoy.url}/inbox/stream", timeout=TEN_S) as answer:
        lines = new_messages(answer)
        start(convoy, "queue", 60)
        send(convoy, "e1")
        assert next(data for _, data in lines if data["queued"] == 1)["held_s"] > 0


def test_what_is_queued_is_lost_and_the_queue_goes_on(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    start(convoy, "queue", 60)
    send(convoy, "e1")

    assert (lose(convoy), lose(convoy)) == (1, 0)

    send(convoy, "e2")
    convoy.deliveries()
    assert [event["idempotency_key"] for event in convoy.events()] == ["e2"]


def test_a_lost_delivery_is_shown_as_lost_at_once(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.stop_worker("deliveries")
    with httpx.stream("GET", f"{convoy.url}/inbox/stream", timeout=TEN_S) as answer:
        events = (data for name, data in new_messages(answer) if name == "event")
        send(convoy, "e1")
        assert next(each for each in events if each["deliveries"])["states"] == ["waiting"]
        lose(convoy)
        assert next(each for each in events if each["states"] != ["waiting"])["states"] == ["lost"]


def test_a_reset_ends_every_failure(convoy: Convoy) -> None:
    for what in ("convoy", "queue"):
        start(convoy, what, 60)
    convoy.reset()
    convoy.endpoint("ann")
    send(convoy, "e1")

    assert [each["status"] for each in convoy.deliveries()] == ["Success"]


@pytest.mark.parametrize("what", ["receiver", "convoy", "queue"])
@pytest.mark.parametrize("seconds", [-1, 601, "5", None, float("1e300"), True])
def test_an_impossible_time_to_fail_is_refused(convoy: Convoy, what: str, seconds: object) -> None:
    answer = convoy.http.put(f"{convoy.url}/inbox/{what}", json={"seconds": seconds})

    assert answer.status_code == 400
    assert answer.json()["message"] == "seconds must be a number from 0 to 600"


# ---- the outbox


def outboxes(answer: httpx.Response) -> Iterator[JsonObject]:
    return (data for name, data in messages(answer) if name == "outbox")


def test_each_row_is_shown_with_what_convoy_has_of_it() -> None:
    keys = ["handled", "stuck", "lost", "waiting", "none"]
    rows = [row(key) for key in keys]
    app = stand_in.build(read_outbox=lambda: rows)
    with server.running(app) as url, httpx.Client(timeout=PATIENCE_S) as http:
        convoy = Convoy(url, http)
        convoy.endpoint("ann")
        send(convoy, "handled")
        convoy.deliveries()
        convoy.stop_worker("matching")
        send(convoy, "stuck")
        lose(convoy)
        convoy.stop_worker("intake")
        send(convoy, "lost")
        lose(convoy)
        convoy.stop_worker("intake")
        send(convoy, "waiting")

        with http.stream("GET", f"{url}/inbox/stream") as answer:
            shown = next(outboxes(answer))

    assert [each["in_convoy"] for each in shown["rows"]] == keys
    assert (shown["total"], shown["problem"]) == (5, None)
    assert {each["due_in_s"] < 0 for each in shown["rows"]} == {True}


def test_an_outbox_out_of_reach_is_a_sentence_until_it_is_read_again() -> None:
    answers: list[list[JsonObject]] = []

    def read() -> list[JsonObject]:
        if not answers:
            raise OutboxUnreadable("DynamoDB did not answer.")
        return answers[0]

    with (
        server.running(stand_in.build(read_outbox=read)) as url,
        httpx.stream("GET", f"{url}/inbox/stream", timeout=PATIENCE_S) as answer,
    ):
        lines = outboxes(answer)
        lost = next(lines)
        answers.append([row("e1", due_at=None, state="unreadable")])
        found = next(lines)

    assert lost == {"rows": [], "total": 0, "problem": "DynamoDB did not answer."}
    assert (found["problem"], found["rows"][0]["due_in_s"]) == (None, None)


def test_the_rows_of_the_table_are_read(dynamodb: DynamoDBClient) -> None:
    todo = Todo("ann", 7, "Read it")
    event = envelope(
        TODO.events.created, event_id="e1", owner="ann", now=NOW, todo=TODO.public(todo)
    )
    make_outbox(dynamodb).restore(event, now=NOW)
    dynamodb.put_item(TableName=TABLES["OutboxTable"], Item={"event_id": {"S": "damaged"}})

    damaged, whole = Outbox(make_outbox(dynamodb))()

    assert (damaged["state"], damaged["key"]) == ("unreadable", "damaged")
    assert "can't be read" in damaged["reason"]
    assert whole == row("e1", data=event.data, due_at=whole["due_at"])
    assert time.strptime(whole["due_at"][:19], "%Y-%m-%dT%H:%M:%S")


def test_a_missing_table_is_a_sentence(moto: DynamoDBClient) -> None:
    with pytest.raises(OutboxUnreadable, match="DynamoDB"):
        Outbox(make_outbox(moto))()
