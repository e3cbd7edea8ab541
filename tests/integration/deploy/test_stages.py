"""A stage's file says what the stage is made of. A stage is safe unless its file says otherwise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.integration.deploy.javascript import call_each
from tests.integration.deploy.osls import Project
from tests.paths import ROOT
from tests.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.deploy.osls import Template
    from tests.support import JsonObject

READ = """({ folder, stage, options, service = 'todos' }) => {
  const { readFileSync } = require('node:fs');
  const configurationInput = {
    service,
    params: {
      default: { convoyProjectId: '', rateLimit: 50, anonymous: '', accept: '', backupDays: '' },
    },
    provider: { stage },
  };
  require('./infra/serverless/stage').readStage({
    configurationInput,
    serviceDir: folder,
    processedInput: { options },
    utils: { readFileSync: (file) => require('js-yaml').load(readFileSync(file, 'utf8')) },
    classes: { Error },
  });
  return configurationInput.params[stage];
}"""

OWN = """
convoyBaseUrl: https://convoy.example/api
convoyProjectId: the file's
anonymous: true
convoyAppId: everyone
rateLimit: 7
alarmEmail:
"""


def _provider(template: Template) -> JsonObject:
    provider: JsonObject = json.loads(template.state)["service"]["provider"]
    return provider


def read(folder: Path, cases: list[tuple[str, list[str]]]) -> list[JsonObject]:
    """What the plugin makes of each file's text with `--param`s."""
    (folder / "infra" / "stages").mkdir(parents=True)
    for number, (text, _) in enumerate(cases):
        (folder / f"infra/stages/s{number}.yml").write_text(text)
    given = [
        {"folder": str(folder), "stage": f"s{number}", "options": {"param": params}}
        for number, (_, params) in enumerate(cases)
    ]
    return call_each(READ, given)


def test_a_stages_values_come_from_its_file_as_texts(tmp_path: Path) -> None:
    cases: list[tuple[str, list[str]]] = [
        ("convoyProjectId: p1\nrateLimit: 7\nanonymous: true\n", []),
        ("convoyProjectId:\n", []),
        ("", []),
    ]

    answers = read(tmp_path, cases)

    assert [answer["value"] for answer in answers] == [
        {"convoyProjectId": "p1", "rateLimit": "7", "anonymous": "true"},
        {},
        {},
    ]


def test_a_name_that_is_no_parameter_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    cases = [
        ("rateLimits: 7\n", []),
        ("rateLimit: [7]\n", []),
        ("accept: rateLimit\n", []),
        ("", ["rateLimits=7"]),
        ("", ["rateLimit=7", "accept=rateLimit"]),
    ]

    answers = read(tmp_path, cases)

    assert [answer.get("error", "").partition(". ")[0] for answer in answers] == [
        "infra/stages/s0.yml: there is no parameter rateLimits",
        "infra/stages/s1.yml: rateLimit must be a text, a number, true or false.",
        "infra/stages/s2.yml: accept holds for one deployment: give it as --param accept=….",
        "--param: there is no parameter rateLimits",
        "",
    ]


WRONG = {
    "reserveRelay": "yes",
    "publishReads": "no",
    "snapStart": "1",
    "rateLimit": "abc",
    "burstLimit": "0",
    "maxEndpoints": "500",
    "basePath": "/v1/%20x",
    "alarmEmail": "nobody",
    "jwtIssuer": "issuer.example",
    "contributorInsights": "yes",
    "logRetentionInDays": "45",
    "tracing": "On",
}
"""Values that would pass until a deployment is under way, or that would mean the contrary."""

FORM = "([name, value]) => require('./infra/serverless/forms').problemOfForm(name, value) ?? null"


