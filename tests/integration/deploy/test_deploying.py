"""The pages of docs/ about deploying and alarms match the deployment."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import boto3
import yaml

from infra.local import tables
from tests.paths import ROOT
from tests.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.deploy.osls import Template

DOCS = ROOT / "docs"
RUNBOOK = (DOCS / "runbook.md").read_text()


def _first_cells(page: str) -> set[str]:
    """The names in the first column of a page's tables, without values."""
    cells = re.findall(r"^\| (`.+?) \|", (DOCS / page).read_text(), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)(?:=\w+)?`", cell)}


def test_every_parameter_is_documented() -> None:
    source = (ROOT / "serverless.yml").read_text()
    # safe_load knows no tags of CloudFormation.
    params = yaml.safe_load(re.sub(r"!(Ref|GetAtt) ", "", source))["params"]

    documented = _first_cells("parameters.md") | _first_cells("sign-in.md")

    assert documented == set(params["default"])


def test_the_lines_of_an_import_describe_the_kept_tables(
    packaged: Callable[..., Template], tmp_path: Path
) -> None:
    stage = packaged("prod")
    releases = (DOCS / "releases.md").read_text()
    section = releases.partition("\n### Taking kept tables up again\n")[2].partition("\n## ")[0]
    written, imported = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[1:3]
    for name in TABLES:
        written = written.replace(f"{name}=…", f"{name}=kept-{name}")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / ".serverless").mkdir()
    for name, text in (
        ("cloudformation-template-update-stack.json", stage.text),
        ("serverless-state.json", stage.state),
    ):
        (tmp_path / ".serverless" / name).write_text(text)
    for command in ("npx", "aws"):
        (tmp_path / command).write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/{command}.log\n')
        (tmp_path / command).chmod(0o700)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    lines = textwrap.dedent(written) + textwrap.dedent(imported)
    subprocess.run(["sh", "-euc", lines], cwd=tmp_path, env=os.environ | {"PATH": path}, check=True)

    local = tmp_path / ".local"
    template = json.loads((local / "import-template.json").read_text())
    assert set(template["Resources"]) == set(TABLES)
    assert "Outputs" not in template
    for table in template["Resources"].values():
        assert table["DeletionPolicy"] == "Retain"
    assert {
        each["LogicalResourceId"]: each["ResourceIdentifier"]["TableName"]
        for each in json.loads((local / "import-tables.json").read_text())
    } == {name: f"kept-{name}" for name in TABLES}
    given = json.loads((local / "import-parameters.json").read_text())
    names = {each["ParameterKey"] for each in given}
    declared = template["Parameters"]
    assert {name for name in declared if "Default" not in declared[name]} <= names <= set(declared)
    calls = (tmp_path / "aws.log").read_text()
    assert "--change-set-type IMPORT" in calls
    for file in re.findall(r"file://(\S+)", calls):
        assert (tmp_path / file).is_file()


def test_every_call_of_a_look_is_documented() -> None:
    """A deployer's policy has to allow them."""
    source = (ROOT / "infra" / "serverless" / "look" / "ask.js").read_text()
    deploying = (DOCS / "deploy.md").read_text()
    section = deploying.partition("\n## Before anything changes\n")[2].partition("\n## ")[0]

    documented = re.findall(r"`([a-z]+:[A-Z]\w+)`", section)

    assert sorted(documented) == re.findall(r"^  '([a-z]+:\w+)': \[", source, re.MULTILINE)


def test_every_alarm_names_its_section_of_the_runbook(template: Template) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    pages = {
        section: page
        for page in ("runbook-events.md", "runbook-requests.md")
        for section in re.findall(r"^## (\w+)$", (DOCS / page).read_text(), re.MULTILINE)
    }

    for name, alarm in alarms.items():
        section = name.removesuffix("Alarm").removesuffix("Reminder")
        place = f" docs/{pages[section]}#{section.lower()}"
        assert alarm["AlarmDescription"].endswith(place)
    assert {f"{section}Alarm" for section in pages} <= set(alarms)


def test_every_alarm_is_listed_in_the_document(template: Template) -> None:
    listed = _first_cells("runbook.md")

    alarms = template.of_type("AWS::CloudWatch::Alarm")
    assert {f"{name}Alarm" for name in listed} == set(alarms)


def test_the_runbooks_lines_use_the_stages_key_despite_a_local_one(
    aws: None, tmp_path: Path
) -> None:
    stage = {
        "CONVOY_API_KEY_SECRET": "the stage's",
        "CONVOY_APP_ID": "everyone",
        "CONVOY_PROJECT_ID": "project-1",
        "CONVOY_BASE_URL": "https://convoy.example/api",
        **tables.settings(TABLES),
    }
    secret = json.dumps({"CONVOY_API_KEY": "the-stages-own"})
    region = os.environ["AWS_REGION"]
    boto3.client("secretsmanager", region).create_secret(Name="the stage's", SecretString=secret)
    tables.create_tables(boto3.client("dynamodb", region), TABLES)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / ".env").write_text("CONVOY_API_KEY=mine\n")
    (tmp_path / "aws").write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(stage)}\nEND\n")
    (tmp_path / "aws").chmod(0o700)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    lines = RUNBOOK.partition("```sh\n")[2].partition("```")[0]

    done = subprocess.run(
        ["sh", "-ec", lines],
        cwd=tmp_path,
        env=os.environ | {"CONVOY_API_KEY": "mine", "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "The outbox is empty: Convoy handled every event.\n", done.stderr
