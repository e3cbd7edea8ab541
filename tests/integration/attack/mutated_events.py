"""Requests with mutated parts, as an HTTP API passes them to the handler."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.integration.attack.clients import encoded
from tests.integration.customers.world import UNKNOWN
from tests.integration.lambda_.gateways import EVENTS

if TYPE_CHECKING:
    from tests.support import JsonObject

# The gateway passes events on as JSON in UTF-8: any character, but no lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "item", "completed"]) | TEXT, inner, max_size=4)
    ),
    max_leaves=8,
)
CHANGES = st.fixed_dictionaries(
    {"item": st.text(min_size=1, max_size=40)}, optional={"completed": st.booleans()}
)
AN_ID = "01a20b61-90c6-7111-8c99-8b099a3e16df"
IDS = st.sampled_from([0, 1, -1, 2**53 - 1, 2**53, -(2**53), 10**400]) | st.integers(0, 2**53 - 1)
TODOS = CHANGES | st.builds(lambda todo, number: todo | {"id": number}, CHANGES, IDS)
ENDPOINTS = st.fixed_dictionaries(
    {"url": st.just("https://example.com/") | TEXT},
    optional={
        "description": TEXT,
        "event_types": st.lists(st.sampled_from(["created", "*", "x"])),
        "paused": st.booleans(),
    },
)
SANE: list[tuple[str, str, st.SearchStrategy[Any]]] = [
    ("GET", "/", st.none()),
    ("GET", "/todo", st.none()),
    ("POST", "/todo", TODOS),
    ("POST", "/todo", TODOS),
    ("GET", "/todo/1", st.none()),
    ("PUT", "/todo/1", CHANGES),
    ("DELETE", "/todo/1", st.none()),
    ("GET", "/events", st.none()),
    ("GET", f"/events/{AN_ID}", st.none()),
    ("GET", "/webhooks/endpoints", st.none()),
    ("POST", "/webhooks/endpoints", ENDPOINTS),
    ("PUT", f"/webhooks/endpoints/{UNKNOWN}", ENDPOINTS),
    ("POST", f"/webhooks/endpoints/{UNKNOWN}/rotate", st.just({"overlap_h": 1})),
    ("GET", "/webhooks/deliveries", st.none()),
    ("POST", f"/webhooks/deliveries/{UNKNOWN}/resend", st.none()),
]
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]) | TEXT
PATHS = st.lists(
    st.sampled_from(
        ["/", "//", "/events", "/webhooks", "/endpoints", "/deliveries",
         "/todo", "/todo/", "1", "/1", "/dev", "/..", "/%2e%2e", "%2f", "%00",
         "%0a", "%ff", "%", "%25", "/docs", "/openapi.json", "9007199254740992", ";", "?", "#",
         "\\"]
    ) | TEXT,
    max_size=5,
).map("".join)  # fmt: skip
BODIES = (
    (TODOS | VALUES).map(lambda value: json.dumps(value).encode())
    | VALUES.map(lambda value: json.dumps(value).encode("utf-16"))
    | st.binary(max_size=60)
    | TEXT.map(str.encode)
)
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "limit",
                "cursor",
                "after",
                "type",
                "endpoint",
                "event",
                "status",
                "limit[]",
                "",
                "%ff",
            ]
        )
        | TEXT,
        st.sampled_from(
            [
                "1",
                "0",
                "-1",
                "1001",
                "9" * 5000,
                "%31",
                "%",
                "&",
                "=",
                "YWZ0ZXI6MQ==",
                AN_ID,
                "2026-11-24T12:00:00Z",
                "0001-01-01T00:00:00%2B23:59",
                "created",
                "Failure",
                UNKNOWN,
                "retrieved",
            ]
        )
        | TEXT,
    ).map("=".join),
    max_size=4,
).map("&".join)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["content-type", "content-length", "content-encoding", "transfer-encoding", "expect",
         "host", "if-match", "if-none-match", "idempotency-key", "authorization", "accept",
         "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-http-method-override"]
    ),
    st.sampled_from(
        ["application/json", "application/json; charset=utf-16", "text/plain", "*", '"1"',
         '"1", W/"2"', "k", "a,b", "gzip", "chunked", "100-continue", "-1", "PUT", "80,443",
         "a:b:c", "\r\nx: y"]
    ) | TEXT,
    max_size=4,
)  # fmt: skip
COOKIES = st.lists(TEXT, max_size=3)


def mostly(usual: object, odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.just(usual) | st.just(usual) | odd


@st.composite
def events(draw: st.DrawFn) -> JsonObject:
    """A request of the contract with some of its parts mutated."""
    event: JsonObject = copy.deepcopy(EVENTS["http_api_v2"])
    method, path, bodies = draw(st.sampled_from(SANE))
    body = draw(bodies.map(lambda value: value and json.dumps(value).encode()))
    method, path = draw(mostly(method, METHODS)), draw(mostly(path, PATHS))
    stage = draw(st.sampled_from(["$default", "dev", "todo"]))
    path = path if stage == "$default" else f"/{stage}{path}"
    event |= {
        "rawPath": path,
        "rawQueryString": draw(mostly("", QUERIES)),
        "cookies": draw(COOKIES),
    }
    event["headers"] |= draw(mostly({}, HEADERS))
    event["requestContext"] |= {"stage": stage, "authorizer": {"jwt": {"claims": {"sub": "ann"}}}}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    body = draw(mostly(body, BODIES))
    return event | (encoded(body) if body else {})
