"""The places where the API's paths can be: each with the events that reach the function there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.integration.lambda_.gateways import request

if TYPE_CHECKING:
    from tests.support import JsonObject


@dataclass(frozen=True)
class Place:
    """`prefix`: what clients write before this API's paths.

    `nested`: the gateway's resource above them; `routes`: those below it. `proxied`: the end of
    `prefix` that `{proxy+}` has too. `stage`: the stage, if `prefix` has it.
    """

    kind: str
    prefix: str = ""
    routes: Literal["none", "{proxy+}", "root/{proxy+}", "each"] = "none"
    nested: str = ""
    proxied: str = ""
    stage: str = ""

    def request(self, method: str, own: str, body: str | None = None) -> JsonObject:
        """The event of a request for `own`, a path of this API."""
        whole = self.prefix + own
        event = request(self.kind, method, whole, body)
        if self.stage:
            event["requestContext"]["stage"] = self.stage
        if self.kind == "rest_api":
            event["requestContext"]["path"] = whole
            event["path"] = whole.removeprefix(f"/{self.stage}" if self.stage else "")
        elif self.kind == "http_api_v1":
            event["requestContext"]["path"] = whole
        if self.routes != "none":
            self._route(event, own)
        return event

    def _route(self, event: JsonObject, own: str) -> None:
        parameters: JsonObject = {"tenant": "acme"} if "{tenant}" in self.nested else {}
        first, _, others = own.removeprefix("/").partition("/")
        if self.routes == "{proxy+}" and own != "/":
            template, parameters["proxy"] = "/{proxy+}", f"{self.proxied}{own}".strip("/")
        elif self.routes == "root/{proxy+}" and others:
            template, parameters["proxy"] = f"/{first}/{{proxy+}}", others
        else:
            template = re.sub(r"[0-9]+|(?<=/)[0-9A-Z]{26}", "{id}", own)
        route = f"{self.nested}{template}"
        event["pathParameters"] = parameters or None
        if event.get("version") == "2.0":
            event["routeKey"] = event["requestContext"]["routeKey"] = f"ANY {route}"
        else:
            event["resource"] = event["requestContext"]["resourcePath"] = route


HTTP_APIS, URLS = ("http_api_v1", "http_api_v2"), ("function_url", "alb", "alb_multi_value")

WITHOUT_BASE_PATH = [
    *(Place(kind) for kind in (*HTTP_APIS, *URLS)),
    *(
        place
        for kind in HTTP_APIS
        for place in (
            Place(kind, "/dev", stage="dev"),
            Place(kind, "/v1", "{proxy+}"),
            Place(kind, "/todo/dev", "{proxy+}", stage="dev"),
            Place(kind, "/v1", "root/{proxy+}"),
            Place(kind, "/v1", "each"),
            Place(kind, "/v1/shop", "{proxy+}", nested="/shop"),
            Place(kind, "/acme", "{proxy+}", nested="/{tenant}"),
            Place(kind, "/shop", "each", nested="/shop"),
        )
    ),
    Place("rest_api", "/dev", "{proxy+}", stage="dev"),
    Place("rest_api", "/base/path", "{proxy+}"),
    Place("rest_api", "/base/dev", "{proxy+}", stage="dev"),
    Place("rest_api", "/todo", "{proxy+}", stage="todo"),
    Place("rest_api", "", "{proxy+}"),
    Place("rest_api", "/dev", "root/{proxy+}", stage="dev"),
    Place("rest_api", "/dev", "each", stage="dev"),
    Place("rest_api", "/base", "each"),
    Place("rest_api", "/dev/shop", "{proxy+}", nested="/shop", stage="dev"),
    Place("rest_api", "/base/acme", "{proxy+}", nested="/{tenant}"),
    Place("rest_api", "/dev/acme", "each", nested="/{tenant}", stage="dev"),
]

AT_BASE_PATH = [
    *(Place(kind, "/shop/v1") for kind in (*HTTP_APIS, *URLS)),
    *(Place(kind) for kind in (*HTTP_APIS, *URLS)),
    Place("http_api_v2", "/dev/shop/v1", stage="dev"),
    Place("http_api_v2", "/shop/v1", "{proxy+}"),
    Place("http_api_v2", "/shop/v1", "{proxy+}", proxied="/shop/v1"),
    Place("rest_api", "/dev/shop/v1", "{proxy+}", proxied="/shop/v1", stage="dev"),
    Place("rest_api", "/shop/v1", "{proxy+}"),
]
"""With BASE_PATH=/shop/v1. The API can still be reached without the prefix."""
