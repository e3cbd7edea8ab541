"""Hostile bodies: each is refused with a 4xx that says why, or stored unchanged."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.inputs import inputs
from tests.integration.attack.clients import JSON_TYPE
from tests.integration.attack.webhooks import Webhooks

if TYPE_CHECKING:
    from tests.integration.attack.clients import AttackClient
    from tests.stand_in import Convoy

MAX_ID = 2**53 - 1
NEW = ("POST", "/webhooks/endpoints")
NOT_A_PROBLEM = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def nested(depth: int) -> bytes:
    return b'{"item": ' + b"[" * depth + b"]" * depth + b"}"


HOSTILE = [
    nested(100), nested(900), nested(1_000), nested(30_000), b'{"a":' * 10_000,
     b'{"item": NaN}', b'{"item": "x", "id": NaN}', b'{"item": "x", "id": -Infinity}', b"NaN",
     b'{"item": "x", "id": 1e999}', b'{"item": "x", "id": 1e-999999}', b'{"item": "x", "id": 1E2}',
     b'{"item": "x", "id": %s}' % (b"9" * 4_300), b'{"item": "x", "id": -%s}' % (b"9" * 60_000),
     b'{"item": "x", "id": 9007199254740992}', b'{"item": "x", "id": -9007199254740992}',
     b'{"item": "x", "id": 18446744073709551616}', b'{"item": "x", "id": 0x1}',
     b'{"item": "x", "__proto__": {"id": 1}}', b'{"item": {"S": "x"}}', b'{"item": {"$ne": 1}}',
     b'{"item": "x", "version": 9, "owner": "bob", "born": "x"}', b'{"item": "\\ud800"}',
     b'{"item": "\\udc00\\ud800"}', b'{"item": "\xed\xa0\x80"}', b'{"item": "x", "\\ud800": 1}',
     b'{"item": "x", "\xed\xa0\x80": 1}', b'{"item": "x", "\\u0000": 1}', b'{"item": "a\\u0000b"}',
     b'{"item": "a\0b"}', b'{"item": "\xff"}', b'{"item": "\xc0\x80"}', b'{"item": "x"} {}',
     b'{"item": "x",}', b"{'item': 'x'}", b'{"item": "x"/**/}', b"\xff\xfe", b"\0" * 60_000,
]  # fmt: skip


def test_a_hostile_body_is_a_problem_and_changes_nothing(
    attacker: AttackClient, convoy: Convoy
) -> None:
    for body in HOSTILE:
        answer = attacker.ask("POST", "/todo", body)

        assert answer.status in {400, 422}, body[:80]
        assert answer.headers["content-type"] == "application/problem+json"
        assert {fault["in"] for fault in answer.json()["errors"]} == {"body"}
    assert convoy.events() == []


OF_CUSTOMERS = [
    *(body.replace(b'"item"', b'"url"') for body in HOSTILE), b"[]", b'""', b"null", b"1",
    b'{"event_types": ["created\\u0000"]}', b'{"event_types": ["cre*"]}',
    b'{"event_types": ["test"]}', b'{"event_types": [["*"]]}',
    b'{"event_types": ["created"%s]}' % (b',"created"' * 100), b'{"overlap_h": 1e2}',
    b'{"overlap_h": 1e400}', b'{"overlap_h": true}', b'{"overlap_h": "1"}', b'{"since": 1}',
    b'{"since": "2026-01-01T00:00:60Z"}', b'{"since": "0001-01-01T00:00:00+99:59"}',
    b'{"url": "https://example.com", "owner_id": "bob"}',
    b'{"url": "https://example.com", "name": "x"}',
    b'{"url": "https://example.com", "secret": "x"}', b'{"paused": "true"}', b'{"paused": null}',
    b'{"description": "%s"}' % (b"x" * 501), b'{"description": "x", "authentication": {}}',
]  # fmt: skip


def test_a_hostile_body_at_the_customers_routes_changes_nothing(
    attacker: AttackClient, convoy: Convoy
) -> None:
    endpoint = f"/webhooks/endpoints/{Webhooks.of_ann(convoy).endpoint}"
    before = convoy.ask("GET", "/endpoints")
    routes = [("PUT", ""), ("POST", "/rotate"), ("POST", "/recover")]

    for body in OF_CUSTOMERS:
        for method, path in (*((each, endpoint + to) for each, to in routes), NEW):
            assert attacker.ask(method, path, body).status in {400, 422}, (path, body[:80])
    assert convoy.ask("GET", "/endpoints") == before


def test_a_compressed_body_is_not_unpacked(attacker: AttackClient, convoy: Convoy) -> None:
    bomb = b'{"item": "' + b"x" * 10_000_000 + b'"}'
    for encoding, body in (("gzip", gzip.compress(bomb)), ("deflate", zlib.compress(bomb))):
        answer = attacker.ask("POST", "/todo", body, JSON_TYPE | {"content-encoding": encoding})

        assert answer.status == 415, encoding
        assert answer.headers["accept-encoding"] == "identity"
        assert answer.json()["errors"] == [
            {
                "in": "header",
                "field": "Content-Encoding",
                "detail": "must be left out: send the body uncompressed",
            }
        ]
    assert convoy.events() == []


def test_a_body_that_a_gateway_has_unpacked_is_read(attacker: AttackClient) -> None:
    """Whether it takes the header away or not."""
    for encoding in ("identity", "", "gzip"):
        headers = JSON_TYPE | {"content-encoding": encoding}
        assert attacker.ask("POST", "/todo", b'{"item": "x"}', headers).status == 201, encoding
        answer = attacker.ask("POST", "/todo", b'{"item": ', headers)
        assert answer.status == (415 if encoding == "gzip" else 400), encoding


def test_the_last_of_two_equal_keys_counts(attacker: AttackClient) -> None:
    answer = attacker.ask("POST", "/todo", b'{"id": 1, "item": "first", "id": 2, "item": "last"}')

    assert answer.headers["location"] == "/todo/2"
    assert attacker.ask("GET", "/todo/2").json()["data"]["item"] == "last"
    assert attacker.ask("GET", "/todo/1").status == 404


def test_any_text_is_stored_and_published_unchanged(attacker: AttackClient, convoy: Convoy) -> None:
    @inputs(60)
    @given(item=st.text(NOT_A_PROBLEM, min_size=1, max_size=60))
    def attack(item: str) -> None:
        answer = attacker.ask("POST", "/todo", json.dumps({"item": item}).encode())

        assert answer.status == 201
        assert attacker.ask("GET", answer.headers["location"]).json()["data"]["item"] == item
        created = [each for each in convoy.events() if each["event_type"] == "created"]
        assert created[-1]["data"]["todo"]["item"] == item

    attack()


def test_ids_at_their_bounds_are_returned_unchanged(attacker: AttackClient, convoy: Convoy) -> None:
    bounds = [0, MAX_ID - 1, MAX_ID]
    for todo_id in bounds:
        answer = attacker.ask("POST", "/todo", json.dumps({"id": todo_id, "item": "x"}).encode())

        assert answer.headers["location"] == f"/todo/{todo_id}"
        assert attacker.ask("GET", f"/todo/{todo_id}").json()["data"]["id"] == todo_id
        assert convoy.payloads()[-2]["todo"]["id"] == todo_id
    assert [todo["id"] for todo in attacker.ask("GET", "/todo").json()["data"]] == bounds


def test_an_answer_to_many_faults_is_short(attacker: AttackClient) -> None:
    body = {f"{number:x}": 1 for number in range(6_000)}

    answer = attacker.ask("POST", "/todo", json.dumps(body).encode())

    assert answer.status == 422
    assert len(answer.body) < 5_000