def test_a_value_of_a_wrong_form_is_named_with_the_form(tmp_path: Path) -> None:
    refusals = [answer["value"] for answer in call_each(FORM, [[*each] for each in WRONG.items()])]

    for (name, value), refusal in zip(WRONG.items(), refusals, strict=True):
        assert refusal.startswith(f'{name} is "{value}": it must be ')
    in_a_file, as_param = read(tmp_path, [("rateLimit: abc\n", []), ("", ["rateLimit=abc"])])
    assert in_a_file["error"].startswith('infra/stages/s0.yml: rateLimit is "abc"')
    assert as_param["error"].startswith('--param: rateLimit is "abc"')


def test_the_defaults_of_all_parameters_have_the_right_form() -> None:
    source = (ROOT / "serverless.yml").read_text().replace("!Ref ", "").replace("!GetAtt ", "")
    given = [
        [name, str(value)]
        for name, value in yaml.safe_load(source)["params"]["default"].items()
        if "${" not in str(value)
    ]
    assert {name for name, _ in given} >= WRONG.keys() - {"logRetentionInDays"}
    right = [["basePath", "/shop/v1"], ["maxEndpoints", "100"], ["logRetentionInDays", "731"]]

    assert {answer["value"] for answer in call_each(FORM, given + right)} == {None}


def test_a_stage_without_a_file_is_refused(project: Project) -> None:
    done = project.run("package", "--stage=qa")

    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert 'The stage "qa" has no infra/stages/qa.yml' in output
    assert "Copy infra/stages/prod.yml, or dev.yml" in output
    assert "    at " not in output


def test_a_stages_name_is_short_and_begins_no_other_stages_name(tmp_path: Path) -> None:
    names = ["prod-eu", "s" * 13, "prod_eu", "Prod2"]
    (tmp_path / "infra" / "stages").mkdir(parents=True)
    (tmp_path / "infra/stages/Prod2.yml").write_text("")

    answers = call_each(
        READ, [{"folder": str(tmp_path), "stage": name, "options": {}} for name in names]
    )

    assert [answer.get("error") for answer in answers] == [
        f'The stage\'s name "{name}" must have 1 to 12 letters and digits, and no hyphen. Choose'
        " another."
        for name in names[:3]
    ] + [None]


def test_the_name_of_a_stack_with_backups_fits_into_the_vaults(tmp_path: Path) -> None:
    (tmp_path / "infra" / "stages").mkdir(parents=True)
    (tmp_path / "infra/stages/with.yml").write_text("backupDays: 35")
    (tmp_path / "infra/stages/none.yml").write_text("")
    own = {"folder": str(tmp_path), "options": {}}
    cases = [("with", 27), ("with", 28), ("none", 28)]

    fits, long, needs_no_vault = call_each(
        READ, [own | {"stage": stage, "service": "s" * length} for stage, length in cases]
    )

    assert fits == {"value": {"backupDays": "35"}}
    assert long["error"].startswith("backupDays: AWS Backup takes no stack whose name is over 32")
    assert needs_no_vault == {"value": {}}


def test_no_stage_is_deployed_without_its_convoy() -> None:
    problem = "({ stage, inNetwork, ...needed }) => require('./infra/serverless/stage')"
    problem += ".problemOfNeeded(stage, needed, { inNetwork }) ?? null"
    right = {"convoyBaseUrl": "https://convoy.example/api", "convoyProjectId": "p1"}
    cases: list[JsonObject] = [
        {"convoyBaseUrl": "", "convoyProjectId": ""},
        right | {"convoyBaseUrl": "https://convoy.example"},
        right | {"convoyBaseUrl": "convoy.example/api"},
        right | {"convoyBaseUrl": "http://convoy.example/api"},
        right | {"convoyBaseUrl": "http://convoy.internal/api", "inNetwork": True},
        right | {"convoyBaseUrl": "https://ann:secret@convoy.example/api"},
        right,
    ]

    answers = call_each(problem, [case | {"stage": "prod"} for case in cases])

    values = (answer["value"] for answer in answers)
    missing, dashboard, schemeless, clear, own, password, none = values
    assert clear.startswith(
        'convoyBaseUrl is "http://convoy.example/api": the API key would travel'
    )
    assert own is None
    assert password.startswith("convoyBaseUrl has a user name or a password: leave it out.")
    assert "secret" not in password
    assert missing.startswith(
        "infra/stages/prod.yml does not set convoyBaseUrl, convoyProjectId. Set it there"
    )
    for url, refusal in (("https://convoy.example", dashboard), ("convoy.example/api", schemeless)):
        assert refusal.startswith(f'convoyBaseUrl is "{url}": it must be the root of Convoy')
    assert none is None


