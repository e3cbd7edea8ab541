"""Two owners at every route: neither reaches the other's todos, whatever it claims."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.event_ids import uuid7
from tests.integration.attack import webhooks
from tests.integration.attack.clients import JSON_TYPE
from tests.integration.attack.test_document import OF_OTHER_RESOURCES, OPERATIONS
from tests.support import NOW

if TYPE_CHECKING:
    from tests.integration.attack.clients import Answer, AttackClient, GatewayClient
    from tests.stand_in import Convoy
    from tests.support import JsonObject

NO_EVENT = uuid7(NOW, 7)
KEY = JSON_TYPE | {"idempotency-key": "k"}
ANNS = {"id": 1, "item": "ann's"}

Call = tuple[str, str, dict[str, object] | None]
OF_ONE: dict[str, Call] = {
    "GET /todo/{id}": ("GET", "/todo/1", None),
    "PUT /todo/{id}": ("PUT", "/todo/1", {"item": "bob's"}),
    "DELETE /todo/{id}": ("DELETE", "/todo/1", None),
}
OF_ALL: dict[str, Call] = {
    "GET /": ("GET", "/", None),
    "GET /todo": ("GET", "/todo", None),
    "POST /todo": ("POST", "/todo", {"id": 1, "item": "bob's"}),
}
OF_LOG: dict[str, Call] = {
    "GET /events": ("GET", "/events?after=0001-01-01T00:00:00Z", None),
    "GET /events/{id}": ("GET", f"/events/{NO_EVENT}", None),
}
CLAIMS = JSON_TYPE | {
    "authorization": "Bearer ann",
    "cookie": "owner=ann; sub=ann",
    "x-owner": "ann",
    "x-user": "ann",
    "x-amzn-oidc-identity": "ann",
    "x-forwarded-user": "ann",
}
"""Headers that other servers take for an identity."""


ANNS_ARN = "arn:aws:iam::123456789012:user/ann"
OTHER_IDENTITIES: list[JsonObject] = [
    {"authorizer": {"claims": {"sub": "ann"}}},
    {"authorizer": {"sub": "ann", "principalId": "ann", "owner": "ann"}},
    {"authorizer": {"lambda": {"sub": "ann", "jwt": {"claims": {"sub": "ann"}}}}},
    {"authorizer": {"iam": {"userArn": ANNS_ARN, "cognitoIdentity": {"identityId": "ann"}}}},
    {"identity": {"userArn": ANNS_ARN, "cognitoIdentityId": "ann", "user": "ann"}},
]


def ask(attacker: AttackClient, call: Call, owner: str, headers: JsonObject = JSON_TYPE) -> Answer:
    method, target, body = call
    return attacker.ask(method, target, json.dumps(body).encode() if body else b"", headers, owner)


def anns_todo(attacker: AttackClient) -> JsonObject:
    todo: JsonObject = attacker.ask("GET", "/todo/1").json()["data"]
    return todo


def test_every_route_is_tried() -> None:
    tried = (OF_ONE, OF_ALL, OF_LOG, webhooks.OF_ONE, webhooks.OF_ALL)

    assert {route for table in tried for route in table} == set(OPERATIONS) - OF_OTHER_RESOURCES


def test_anothers_todo_is_answered_like_a_missing_one(attacker: AttackClient) -> None:
    ask(attacker, ("POST", "/todo", ANNS), "ann")

    for call in OF_ONE.values():
        method, _, body = call
        anns = ask(attacker, call, "bob", CLAIMS)
        nobodys = ask(attacker, (method, "/todo/2", body), "bob", CLAIMS)
        assert (anns.status, anns.text) == (404, nobodys.text.replace("id 2", "id 1"))
    assert anns_todo(attacker)["item"] == "ann's"


def test_the_same_id_is_another_todo_for_another_owner(attacker: AttackClient) -> None:
    ask(attacker, ("POST", "/todo", ANNS), "ann")
    anns = anns_todo(attacker)

    assert ask(attacker, OF_ALL["POST /todo"], "bob", CLAIMS).status == 201
    assert ask(attacker, OF_ALL["GET /todo"], "bob", CLAIMS).json()["data"][0]["item"] == "bob's"
    for call in OF_ONE.values():
        assert ask(attacker, call, "bob", CLAIMS).status == 200
    assert ask(attacker, OF_ALL["GET /todo"], "bob", CLAIMS).json() == {"data": []}
    assert anns_todo(attacker) == anns


def test_anothers_cursor_continues_the_callers_own_list(attacker: AttackClient) -> None:
    for todo_id in range(3):
        ask(attacker, ("POST", "/todo", {"id": todo_id, "item": "ann's"}), "ann")
        ask(attacker, ("POST", "/todo", {"id": todo_id, "item": "bob's"}), "bob")
    cursor = attacker.ask("GET", "/todo?limit=1").json()["next"]

    page = attacker.ask("GET", f"/todo?cursor={cursor}", owner="bob").json()["data"]

    assert [(todo["id"], todo["item"]) for todo in page] == [(1, "bob's"), (2, "bob's")]


def test_anothers_idempotency_key_and_version_are_of_no_use(attacker: AttackClient) -> None:
    ask(attacker, ("POST", "/todo", ANNS), "ann", KEY)

    answer = ask(attacker, ("POST", "/todo", ANNS), "bob", KEY)
    assert (answer.status, "idempotency-replayed" in answer.headers) == (201, False)
    ask(attacker, OF_ONE["DELETE /todo/{id}"], "bob")
    for call in (OF_ONE["PUT /todo/{id}"], OF_ONE["DELETE /todo/{id}"]):
        assert ask(attacker, call, "bob", JSON_TYPE | {"if-match": '"1"'}).status == 404


def test_every_event_goes_to_the_owner_of_its_request(
    attacker: AttackClient, convoy: Convoy
) -> None:
    for owner in ("ann", "bob"):
        for call in (*OF_ALL.values(), *OF_ONE.values(), OF_ONE["PUT /todo/{id}"]):
            ask(attacker, call, owner, CLAIMS)

    owners = [event["owner_id"] for event in convoy.events()]
    assert owners == ["ann"] * 7 + ["bob"] * 7


def test_an_identity_of_another_kind_is_no_claim_to_anothers_todos(
    lambda_: GatewayClient, convoy: Convoy
) -> None:
    """The parts of a Lambda event that name a caller in a deployment with another sign-in."""
    ask(lambda_, ("POST", "/todo", ANNS), "ann")
    for fields in OTHER_IDENTITIES:
        bob = replace(lambda_, context=fields)
        nobody = replace(lambda_, context=fields, signed_in=False)
        for call in OF_ONE.values():
            assert ask(bob, call, "bob", CLAIMS).status == 404
            assert ask(nobody, call, "ann", CLAIMS).status == 401
        assert ask(bob, OF_ALL["GET /todo"], "bob", CLAIMS).json() == {"data": []}

    assert anns_todo(lambda_)["item"] == "ann's"


ODD_NAMES = ["ANN", "ann ", " ann", "ann\r", "ann#1", "an", "a%6en", "\uff41nn", "*", '{"S":"ann"}']


def test_an_odd_name_reaches_no_other_owners_todos(attacker: AttackClient) -> None:
    ask(attacker, ("POST", "/todo", ANNS), "ann")

    for owner in ODD_NAMES:
        assert ask(attacker, OF_ALL["GET /todo"], owner).json() == {"data": []}, owner
        assert ask(attacker, OF_ONE["GET /todo/{id}"], owner).status == 404, owner
