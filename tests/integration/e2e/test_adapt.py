"""The commands of docs/own-resource.md and docs/adapt.md do in a copy what the pages say."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.e2e.conftest import local_stack
from tests.integration.e2e.test_readme import run, sessions
from tests.paths import ROOT
from tests.support import foreign, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

resources = {path.name for path in (ROOT / "app" / "resources").glob("*.py")} - {"__init__.py"}
ADD = (ROOT / "docs" / "own-resource.md").read_text()
REPLACE = (ROOT / "docs" / "adapt.md").read_text()

pytestmark = pytest.mark.skipif(
    resources != {"todo.py"},
    reason="docs/own-resource.md is about a project whose only resource is the todo",
)

WHOLE = os.environ.get("ADAPT") == "whole"
"""Run every test in the copies, too: `.ci/weekly` does."""

COMMAND_S = 3600 if WHOLE else 500
"""Seconds for one command on a busy machine. The longest runs the tests of the copy."""

TESTS = (
    "tests/unit/domain",
    "tests/unit/http",
    "tests/integration/http/test_each_resource.py",
    "tests/integration/infra/test_contract.py",
)
"""The tests of resources, their events and their documents."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the working tree: a repository with its own environment, which `make` changes."""
    folder = tmp_path / "copy"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    # mypy then checks only what differs: by the time and the size, then by the text of a file.
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")
    identity = "-c user.name=copy -c user.email=copy@example.com"
    for command in ("git init -q", "git add -A", f"git {identity} commit -qm copy"):
        sh(folder, command)
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "uv").symlink_to(Path(sys.executable).with_name("uv"))  # quicker than pip
    sh(folder, f"PATH={tmp_path}/uv:$PATH make .venv/ready PYTHON={shlex.quote(sys.executable)}")
    copy_bytecode(folder)
    return folder


def copy_bytecode(folder: Path) -> None:
    """Copy what Python has compiled: the copied sources have the times by which it knows them."""
    for top in (".venv/lib", "app", "infra", "tests"):
        for compiled in (ROOT / top).rglob("__pycache__"):
            target = folder / compiled.relative_to(ROOT)
            if target.parent.is_dir():
                shutil.copytree(compiled, target, dirs_exist_ok=True)


def sh(folder: Path, command: str) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not foreign(name) or name.lower().endswith("_proxy")  # to install packages
    }
    with subprocess.Popen(
        ["bash", "-euc", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=COMMAND_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 0, f"{command}\n{output}"
    return output


def commands(text: str) -> Iterator[str]:
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        yield textwrap.dedent(block)


def check(folder: Path) -> None:
    sh(folder, "make check")
    sh(folder, "make test" if WHOLE else f".venv/bin/pytest -q {' '.join(TESTS)}")


def test_a_second_resource_is_one_file_and_one_line(copy: Path) -> None:
    if shutil.which("curl") is None:
        missing("curl", "curl is not installed")
    for command in commands(ADD):
        sh(copy, command)
    sh(copy, "make docs")
    changed = sh(copy, "git status --porcelain").splitlines()
    own = (copy / "app" / "resources" / "order.py").read_text()

    assert len(own.splitlines()) <= 60
    assert {line.split()[-1] for line in changed} == {
        "app/register.py",
        "app/resources/order.py",
        "docs/api.md",
        "docs/events.md",
        "docs/openapi.json",
        "examples/events.d.ts",
        "examples/events.py",
        "tests/unit/domain/test_order.py",
    }
    check(copy)
    with local_stack(cwd=copy) as stack:
        for command, shown in sessions(ADD):
            assert run(command, stack) == shown.rstrip("\n"), command


def test_another_resource_replaces_the_todo(copy: Path) -> None:
    for command in commands(REPLACE):
        sh(copy, command)

    assert sh(copy, "git ls-files | grep -i todo || true") == ""
    assert (copy / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert sh(copy, "git grep -il todo app infra tests ':!*/test_adapt.py' || true") == ""
    check(copy)
