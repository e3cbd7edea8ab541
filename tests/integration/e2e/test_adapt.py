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

from tests.integration.e2e.stacks import local_stack
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

IDENTITY = "-c user.name=copy -c user.email=copy@example.com"

COMMAND_S = 3600 if WHOLE else 500
"""Seconds for one command on a busy machine. The longest runs the tests of the copy."""

TESTS = (
    "tests/unit/domain",
    "tests/unit/http",
    "tests/integration/http/test_each_resource.py",
    "tests/integration/infra/test_contract.py",
)
"""The tests of resources, their events and their documents."""

WITHOUT_THE_TODO = (
    *TESTS,
    "tests/integration/attack/test_owners.py",
    "tests/integration/cli/test_convoy_about.py",
    "tests/integration/customers/test_choices.py",
    "tests/integration/e2e/test_customer.py",
    "tests/integration/e2e/test_readme.py",
    "tests/integration/lambda_/test_gateway.py",
)
"""Besides, tests of each kind: with the tests' own register, and with a process of the product."""


@pytest.fixture
def copy(added: Path) -> Path:
    """The copy as it was before other tests changed it."""
    sh(
        added,
        "git reset --hard -q order && git clean -fdq",
    )
    return added


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree with the order of docs/own-resource.md: a repository with its own
    environment, which `make` changes."""
    tmp_path = tmp_path_factory.mktemp("adapt")
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
    for command in ("git init -q", "git add -A", f"git {IDENTITY} commit -qm copy"):
        sh(folder, command)
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "uv").symlink_to(Path(sys.executable).with_name("uv"))  # quicker than pip
    sh(folder, f"PATH={tmp_path}/uv:$PATH make .venv/ready PYTHON={shlex.quote(sys.executable)}")
    copy_bytecode(folder)
    if (ROOT / ".venv" / "files").exists():
        (folder / ".venv" / "files").touch()  # the workflows are those that were checked
    for command in commands(ADD):
        sh(folder, command)
    sh(folder, "make docs")
    for command in ("git add -A", f"git {IDENTITY} commit -qm order", "git tag order"):
        sh(folder, command)
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


def check(folder: Path, *tests: str) -> None:
    sh(folder, "make check")
    sh(folder, "make test" if WHOLE else f".venv/bin/pytest -q {' '.join(tests)}")


def test_a_second_resource_is_one_file_and_one_line(copy: Path) -> None:
    if shutil.which("curl") is None:
        missing("curl", "curl is not installed")
    changed = sh(copy, "git diff --name-only HEAD^").splitlines()
    own = (copy / "app" / "resources" / "order.py").read_text()

    assert len(own.splitlines()) <= 60
    assert set(changed) == {
        "app/register.py",
        "app/resources/order.py",
        "docs/api.md",
        "docs/events.md",
        "docs/openapi.json",
        "examples/events.d.ts",
        "examples/events.py",
        "tests/unit/domain/test_order.py",
    }
    check(copy, *TESTS)
    with local_stack(cwd=copy) as stack:
        for command, shown in sessions(ADD):
            assert run(command, stack) == shown.rstrip("\n"), command


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(TODO, ORDER)", "(ORDER,)"),
        ("(ORDER, TODO)", "(ORDER,)"),
        ("(TODO, ORDER_2, NOTE)", "(ORDER_2, NOTE)"),
        ("(\n    TODO,\n    ORDER,\n)", "(\n    ORDER,\n)"),
    ],
)
def test_the_todo_leaves_a_register_of_any_form(before: str, after: str, tmp_path: Path) -> None:
    register, line = tmp_path / "app" / "register.py", "RESOURCES: tuple[ResourceType[Any], ...] = "
    register.parent.mkdir()
    register.write_text(f"from app.resources.todo import TODO\n\n{line}{before}\n")
    [command] = re.findall(r"^ *(sed .* app/register\.py)$", REPLACE, re.MULTILINE)

    sh(tmp_path, command)

    assert register.read_text() == f"\n{line}{after}\n"


def test_another_resource_replaces_the_todo_and_no_test_is_edited(copy: Path) -> None:
    take_out, name = commands(REPLACE)

    sh(copy, take_out)
    changed = sh(copy, "git status --porcelain --no-renames").splitlines()
    assert {line.split()[-1] for line in changed} == {
        "app/register.py",
        "app/resources/todo.py",
        "docs/api.md",
        "docs/commands.md",
        "docs/events.md",
        "docs/openapi.json",
        "examples/events.d.ts",
        "examples/events.py",
        "tests/todo.py",
    }
    generated = "docs/events.md docs/commands.md docs/openapi.json examples/events.*"
    assert sh(copy, f"git grep -iw todo -- {generated} || true") == ""

    sh(copy, name)
    assert (copy / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    product = "app infra handler.py serverless.yml pyproject.toml Makefile"
    assert sh(copy, f"git grep -il todo -- {product} || true") == ""
    check(copy, *WITHOUT_THE_TODO)
