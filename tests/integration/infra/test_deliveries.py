"""The stand-in's deliveries: their endpoints, signatures and attempts."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from examples.receiver import verified
from infra.fake_convoy.deliveries import TIMEOUT_S, Backoff, shown_delivery
from infra.fake_convoy.endpoints import new_endpoint, new_secret
from infra.fake_convoy.project import Project, shown
from infra.fake_convoy.worker import Worker
from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.support import JsonObject

    Answer = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]

SECRET = "a-secret"  # noqa: S105
MESSAGE = {"owner_id": "ann", "event_type": "created", "data": {"x": "ß"}, "idempotency_key": "k"}


def endpoint(uid: str, *, owner: str = "ann", **about: Any) -> JsonObject:
    body = {"name": uid, "url": f"http://receiver/{uid}", "owner_id": owner, "secret": SECRET}
    return new_endpoint(body, shown(NOW)) | {"uid": uid} | about


class DeliveryWorld:
    """A project with endpoints, which answer with `answers`, and then always with the last one.

    A pause ends at once, and moves the clock.
    """

    def __init__(self, *endpoints: JsonObject, answers: tuple[int, ...] = (204,)) -> None:
        self.project = Project(endpoints={each["uid"]: each for each in endpoints})
        for each in endpoints:
            self.project.subscribe(each["uid"], "all")
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        self.now = NOW
        self.timeout_s = TIMEOUT_S
        self._answers = list(answers)

    def event(self, message: JsonObject = MESSAGE, raw: str = "") -> JsonObject:
        """An event as it is published: in compact JSON, or with the text `raw`."""
        compact = json.dumps(message["data"], ensure_ascii=False, separators=(",", ":"))
        headers = message.get("custom_headers", {}).items()
        return message | {
            "uid": f"event-of-{message['idempotency_key']}",
            "endpoints": self.project.endpoints_of(message["owner_id"]),
            "headers": {name: [value] for name, value in headers},
            "raw": raw or compact,
        }

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return httpx.Response(status)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)

    def run(
        self, act: Callable[[Worker], object], limit: int = 8, answer: Answer | None = None
    ) -> None:
        async def go() -> None:
            transport = httpx.MockTransport(answer or self.answer)
            async with httpx.AsyncClient(transport=transport) as http:
                backoff = Backoff(1, limit)
                worker = Worker(
                    self.project,
                    http,
                    backoff,
                    sleep=self.sleep,
                    clock=lambda: self.now,
                    timeout_s=self.timeout_s,
                )
                act(worker)
                await worker.queues.finished()

        asyncio.run(go())

    def send(
        self, message: JsonObject = MESSAGE, limit: int = 8, answer: Answer | None = None
    ) -> JsonObject:
        """Publish an event; gives its only delivery."""
        event = self.event(message)
        self.run(lambda worker: worker.publish(event), limit, answer)
        return self.delivery()

    def delivery(self) -> JsonObject:
        (delivery,) = self.project.deliveries.values()
        return shown_delivery(self.project, delivery)

    def attempts(self, delivery: JsonObject) -> list[JsonObject]:
        return self.project.attempts_of[delivery["uid"]]


def test_an_event_goes_only_to_the_subscribed_endpoints_of_its_owner() -> None:
    world = DeliveryWorld(endpoint("a"), endpoint("b"), endpoint("bob's", owner="bob"))
    world.project.endpoints["silent"] = endpoint("silent")

    event = world.event()
    world.run(lambda worker: worker.publish(event))

    assert sorted(request.url.path for request in world.requests) == ["/a", "/b"]
    assert {each["status"] for each in world.project.deliveries.values()} == {"Success"}


@pytest.mark.parametrize(
    "charset", ["hex", "rot13", "idna", "undefined", "utf-16", "unicode_escape", "utf-8", "none"]
)
def test_an_answer_may_name_an_encoding_that_does_not_fit(charset: str) -> None:
    world = DeliveryWorld(endpoint("a"))
    headers = {"content-type": f"text/plain; charset={charset}"}

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, content=b"\\ud800 \xff")

    delivery = world.send(answer=answer)

    assert delivery["status"] == "Success"
    assert [each["response_data"] for each in world.attempts(delivery)] == ["\\ud800 \ufffd"]


@pytest.mark.parametrize("url", ["https://xn--/", "https://xn--ls8h.la/", "https://[::1/", "x:/"])
def test_a_url_that_cannot_be_asked_is_a_failed_attempt(url: str) -> None:
    world = DeliveryWorld(endpoint("a") | {"url": url})

    delivery = world.send(limit=1)

    assert delivery["status"] == "Failure"
    assert all(each["error"] for each in world.attempts(delivery))


def test_a_delivery_has_a_valid_signature_its_key_and_the_custom_headers() -> None:
    world = DeliveryWorld(endpoint("a"))
    wanted = {"X-Mine": "ä", "x-convoy-signature": "forged"}

    world.send(MESSAGE | {"custom_headers": wanted})

    (request,) = world.requests
    assert request.content == '{"x":"ß"}'.encode()
    assert request.headers["x-convoy-idempotency-key"] == "k"
    assert request.headers["content-type"] == "application/json"
    assert [value for name, value in request.headers.raw if name == b"X-Mine"] == ["ä".encode()]
    (signature,) = request.headers.get_list("x-convoy-signature")
    assert verified(SECRET, request.content, signature, NOW.timestamp())


def test_an_endpoint_whose_secret_is_rolled_gets_a_signature_by_each() -> None:
    rolled = [new_secret({"secret": each}, shown(NOW)) for each in ("old", SECRET)]
    world = DeliveryWorld(endpoint("a", secrets=rolled))

    world.send()

    signature = world.requests[0].headers["x-convoy-signature"]
    for secret in ("old", SECRET):
        assert verified(secret, world.requests[0].content, signature, NOW.timestamp())


def test_an_endpoint_may_have_simple_signatures() -> None:
    world = DeliveryWorld(endpoint("a", advanced_signatures=False))

    world.send()

    signature = world.requests[0].headers["x-convoy-signature"]
    assert signature == "4a27507dc7ff8666e93a32a5d339be6817a263def6013ae1d86020e5cfbf7b02"


def test_each_retry_waits_twice_as_long_and_has_a_new_signature() -> None:
    world = DeliveryWorld(endpoint("a"), answers=(500, 503, 429, 204))

    delivery = world.send()

    assert world.pauses == [1, 2, 4]
    assert (delivery["status"], delivery["metadata"]["num_trials"]) == ("Success", 4)
    signed = [request.headers["x-convoy-signature"].split(",")[0] for request in world.requests]
    times = [int(NOW.timestamp()) + later for later in (0, 1, 3, 7)]
    assert signed == [f"t={at}" for at in times]
    answers = [attempt["http_status"] for attempt in world.attempts(delivery)]
    assert answers == [
        "500 Internal Server Error", "503 Service Unavailable", "429 Too Many Requests",
        "204 No Content",
    ]  # fmt: skip


def test_a_waiting_delivery_shows_the_time_of_its_next_attempt() -> None:
    world = DeliveryWorld(endpoint("a"), answers=(500, 204))
    seen: list[tuple[str, str]] = []
    sleep = world.sleep

    async def look(seconds: float) -> None:
        delivery = world.delivery()
        seen.append((delivery["status"], delivery["metadata"]["next_send_time"]))
        await sleep(seconds)

    world.sleep = look  # type: ignore[method-assign]
    world.send()

    assert seen == [("Retry", "2026-11-24T12:00:01.123456Z")]


def test_a_resend_after_the_last_attempt_is_one_more_attempt() -> None:
    world = DeliveryWorld(endpoint("a"), answers=(500,))

    delivery = world.send(limit=3)
    assert (delivery["status"], delivery["description"]) == ("Failure", "Retry limit exceeded")
    assert len(world.requests) == 3

    world.run(lambda worker: worker.send(world.project.deliveries[delivery["uid"]]), limit=3)
    assert (world.delivery()["status"], len(world.requests)) == ("Failure", 4)


def test_a_refused_connection_is_the_error_of_the_attempt() -> None:
    async def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused", request=request)

    world = DeliveryWorld(endpoint("a"))
    delivery = world.send(limit=1, answer=refuse)

    (attempt,) = world.attempts(delivery)
    assert attempt["error"] == "ConnectError: Connection refused"
    assert "status" not in attempt


def test_an_attempt_without_an_answer_ends_after_its_timeout() -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    world = DeliveryWorld(endpoint("a"))
    world.timeout_s = 0.01
    delivery = world.send(limit=1, answer=hang)

    (attempt,) = world.attempts(delivery)
    assert attempt["error"] == "no answer within 0 s"


def test_a_stopped_delivery_keeps_its_status() -> None:
    world = DeliveryWorld(endpoint("a"))

    def start_and_stop(worker: Worker) -> None:
        worker.publish(world.event())
        worker.queues.run()
        worker.queues.close()

    world.run(start_and_stop)

    assert (world.delivery()["status"], world.requests) == ("Processing", [])


@pytest.mark.parametrize(
    ("raw", "signed"),
    [
        ('{ "x" :\t"ß  \\" :" }', '{"x":"ß  \\" :"}'),
        ('[1.10,\n 1e2,\r\n"\\u00e9"]', '[1.10,1e2,"\\u00e9"]'),
    ],
)
def test_white_space_in_the_payload_breaks_the_signature_as_in_convoy(
    raw: str, signed: str
) -> None:
    world = DeliveryWorld(endpoint("a"))
    event = world.event(MESSAGE | {"data": json.loads(raw)}, raw)
    world.run(lambda worker: worker.publish(event))

    (request,) = world.requests
    signature = request.headers["x-convoy-signature"]
    assert request.content == raw.encode()
    assert not verified(SECRET, request.content, signature, NOW.timestamp())
    assert verified(SECRET, signed.encode(), signature, NOW.timestamp())


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (r'"a\u0000b"', False),
        (r'"a\\u0000b"', True),
        (r'{"a":["\ud800"]}', False),
        (r'"\ud834\udd1e"', True),
        ('"𝄞"', True),
    ],
)
def test_an_event_that_convoy_can_not_store_is_accepted_and_never_sent(
    raw: str, *, kept: bool
) -> None:
    world = DeliveryWorld(endpoint("a"))
    event = world.event(MESSAGE | {"data": json.loads(raw)}, raw)
    world.run(lambda worker: worker.publish(event))

    assert bool(world.requests) is kept
    assert bool(world.project.deliveries_of[event["uid"]]) is kept


def test_an_event_matched_twice_has_one_delivery_to_each_endpoint() -> None:
    """As after a kill between the event's deliveries and the end of the job."""
    world = DeliveryWorld(endpoint("a"), answers=(204,))

    def match_twice(worker: Worker) -> None:
        event = world.event()
        worker.queues.stop("deliveries")
        worker.publish(event)
        worker.queues.run()
        worker.queues.put("matching", event["uid"])
        worker.queues.run()
        worker.queues.start("deliveries")

    world.run(match_twice)

    assert world.delivery()["status"] == "Success"
    assert len(world.requests) == 1


def test_a_retry_is_not_sent_beside_an_attempt_that_hangs() -> None:
    world = DeliveryWorld(endpoint("a"), answers=(500,))
    delivery = world.send(limit=1)
    world.project.put("deliveries", {"uid": delivery["uid"], "status": "Processing"})

    world.run(lambda worker: worker.queues.put("retries", delivery["uid"]))

    assert len(world.requests) == 1


def test_an_exception_in_the_worker_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    DeliveryWorld(endpoint("a")).send(answer=fail)

    assert "the stage failed: attempts" in caplog.text
