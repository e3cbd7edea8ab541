"""`docs/deploy.md` and `docs/runbook.md` tell of what there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from tests.deploy.osls import ROOT

if TYPE_CHECKING:
    from tests.deploy.osls import Template

DEPLOYING = (ROOT / "docs" / "deploy.md").read_text()
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()


def _first_cells(heading: str) -> set[str]:
    """The names in the first column of the table below a heading, values left out."""
    section = DEPLOYING.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)(?:=\w+)?`", cell)}


def test_every_parameter_is_told() -> None:
    source = (ROOT / "serverless.yml").read_text()
    # CloudFormation's tags play no part here.
    params = yaml.safe_load(re.sub(r"!(Ref|GetAtt) ", "", source))["params"]

    told = _first_cells("Parameters") | _first_cells("Who may call")

    assert told == {name for stage in params.values() for name in stage}


def test_the_runbook_has_a_section_for_every_alarm_which_names_it(template: Template) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    sections = re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE)

    assert {f"{name}Alarm" for name in sections} == set(alarms)
    for name in sections:
        description = alarms[f"{name}Alarm"]["AlarmDescription"]
        assert description.endswith(f"docs/runbook.md#{name.lower()}")
