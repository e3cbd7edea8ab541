"""Whom a deployment answers, and what it asks of who deploys it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.deploy.osls import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.deploy.osls import Template

    Packaged = Callable[..., Template]

JWT = {"jwtIssuer": "https://issuer.example", "jwtAudience": "todos"}


def _authorization(template: Template) -> dict[str, str]:
    """By route."""
    return {
        route["RouteKey"]: route.get("AuthorizationType", "NONE")
        for route in template.of_type("AWS::ApiGatewayV2::Route").values()
    }


def _anonymous_allowed(template: Template) -> set[str]:
    return {
        function["Environment"]["Variables"]["ALLOW_ANONYMOUS"]
        for function in template.of_type("AWS::Lambda::Function").values()
    }


def test_unless_told_otherwise_iam_decides_on_every_route(packaged: Packaged) -> None:
    template = packaged()

    assert _authorization(template) == {"$default": "AWS_IAM"}
    assert _anonymous_allowed(template) == {"false"}


def test_with_issuer_and_audience_every_route_needs_their_token(packaged: Packaged) -> None:
    template = packaged(**JWT)

    assert _authorization(template) == {"$default": "JWT"}
    (authorizer,) = template.of_type("AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["JwtConfiguration"] == {
        "Audience": ["todos"],
        "Issuer": "https://issuer.example",
    }
    route = template.properties("HttpApiRouteDefault")
    assert route["AuthorizerId"] == {"Ref": "HttpApiAuthorizerJwt"}
    assert _anonymous_allowed(template) == {"false"}


def test_anybody_is_answered_only_where_that_is_said(packaged: Packaged) -> None:
    template = packaged(anonymous="true")

    assert _authorization(template) == {"$default": "NONE"}
    assert _anonymous_allowed(template) == {"true"}


def test_it_may_be_said_in_yaml_without_quotes(project: Project, tmp_path: Path) -> None:
    own = Project.copy(tmp_path)
    described = own.folder / "serverless.yml"
    described.write_text(described.read_text().replace('anonymous: "false"', "anonymous: true"))

    assert _anonymous_allowed(own.package()) == {"true"}


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"jwtIssuer": "https://issuer.example"}, "--param jwtAudience is not"),
        ({"jwtAudience": "todos"}, "--param jwtIssuer is not"),
        ({**JWT, "anonymous": "true"}, "choose one"),
        ({"anonymous": "yes"}, "must be true or false"),
        ({"convoyProjectId": ""}, "Missing: --param convoyProjectId=…"),
        ({"anonymous": "true", "convoyAppId": ""}, "needs --param convoyAppId=…"),
    ],
)
def test_what_is_missing_or_contradicts_is_refused_by_name(
    project: Project, params: dict[str, str], told: str
) -> None:
    done = project.run("package", **params)

    assert done.returncode != 0
    assert told in done.stdout + done.stderr


def test_a_region_that_nothing_names_is_asked_for(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")

    done = project.run("package")

    assert done.returncode != 0
    assert "No AWS region is known: set AWS_REGION, or give --region" in done.stdout + done.stderr
