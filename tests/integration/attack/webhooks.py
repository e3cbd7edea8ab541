"""The customers' routes as the attack calls them, and what Ann has there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tests.integration.customers.world import UNKNOWN

if TYPE_CHECKING:
    from tests.integration.attack.test_owners import Call
    from tests.stand_in import Convoy

ENDPOINT, DELIVERY = "/webhooks/endpoints/{endpoint}", "/webhooks/deliveries/{delivery}"
URL = "https://example.com/new"

OF_ONE: dict[str, Call] = {
    "GET /webhooks/endpoints/{id}": ("GET", ENDPOINT, None),
    "PUT /webhooks/endpoints/{id}": ("PUT", ENDPOINT, {"description": "changed"}),
    "GET /webhooks/endpoints/{id}/secret": ("GET", f"{ENDPOINT}/secret", None),
    "POST /webhooks/endpoints/{id}/rotate": ("POST", f"{ENDPOINT}/rotate", {"overlap_h": 1}),
    "POST /webhooks/endpoints/{id}/test": ("POST", f"{ENDPOINT}/test", None),
    "POST /webhooks/endpoints/{id}/recover": (
        "POST",
        f"{ENDPOINT}/recover",
        {"since": "2026-01-01T00:00:00Z"},
    ),
    "GET /webhooks/deliveries/{id}": ("GET", DELIVERY, None),
    "POST /webhooks/deliveries/{id}/resend": ("POST", f"{DELIVERY}/resend", None),
    "DELETE /webhooks/endpoints/{id}": ("DELETE", ENDPOINT, None),
}
OF_ALL: dict[str, Call] = {
    "GET /webhooks/endpoints": ("GET", "/webhooks/endpoints", None),
    "POST /webhooks/endpoints": ("POST", "/webhooks/endpoints", {"url": URL}),
    "GET /webhooks/deliveries": ("GET", "/webhooks/deliveries", None),
}


@dataclass(frozen=True)
class Webhooks:
    """The ids of an endpoint and of a delivery to it."""

    endpoint: str = UNKNOWN
    delivery: str = UNKNOWN

    @classmethod
    def of_ann(cls, convoy: Convoy) -> Self:
        endpoint = convoy.endpoint("ann")
        convoy.send("a", "ann")
        convoy.wait_for_worker()
        (delivery,) = convoy.deliveries()
        return cls(endpoint, delivery["uid"])

    def filled(self, target: str) -> str:
        return target.replace("{endpoint}", self.endpoint).replace("{delivery}", self.delivery)

    def call(self, call: Call) -> tuple[str, str, Any]:
        method, target, body = call
        return method, self.filled(target), body
