"""What is deployed, in the eyes of cfn-lint and checkov."""

from __future__ import annotations

import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deploy.osls import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.osls import Template

    Packaged = Callable[..., Template]

VARIANTS = [
    {"stage": "dev"},
    {"stage": "prod", "alarmEmail": "ops@example.com", "tracing": "Active"},
    {"stage": "dev", "jwtIssuer": "https://issuer.example", "jwtAudience": "todos"},
]
INSTALL_S = 300
LINT_S = 120


@pytest.fixture(scope="session")
def checkov() -> Path:
    """checkov, in an environment of its own."""
    lock = ROOT / "requirements-checkov.txt"
    home = ROOT / ".local" / f"checkov-{sha256(lock.read_bytes()).hexdigest()[:12]}"
    command = home / "bin" / "checkov"
    if not command.exists():
        uv = [sys.executable, "-m", "uv"]
        shutil.rmtree(home, ignore_errors=True)
        _run(*uv, "venv", "--quiet", "--python", sys.executable, home, deadline_s=INSTALL_S)
        sync = [*uv, "pip", "sync", "--quiet", "--require-hashes"]
        _run(*sync, "--python", home, lock, deadline_s=INSTALL_S)
    return command


def _run(*command: str | Path, deadline_s: float) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=deadline_s, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_cfn_lint_finds_nothing(packaged: Packaged, tmp_path: Path) -> None:
    templates = [tmp_path / f"{number}.json" for number in range(len(VARIANTS))]
    for template, variant in zip(templates, VARIANTS, strict=True):
        template.write_text(packaged(**variant).text)

    # W3005: the framework spells out dependencies that CloudFormation would find by itself.
    lint = Path(sys.executable).with_name("cfn-lint")
    _run(lint, "--ignore-checks", "W3005", "--template", *templates, deadline_s=LINT_S)


def test_checkov_finds_nothing_but_what_is_left_for_a_reason(
    packaged: Packaged, checkov: Path, tmp_path: Path
) -> None:
    template = tmp_path / "template.json"
    template.write_text(packaged("prod").text)

    config = ROOT / "tests" / "deploy" / "checkov.yml"
    _run(checkov, "--config-file", config, "--file", template, deadline_s=LINT_S)
