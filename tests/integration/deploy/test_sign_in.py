"""The callers that a deployment accepts, and the parameters that it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.deploy.osls import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.deploy.osls import Template

    Packaged = Callable[..., Template]

ROUTES = ["$default", "ANY /webhooks", "ANY /webhooks/{proxy+}"]
JWT = {"jwtIssuer": "https://issuer.example", "jwtAudience": "todos"}


def _authorization(template: Template) -> dict[str, str]:
    """The type of authorization of each route."""
    routes = template.of_type("AWS::ApiGatewayV2::Route").values()
    assert {route["RouteKey"] for route in routes} == set(ROUTES)
    return {route["RouteKey"]: route.get("AuthorizationType", "NONE") for route in routes}


def _settings(template: Template) -> set[tuple[str, str]]:
    """SIGN_IN and OWNER_CLAIM of the functions."""
    return {
        (variables["SIGN_IN"], variables["OWNER_CLAIM"])
        for function in template.of_type("AWS::Lambda::Function").values()
        for variables in [function["Environment"]["Variables"]]
    }


def test_by_default_iam_authorizes_every_route(packaged: Packaged) -> None:
    template = packaged()

    assert _authorization(template) == dict.fromkeys(ROUTES, "AWS_IAM")
    assert _settings(template) == {("iam", "sub")}


def test_with_issuer_and_audience_every_route_needs_their_token(packaged: Packaged) -> None:
    template = packaged(**JWT)

    assert _authorization(template) == dict.fromkeys(ROUTES, "JWT")
    (authorizer,) = template.of_type("AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["JwtConfiguration"] == {
        "Audience": ["todos"],
        "Issuer": "https://issuer.example",
    }
    for route in template.of_type("AWS::ApiGatewayV2::Route").values():
        assert route["AuthorizerId"] == {"Ref": "HttpApiAuthorizerJwt"}
    assert _settings(template) == {("jwt", "sub")}


def test_a_claim_of_the_token_may_name_the_owner(packaged: Packaged) -> None:
    assert _settings(packaged(**JWT, ownerClaim="org_id")) == {("jwt", "org_id")}


def test_anonymous_callers_are_accepted_only_with_the_parameter(packaged: Packaged) -> None:
    template = packaged(anonymous="true")

    assert _authorization(template) == dict.fromkeys(ROUTES, "NONE")
    assert _settings(template) == {("anonymous", "sub")}


def test_the_parameter_may_be_a_yaml_boolean(project: Project, tmp_path: Path) -> None:
    own = Project.copy(tmp_path)
    described = own.folder / "serverless.yml"
    described.write_text(described.read_text().replace('anonymous: "false"', "anonymous: true"))

    assert _settings(own.package()) == {("anonymous", "sub")}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"jwtIssuer": "https://issuer.example"}, "--param jwtAudience is not"),
        ({"jwtAudience": "todos"}, "--param jwtIssuer is not"),
        ({**JWT, "anonymous": "true"}, "give only one"),
        ({"anonymous": "yes"}, "must be true or false"),
        ({"ownerClaim": "org_id"}, "--param ownerClaim=org_id needs --param jwtIssuer"),
        (
            {"ownerClaim": "org_id", "anonymous": "true"},
            "--param ownerClaim=org_id needs --param jwtIssuer",
        ),
        ({"convoyProjectId": ""}, "Missing: --param convoyProjectId=…"),
        ({"anonymous": "true", "convoyAppId": ""}, "needs --param convoyAppId=…"),
    ],
)
def test_a_missing_or_contradictory_parameter_is_named(
    project: Project, params: dict[str, str], message: str
) -> None:
    done = project.run("package", **params)

    assert done.returncode != 0
    assert message in done.stdout + done.stderr


def test_a_missing_region_is_reported(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")

    done = project.run("package")

    assert done.returncode != 0
    assert "No AWS region is set. Set AWS_REGION, or give --region" in done.stdout + done.stderr
