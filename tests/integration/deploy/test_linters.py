"""cfn-lint and checkov check the deployed template."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from infra.checks import tool_env
from infra.checks.run import run
from tests.integration.deploy.company import COMPANY
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.deploy.osls import Template

    Packaged = Callable[..., Template]

VARIANTS = [
    {"stage": "dev"},
    COMPANY,
    {"stage": "dev", "jwtIssuer": "https://issuer.example", "jwtAudience": "todos"},
]
LINT_S = 120.0


def test_cfn_lint_finds_nothing(packaged: Packaged, tmp_path: Path) -> None:
    templates = [tmp_path / f"{number}.json" for number in range(len(VARIANTS))]
    for template, variant in zip(templates, VARIANTS, strict=True):
        template.write_text(packaged(**variant).text)
    templates += sorted((ROOT / "infra" / "company").glob("*.yml"))

    # W3005: the framework declares dependencies that CloudFormation would find by itself.
    lint = Path(sys.executable).with_name("cfn-lint")
    options = ["--ignore-checks", "W3005", "--template", *map(str, templates)]
    run([str(lint), *options], "cfn-lint", LINT_S)


def test_checkov_finds_only_accepted_exceptions(packaged: Packaged, tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_text(packaged("prod").text)

    config = ROOT / "tests/integration/deploy" / "checkov.yml"
    checkov = tool_env.commands("checkov") / "checkov"
    options = ["--config-file", str(config), "--file", str(template)]
    run([str(checkov), *options], "checkov", LINT_S)
