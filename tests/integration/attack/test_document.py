"""Schemathesis on the clients' document: it declares each answer, and none is a 5xx."""

from __future__ import annotations

import json
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import given
from requests.adapters import HTTPAdapter
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from urllib3 import HTTPResponse

from tests.document import DOCUMENT
from tests.inputs import inputs
from tests.register import RESOURCES
from tests.todo import TODO

if TYPE_CHECKING:
    from tests.integration.attack.clients import AttackClient

SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS: dict[str, Any] = {
    f"{method.upper()} {path}": SCHEMA[path][method]
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
    if method != "head"
}
"""HEAD is the code of GET; test_declared.py compares each answer of the two."""

OF_OTHER_RESOURCES = {
    each
    for each in OPERATIONS
    if each.split("/")[1] in {other.name for other in RESOURCES if other is not TODO}
}
"""The code of the todos' routes makes these routes too."""

WITHOUT_INPUT = {"GET /", "GET /webhooks/endpoints"}
HOST = "http://api.test"

FORMATS = {"decimal", "date-time"}
BEYOND_A_SCHEMA = {
    "after",
    "cursor",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "url",
    "event_types",
} | {
    name
    for schema in DOCUMENT["components"]["schemas"].values()
    for name, field in schema["properties"].items()
    if any(f'"format": "{each}"' in json.dumps(field) for each in FORMATS)
}
"""Fields whose validity depends on earlier requests; decimals, because bounds are for numbers; and
times, because RFC 3339 allows some that do not exist."""


class Adapter(HTTPAdapter):
    """Passes requests of the library `requests` to an attack client."""

    def __init__(self, attacker: AttackClient) -> None:
        super().__init__()
        self._attacker = attacker

    def send(  # type: ignore[override]  # without a connection's arguments
        self, request: requests.PreparedRequest, **_: object
    ) -> requests.Response:
        body: Any = request.body or b""
        headers: Any = request.headers
        answer = self._attacker.ask(
            request.method or "",
            (request.url or "").removeprefix(HOST),
            body.encode() if isinstance(body, str) else body,
            headers,
        )
        content = BytesIO(answer.body)
        raw = HTTPResponse(content, answer.headers, answer.status, preload_content=False)
        return self.build_response(request, raw)


def _has_a_fraction(body: object) -> bool:
    """JSON Schema counts 2.0 as an integer; the API does not."""
    if isinstance(body, dict):
        return any(map(_has_a_fraction, body.values()))
    if isinstance(body, list):
        return any(map(_has_a_fraction, body))
    return isinstance(body, float)


@pytest.mark.parametrize(
    ("operation", "mode"),
    [
        (operation, mode)
        for operation in OPERATIONS
        for mode in GenerationMode
        if operation not in WITHOUT_INPUT or mode != GenerationMode.NEGATIVE
    ],
)
def test_every_answer_to_valid_and_invalid_requests_matches_the_document(
    attacker: AttackClient, operation: str, mode: GenerationMode
) -> None:
    session = requests.Session()
    session.mount(HOST, Adapter(attacker))
    for case in drawn(operation, mode):
        answer = case.call_and_validate(
            base_url=HOST, session=session, excluded_checks=[positive_data_acceptance]
        )
        refused = answer.status_code in {400, 413, 415, 422}
        if mode == GenerationMode.POSITIVE and refused and not _has_a_fraction(case.body):
            names = {fault["field"].split(".")[0] for fault in answer.json()["errors"]}
            assert names <= BEYOND_A_SCHEMA


@cache
def drawn(operation: str, mode: GenerationMode) -> list[Any]:
    """Requests for both clients: to draw one takes as long as to answer it."""
    cases = []

    @inputs(25)
    @given(case=OPERATIONS[operation].as_strategy(mode))
    def draw(case: Any) -> None:
        cases.append(case)

    draw()
    return cases
