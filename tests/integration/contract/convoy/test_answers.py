"""Answers of an endpoint that Convoy takes in another way than their status says."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.contract.convoy.envelope import data, delivery_of, eventually, publish
from tests.integration.e2e.receiving import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.support import JsonObject

    Asked = list[tuple[str, str, int, str | None]]
    """Method, path, length of the body, and cookies, of each request."""

HEADERS: dict[str, dict[str, str]] = {
    **{f"/{status}": {"Location": "/204"} for status in (301, 302, 303, 307, 308)},
    "/200": {"Content-Encoding": "gzip", "Content-Length": "0"},
    "/201": {"Set-Cookie": "of=this-receiver; Path=/"},
    "/204": {},
}


@contextmanager
def answering(asked: Asked) -> Iterator[str]:
    """A server whose paths name the status of the answer. Yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked.append((self.command, self.path, len(body), self.headers["cookie"]))
            self.send_response(int(self.path[1:]))
            for header in HEADERS[self.path].items():
                self.send_header(*header)
            self.end_headers()

        do_GET = do_POST = answer  # noqa: N815  # http.server's names

        def log_message(self, *_: object) -> None:
            """Nothing."""

    host = os.environ.get("CONVOY_E2E_RECEIVER_HOST", LOOPBACK)
    with ThreadingHTTPServer((LOOPBACK if host == LOOPBACK else "", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://{host}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def deliver(http: httpx.Client, owner: str, url: str) -> str:
    """Publish an event to an endpoint with this URL; gives its key."""
    body = {"name": "mine", "url": url, "owner_id": owner}
    endpoint = data(http.post("/endpoints", json=body))["uid"]
    data(http.post("/subscriptions", json={"name": "all", "endpoint_id": endpoint}))
    return publish(http, owner)


def attempts_of(http: httpx.Client, delivery: JsonObject) -> Any:
    return data(http.get(f"/eventdeliveries/{delivery['uid']}/deliveryattempts"), 200)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_makes_a_get_loses_the_event_and_counts_as_arrived(
    http: httpx.Client, owner: str, status: int
) -> None:
    asked: Asked = []
    with answering(asked) as url:
        delivery = delivery_of(http, deliver(http, owner, f"{url}/{status}"), "Success")

    assert [each[:2] for each in asked] == [("POST", f"/{status}"), ("GET", "/204")]
    assert asked[1][2] == 0
    assert [each["http_status"] for each in attempts_of(http, delivery)] == ["204 No Content"]


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_keeps_the_method_delivers_the_event(
    http: httpx.Client, owner: str, status: int
) -> None:
    asked: Asked = []
    with answering(asked) as url:
        delivery_of(http, deliver(http, owner, f"{url}/{status}"), "Success")

    assert [each[:2] for each in asked] == [("POST", f"/{status}"), ("POST", "/204")]
    assert asked[0][2] == asked[1][2] > 0


def test_an_empty_answer_that_says_it_is_compressed_is_none(http: httpx.Client, owner: str) -> None:
    with answering([]) as url:
        delivery = delivery_of(http, deliver(http, owner, f"{url}/200"), "Retry", "Failure")
        first = eventually(lambda: attempts_of(http, delivery))[0]

    assert not {"status", "http_status", "error", "responded_at"} & first.keys()


def test_an_answers_cookie_is_in_no_other_request(http: httpx.Client, owner: str) -> None:
    asked: Asked = []
    with answering(asked) as url:
        delivery_of(http, deliver(http, owner, f"{url}/201"), "Success")
        delivery_of(http, publish(http, owner), "Success")

    assert [(path, cookies) for _, path, _, cookies in asked] == [("/201", None)] * 2
