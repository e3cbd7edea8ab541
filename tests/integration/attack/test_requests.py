"""Hostile request lines and headers: they reach nothing that the API does not serve."""

from __future__ import annotations

import base64
import json
import socket
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tests.inputs import inputs
from tests.integration.attack.clients import JSON_TYPE

if TYPE_CHECKING:
    import pytest

    from tests.integration.attack.clients import AttackClient
    from tests.stand_in import Convoy

ONE = b'{"id": 1, "item": "one"}'

NOT_SERVED = [
    "//", "//todo", "/todo/", "/todo//1", "/todo/1/", "/./todo", "/x/../todo",
    "/%2e%2e/todo", "/todo;/1", "/TODO", "/todo%00", "/todo%2f", "/todo.json",
    "/events/", "/events/x/y", "/event",
    "/webhooks", "/webhooks/", "/webhooks/x", "/webhooks/endpoints/", "/webhooks/endpoints/x/y",
    "/todo%3flimit=1", "/%74odo%20", "/admin", "/.env", "/.git/config", "/metrics", "/health",
    "/redoc", "/docs/", "/openapi.yaml",
    "/_control/reset", "/graphql", "/2018-06-01/runtime/invocation/next", "/latest/meta-data",
]  # fmt: skip
METHODS = ["PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "GETS", "\u20ac"]
OTHER_TYPES = [
    "", "/", "text/plain", "application/jsonp", "application/json, text/plain", "text/json",
    "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/xml",
    "application/json\xe4", "=?utf-8?q?application/json?=",
]  # fmt: skip
NO_ETAGS = [
    "", " ", ",", '"', '"1', "1", "'1'", 'w/"1"', "*,*", '*, "1"', '"1";"2"', '"1" OR 1=1', "\x85*",
    "\xa0*", '"1",' * 2_000, '"' * 8_001, '"1"' + " " * 8_000 + "x", "W/" * 4_000, '"\xe4"',
    '"1"\r\n"2"',
]  # fmt: skip


def test_an_undocumented_path_is_a_404(attacker: AttackClient) -> None:
    for path in NOT_SERVED:
        for method in ("GET", "POST", "DELETE"):
            answer = attacker.ask(method, path, ONE if method == "POST" else b"")

            assert answer.status == 404, path
            assert answer.json()["detail"] == "There is nothing at this path."


def test_an_undocumented_method_is_a_405(attacker: AttackClient, convoy: Convoy) -> None:
    for method in METHODS:
        for path in ("/", "/todo", "/todo/1", "/events", "/events/1", "/webhooks/endpoints"):
            answer = attacker.ask(
                method, path, ONE, JSON_TYPE | {"x-http-method-override": "DELETE"}
            )

            assert answer.status == 405, method
    assert convoy.events() == []


def test_no_header_overrides_the_method(attacker: AttackClient) -> None:
    attacker.ask("POST", "/todo", ONE)

    for name in ("x-http-method-override", "x-method-override", "x-http-method"):
        asked = attacker.ask("GET", "/todo/1?_method=DELETE", headers={name: "DELETE"})
        assert asked.json()["data"]["item"] == "one"
    assert attacker.ask("GET", "/todo/1").status == 200


def test_a_form_of_another_site_is_refused(attacker: AttackClient, convoy: Convoy) -> None:
    for media_type in OTHER_TYPES:
        assert attacker.ask("POST", "/todo", ONE, {"content-type": media_type}).status == 415, (
            media_type
        )
    assert convoy.events() == []


def test_no_answer_lets_another_origin_in(attacker: AttackClient) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "DELETE"}

    for method, path in (("OPTIONS", "/todo/1"), ("GET", "/todo"), ("GET", "/nothing")):
        answer = attacker.ask(method, path, headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_an_invalid_if_match_does_not_match_every_version(attacker: AttackClient) -> None:
    attacker.ask("POST", "/todo", ONE)

    for tags in NO_ETAGS:
        for method, body in (("PUT", b'{"item": "two"}'), ("DELETE", b"")):
            for header in ("if-match", "if-none-match"):
                answer = attacker.ask(method, "/todo/1", body, JSON_TYPE | {header: tags})
                assert answer.status == 400, tags
    assert attacker.ask("GET", "/todo/1").headers["etag"] == '"1"'


def test_a_version_that_never_was_matches_nothing(attacker: AttackClient) -> None:
    attacker.ask("POST", "/todo", ONE)

    for version in ("0", "-1", "01", "1.0", "9" * 16, "9" * 5_000, "1e0", "~1"):
        answer = attacker.ask("DELETE", "/todo/1", headers={"if-match": f'"{version}"'})
        assert answer.status == 412, version


def test_an_invalid_limit_is_a_422(attacker: AttackClient) -> None:
    for limit in ("1&limit=1001", "1%00", "1e2", "%D9%A1", "null", "", "9" * 5_000):
        for path in ("/todo", "/events"):
            assert attacker.ask("GET", f"{path}?limit={limit}").status == 422, limit


def test_an_invalid_idempotency_key_is_a_400(attacker: AttackClient, convoy: Convoy) -> None:
    for key in ("", " ", "a b", "a\r\nb", "\0", "\xe4", "x" * 256, "\t"):
        answer = attacker.ask("POST", "/todo", ONE, JSON_TYPE | {"idempotency-key": key})
        assert answer.status == 400, key
    assert convoy.events() == []


def test_a_forged_cursor_reaches_only_the_callers_own_list(
    attacker: AttackClient,
) -> None:
    for todo_id in range(3):
        for owner in ("ann", "bob"):
            body = json.dumps({"id": todo_id, "item": owner}).encode()
            attacker.ask("POST", "/todo", body, owner=owner)
    forged = st.sampled_from(["after:1", "after:-1", "bob:1", "after:1 OR 1=1", '{"owner":"bob"}'])

    @inputs(80)
    @given(cursor=(forged | st.text(max_size=20)).map(lambda text: text.encode(errors="replace")))
    def attack(cursor: bytes) -> None:
        answer = attacker.ask("GET", f"/todo?cursor={base64.urlsafe_b64encode(cursor).decode()}")

        assert answer.status in {200, 400}
        if answer.status == 200:
            assert {todo["item"] for todo in answer.json()["data"]} <= {"ann"}

    attack()


INJECTED = "x\r\nset-cookie: owner=bob\r\n\r\n<script>"
READ = ("host", "origin", "user-agent", "x-request-id", "x-forwarded-host", "accept")


def test_no_header_of_an_answer_repeats_what_the_client_sent(attacker: AttackClient) -> None:
    headers = JSON_TYPE | dict.fromkeys(READ, INJECTED)
    for method, target, body in (
        ("POST", "/todo?x=%0d%0aset-cookie:%20a=b", ONE),
        ("POST", "/todo", ONE),
        ("GET", "/todo/%0d%0aset-cookie:%20a=b", b""),
        ("GET", "/%0d%0aset-cookie:%20a=b", b""),
        ("PUT", "/todo/1", b'{"item": "x\\r\\nset-cookie: a=b"}'),
        ("GET", "/todo/1", b""),
    ):
        answer = attacker.ask(method, target, body, headers)

        assert "set-cookie" not in json.dumps(dict(answer.headers))
        assert all(value.isprintable() for value in answer.headers.values())


def test_no_url_from_a_client_is_called(
    attacker: AttackClient, convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "http://169.254.169.254/latest/meta-data"
    looked_up: list[object] = []
    look_up = socket.getaddrinfo

    def record(host: str, *args: Any, **kwargs: Any) -> Any:
        looked_up.append(host)
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", record)
    headers = JSON_TYPE | {"x-forwarded-host": "169.254.169.254", "referer": url, "origin": url}
    for method, target, body in (
        ("POST", f"/todo?url={url}", json.dumps({"id": 1, "item": url}).encode()),
        ("POST", "/todo", json.dumps({"item": "x", "url": url, "callback": url}).encode()),
        ("GET", f"/{url}", b""),
        ("GET", f"/todo?cursor={url}", b""),
        ("PUT", "/todo/1", json.dumps({"item": f"<img src={url}>"}).encode()),
    ):
        attacker.ask(method, target, body, headers)

    assert len(convoy.events()) == 2
    assert set(looked_up) <= {"127.0.0.1", b"127.0.0.1"}
