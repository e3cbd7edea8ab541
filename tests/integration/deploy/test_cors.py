"""Which pages of other origins may call a deployed API from a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.deploy.osls import Project, Template
    from tests.support import JsonObject

    Packaged = Callable[..., Template]

JWT = {"jwtIssuer": "https://issuer.example", "jwtAudience": "todos"}
CORS: JsonObject = {
    "AllowHeaders": [
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
    ],
    "AllowMethods": ["GET", "HEAD", "POST", "PUT", "DELETE"],
    "ExposeHeaders": [
        "ETag",
        "Idempotency-Replayed",
        "Location",
        "Retry-After",
        "Webhook-Id",
        "Webhook-Status",
    ],
    "MaxAge": 7200,
}
"""The gateway's configuration, for the origins of `corsOrigins`."""

ORIGINS = {"corsOrigins": "https://portal.example, http://localhost:8080", "basePath": "/v1"}


def routes(template: Template) -> dict[str, str]:
    """The type of authorization of each route."""
    return {
        route["RouteKey"]: route["AuthorizationType"]
        for route in template.of_type("AWS::ApiGatewayV2::Route").values()
    }


def test_by_default_no_other_origin_may_call(template: Template) -> None:
    assert "CorsConfiguration" not in template.properties("HttpApi")


def test_the_pages_of_the_named_origins_may_call(packaged: Packaged) -> None:
    cors = packaged(**JWT, **ORIGINS).properties("HttpApi")["CorsConfiguration"]

    assert cors == CORS | {"AllowOrigins": ["https://portal.example", "http://localhost:8080"]}


def test_the_functions_get_the_base_path(packaged: Packaged) -> None:
    functions = packaged(**JWT, **ORIGINS).of_type("AWS::Lambda::Function")

    paths = {each["Environment"]["Variables"]["BASE_PATH"] for each in functions.values()}
    assert paths == {"/v1"}


@pytest.mark.parametrize(
    ("sign_in", "authorization"),
    [(JWT, "JWT"), ({}, "AWS_IAM"), ({"anonymous": "true"}, "NONE")],
    ids=["jwt", "iam", "anonymous"],
)
def test_no_route_takes_a_preflight_from_the_gateway(
    packaged: Packaged, sign_in: dict[str, str], authorization: str
) -> None:
    """The gateway answers a preflight itself only if no route matches it."""
    taken = routes(packaged(**sign_in, **ORIGINS))

    assert not [key for key in taken if key.startswith(("ANY ", "OPTIONS ", "$default"))]
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        for path in ("/", "/{proxy+}", "/webhooks", "/webhooks/{proxy+}"):
            assert taken[f"{method} {path}"] == authorization


def test_cors_opens_no_route_without_sign_in(packaged: Packaged) -> None:
    assert set(routes(packaged(**JWT, **ORIGINS)).values()) == {"JWT"}


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*", "portal.example", "https://portal.example/", "http://portal.example"],
)
def test_a_wrong_origin_is_named(project: Project, origin: str) -> None:
    done = project.run("package", corsOrigins=f"https://portal.example,{origin}")

    assert done.returncode != 0
    assert f'corsOrigins: "{origin}" is not an origin' in done.stdout + done.stderr
