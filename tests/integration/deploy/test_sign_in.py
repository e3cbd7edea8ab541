"""The callers that a deployment accepts, and the parameters that it refuses."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from tests.integration.deploy.javascript import call_each
from tests.integration.deploy.osls import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.deploy.osls import Template

    Packaged = Callable[..., Template]

ROUTES = ["$default", "ANY /webhooks", "ANY /webhooks/{proxy+}"]
JWT = {"jwtIssuer": "https://issuer.example", "jwtAudience": "todos"}
FULL = {
    "jwtIssuer": "https://issuer.example",
    "jwtAudience": "todos, portal,",
    "jwtScopes": "todos/read,todos/write",
    "ownerClaim": "org_id",
}
DEFAULTS = {
    "anonymous": "false",
    "convoyAppId": "app-1",
    "jwtAudience": "",
    "jwtIssuer": "",
    "jwtScopes": "",
    "ownerClaim": "sub",
}
SIGN_IN = """(params) => require('./infra/serverless/sign_in.js')({
  resolveVariable: async (name) => params[name.replace('param:', '')],
})"""
KINDS = {"AWS_IAM": {}, "JWT": JWT, "NONE": {"anonymous": "true"}}


def _authorization(template: Template) -> dict[str, str]:
    """The type of authorization of each route. Each must name it."""
    routes = template.of_type("AWS::ApiGatewayV2::Route").values()
    assert {route["RouteKey"] for route in routes} == set(ROUTES)
    return {route["RouteKey"]: route["AuthorizationType"] for route in routes}


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


def test_several_audiences_and_scopes_may_be_named(packaged: Packaged) -> None:
    template = packaged(**FULL)

    (authorizer,) = template.of_type("AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["JwtConfiguration"]["Audience"] == ["todos", "portal"]
    for route in template.of_type("AWS::ApiGatewayV2::Route").values():
        assert route["AuthorizationScopes"] == ["todos/read", "todos/write"]


def test_a_deployment_without_scopes_removes_those_of_an_earlier_one(packaged: Packaged) -> None:
    """A route without the list keeps the list that it has in the stack."""
    for route in packaged(**JWT).of_type("AWS::ApiGatewayV2::Route").values():
        assert route["AuthorizationScopes"] == []


@pytest.mark.parametrize(("before", "after"), list(permutations(KINDS, 2)))
def test_another_kind_of_sign_in_changes_each_route_in_place(
    packaged: Packaged, before: str, after: str
) -> None:
    earlier, later = (packaged(**KINDS[kind]) for kind in (before, after))

    for name, route in earlier.of_type("AWS::ApiGatewayV2::Route").items():
        assert route["AuthorizationType"] == before
        changed = later.properties(name)
        assert (changed["RouteKey"], changed["AuthorizationType"]) == (route["RouteKey"], after)


def test_a_claim_of_the_token_may_name_the_owner(packaged: Packaged) -> None:
    assert _settings(packaged(**FULL)) == {("jwt", "org_id")}


def test_anonymous_callers_are_accepted_only_with_the_parameter(packaged: Packaged) -> None:
    template = packaged(anonymous="true")

    assert _authorization(template) == dict.fromkeys(ROUTES, "NONE")
    assert _settings(template) == {("anonymous", "sub")}


def test_the_parameter_may_be_a_yaml_boolean(project: Project, tmp_path: Path) -> None:
    own = Project.copy(tmp_path)
    described = own.folder / "serverless.yml"
    described.write_text(described.read_text().replace('anonymous: "false"', "anonymous: true"))

    assert _settings(own.package()) == {("anonymous", "sub")}


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"jwtIssuer": "https://issuer.example"}, "jwtAudience is not"),
    ({"jwtAudience": "todos"}, "jwtIssuer is not"),
    ({**JWT, "jwtAudience": " ,"}, "names no audience. Separate several with commas"),
    ({**JWT, "anonymous": "true"}, "give only one"),
    ({"anonymous": "yes"}, "must be true or false"),
    ({"ownerClaim": "org_id"}, "ownerClaim=org_id needs jwtIssuer"),
    ({"ownerClaim": "org_id", "anonymous": "true"}, "ownerClaim=org_id needs"),
    ({"jwtScopes": "todos/read"}, "jwtScopes=todos/read needs jwtIssuer"),
    ({"anonymous": "true", "convoyAppId": ""}, "needs convoyAppId=…"),
]


def test_a_contradictory_parameter_is_named(project: Project) -> None:
    given = [DEFAULTS | params for params, _ in REFUSED]

    outcomes = call_each(SIGN_IN, given, project=project.folder)

    for outcome, (_, message) in zip(outcomes, REFUSED, strict=True):
        assert message in outcome["error"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"convoyProjectId": ""}, "infra/stages/dev.yml does not set convoyProjectId."),
        (REFUSED[0][0], REFUSED[0][1]),
    ],
)
def test_a_missing_parameter_ends_the_deployment(
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
