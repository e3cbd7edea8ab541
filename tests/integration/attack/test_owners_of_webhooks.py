"""Two owners at the customers' routes: neither reaches what is the other's, whatever it claims."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.integration.attack.test_owners import CLAIMS, ODD_NAMES, OTHER_IDENTITIES, ask
from tests.integration.attack.webhooks import OF_ALL, OF_ONE, Webhooks

if TYPE_CHECKING:
    from tests.integration.attack.clients import AttackClient, GatewayClient
    from tests.stand_in import Convoy

LISTS = [OF_ALL["GET /webhooks/endpoints"], OF_ALL["GET /webhooks/deliveries"]]


def test_anothers_endpoint_or_delivery_is_answered_like_a_missing_one(
    attacker: AttackClient, convoy: Convoy
) -> None:
    anns = Webhooks.of_ann(convoy)
    before = convoy.ask("GET", "/endpoints")

    for owner in ("bob", *ODD_NAMES):
        for call in LISTS:
            assert ask(attacker, call, owner, CLAIMS).json() == {"data": []}, owner
        for route, call in OF_ONE.items():
            known = ask(attacker, anns.call(call), owner, CLAIMS)
            missing = ask(attacker, Webhooks().call(call), owner, CLAIMS)
            assert (known.status, known.text) == (404, missing.text), (owner, route)
    assert ask(attacker, OF_ALL["POST /webhooks/endpoints"], "bob", CLAIMS).status == 201

    assert before["content"][0] in convoy.ask("GET", "/endpoints")["content"]
    for route, call in OF_ONE.items():
        assert ask(attacker, anns.call(call), "ann").status < 300, route


def test_an_identity_of_another_kind_is_no_claim_to_anothers_endpoints(
    lambda_: GatewayClient, convoy: Convoy
) -> None:
    anns = Webhooks.of_ann(convoy)

    for fields in OTHER_IDENTITIES:
        bob = replace(lambda_, context=fields)
        nobody = replace(lambda_, context=fields, signed_in=False)
        for call in OF_ONE.values():
            assert ask(bob, anns.call(call), "bob", CLAIMS).status == 404
            assert ask(nobody, anns.call(call), "ann", CLAIMS).status == 401
        for call in LISTS:
            assert ask(bob, call, "bob", CLAIMS).json() == {"data": []}