@pytest.mark.parametrize("command", [["rollback"], ["rollback", "function"]])
def test_the_frameworks_rollback_is_refused(project: Project, command: list[str]) -> None:
    function = ["--function=api", "--function-version=1"] if "function" in command else []

    done = project.run(*command, *function)

    assert done.returncode != 0
    assert (
        "Nothing was changed. Go back with `make rollback STAGE=dev`" in done.stdout + done.stderr
    )


def test_a_wrong_value_is_named_with_those_that_are_right() -> None:
    resolver = """([name, value]) => require(`./infra/serverless/${name}`)({
      resolveVariable: async (variable) => (variable.startsWith('param:') ? value : variable),
    })"""
    cases = [("keeping", "yes"), ("shift", "Canary"), ("shift", "Linear10PercentEvery1Minute")]

    keeping, shift, right = call_each(resolver, cases)

    assert keeping["error"] == 'disposable is "yes": it must be true or false'
    assert shift["error"].startswith('shift is "Canary": it must be one of AllAtOnce, Canary10')
    assert right == {"value": "file(infra/shift.yml)"}


def test_no_committed_stage_sends_its_events_to_a_default_convoy() -> None:
    source = (ROOT / "serverless.yml").read_text()
    defaults = yaml.safe_load(source.replace("!Ref ", "").replace("!GetAtt ", ""))["params"]
    assert set(defaults) == {"default"}
    assert defaults["default"]["convoyBaseUrl"] == ""
    for file in (ROOT / "infra" / "stages").glob("*.yml"):
        assert yaml.safe_load(file.read_text())["convoyBaseUrl"] is None


@pytest.fixture(scope="module")
def own(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A new stage, with one parameter of the command line."""
    copy = Project.copy(tmp_path_factory.mktemp("own"))
    (copy.folder / "infra/stages/own.yml").write_text(OWN)
    given = dict.fromkeys(["convoyBaseUrl", "convoyAppId"], "")
    return copy.package("--stage=own", convoyProjectId="of this deployment", **given)


def test_the_file_counts_more_than_defaults_and_less_than_the_command_line(own: Template) -> None:
    environment = own.properties("ApiLambdaFunction")["Environment"]["Variables"]

    assert environment["CONVOY_PROJECT_ID"] == "of this deployment"
    assert environment["CONVOY_BASE_URL"] == "https://convoy.example/api"
    assert (environment["SIGN_IN"], environment["CONVOY_APP_ID"]) == ("anonymous", "everyone")
    throttle = own.properties("HttpApiStage")["DefaultRouteSettings"]
    assert (throttle["ThrottlingRateLimit"], throttle["ThrottlingBurstLimit"]) == ("7", 100)
    assert own.parameters["AlarmEmail"] == ""


def test_a_new_stage_is_safe_by_default(own: Template) -> None:
    provider = _provider(own)

    assert own.parameters["DeletionProtection"] == "true"
    assert provider["deletionProtection"] is True
    for table in TABLES:
        resource = own.resources[table]
        # A first deployment that fails leaves no table behind.
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"
        assert resource["Properties"]["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    for group in own.of_type("AWS::Logs::LogGroup").values():
        assert group["RetentionInDays"] == 90
    denied = [each for each in provider["stackPolicy"] if each["Effect"] == "Deny"]
    assert [each["Action"] for each in denied] == [["Update:Replace", "Update:Delete"]]
    assert denied[0]["Resource"] == "*"
    tables = {"StringEquals": {"ResourceType": ["AWS::DynamoDB::Table"]}}
    assert denied[0]["Condition"] == tables
