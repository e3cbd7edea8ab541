"""A deployment asks the issuer of the tokens what API Gateway will ask it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.deploy import issuers
from tests.integration.deploy.issuers import RSA, Issuers
from tests.integration.deploy.javascript import call_each
from tests.ports import own_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.deploy.osls import Project
    from tests.support import JsonObject

LOOK = """async ({ issuer, deadlineMs = 60_000, deployed }) => {
  const { Denied } = require('./infra/serverless/look/outcomes');
  const ask = async () => {
    if (deployed === null) throw new Denied('cloudformation:GetTemplate');
    if (deployed === undefined) throw Object.assign(new Error(), { name: 'ValidationError' });
    const Properties = { JwtConfiguration: { Issuer: deployed } };
    return { TemplateBody: JSON.stringify({ Resources: { Table: {}, Jwt: { Properties } } }) };
  };
  await require('./infra/serverless/look/issuer').look(ask, { issuer, stack: 's' }, deadlineMs);
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuers]:
    folder = tmp_path_factory.mktemp("issuers")
    with issuers.serve(folder) as served, pytest.MonkeyPatch.context() as environment:
        environment.setenv("NODE_EXTRA_CA_CERTS", str(folder / "authority.pem"))
        yield served


def _look(project: Project, *cases: JsonObject) -> list[JsonObject]:
    return call_each(LOOK, cases, project=project.folder)


def test_an_issuer_with_an_rsa_key_passes(project: Project, served: Issuers) -> None:
    elliptic = {"kty": "EC", "kid": "2", "use": "sig", "alg": "ES256"}
    bare = {"kty": "RSA", "kid": "1", "n": "sXch", "e": "AQAB"}

    outcomes = _look(
        project,
        {"issuer": served.add("plain", RSA)},
        {"issuer": served.add("mixed", elliptic, bare)},
        {"issuer": served.add("slash/", RSA)},
        {"issuer": ""},
    )

    assert outcomes == [{}] * 4


def test_an_issuer_that_api_gateway_cant_use_is_refused_by_name(
    project: Project, served: Issuers
) -> None:
    elliptic = {"kty": "EC", "kid": "2", "use": "sig", "alg": "ES256"}
    no_keys = "has no RSA key"
    refused = {
        served.add("elliptic", elliptic): no_keys,
        served.add("encrypting", RSA | {"use": "enc"}): no_keys,
        served.add("padded", RSA | {"alg": "PS256"}): no_keys,
        served.add("nameless", {**RSA, "kid": ""}): no_keys,
        served.add("keyless"): no_keys,
        served.add("other", RSA, issuer="https://o.example"): 'calls itself "https://o.example"',
        served.add("slash", RSA, issuer=f"{served.url}/slash/"): "to the letter",
        served.add("plaintext", RSA, jwks_uri="http://localhost/keys"): "is not an https URL",
        f"{served.url}/absent": "answers 404, not 200",
        served.url.replace("https", "http"): 'must be an https URL without "?"',
        f"{served.url}/plain?x=1": 'must be an https URL without "?"',
        "issuer.example": 'must be an https URL without "?"',
        f"https://localhost:{own_port()}": "can't be read (ECONNREFUSED)",
    }
    for name, body in {"text": b"no JSON", "array": b"null"}.items():
        issuer = served.add(name, RSA)
        served.answers[f"/{name}{issuers.DISCOVERY}"] = (200, body)
        refused[issuer] = "has no JSON object"

    outcomes = _look(project, *({"issuer": issuer} for issuer in refused))

    for outcome, problem in zip(outcomes, refused.values(), strict=True):
        assert outcome["kind"] == "Refusal"
        assert problem in outcome["error"]


def test_an_issuer_that_does_not_answer_ends_the_look_by_its_deadline(
    project: Project, served: Issuers
) -> None:
    issuer, asked = f"{served.url}/silent", f"/silent{issuers.DISCOVERY}"
    served.silent.add(asked)

    (outcome,) = _look(project, {"issuer": issuer, "deadlineMs": 300})

    assert outcome["error"] == f"{served.url}{asked} did not answer within 0.3 s. Try again."


def test_an_outage_of_an_issuer_that_the_stack_has_stops_no_deployment(
    project: Project, served: Issuers
) -> None:
    issuer = f"{served.url}/down"
    served.answers[f"/down{issuers.DISCOVERY}"] = (503, b"")

    same, another, absent, unknown = _look(
        project,
        {"issuer": issuer, "deployed": issuer},
        {"issuer": issuer, "deployed": "https://issuer.example"},
        {"issuer": issuer},
        {"issuer": issuer, "deployed": None},
    )

    assert same["kind"] == "NotSeen"
    assert "answers 503, not 200" in same["error"]
    assert "The stack has this issuer already" in same["error"]
    assert {another["kind"], absent["kind"], unknown["kind"]} == {"Refusal"}


def test_the_issuer_is_asked_through_the_deployers_proxy(
    project: Project, served: Issuers, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer, port = served.add("proxied", RSA), own_port()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")

    (outcome,) = _look(project, {"issuer": issuer})

    assert "can't be read (ECONNREFUSED)" in outcome["error"]
    assert json.dumps(outcome).count("HTTPS_PROXY") == 1
