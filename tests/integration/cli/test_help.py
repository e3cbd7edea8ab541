"""The help of every command, the words in which it calls itself, the version and the completion."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, PackageNotFoundError
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.main import get_command

from app.cli.called import NAME, called_as, command
from app.cli.completing import VARIABLE
from app.cli.main import cli
from app.cli.options import EXIT_CODES
from app.runtime.version import version
from tests.integration.cli.shell import DONE, python_m_app, run
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def paths(group: Any, *before: str) -> Iterator[tuple[str, ...]]:
    """Every command, and every group."""
    yield before
    context = typer.Context(group, info_name=NAME)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if hasattr(found, "list_commands"):
            yield from paths(found, *before, name)
        else:
            yield (*before, name)


TOP = get_command(cli)
PATHS = list(paths(TOP))


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_each_help_has_examples_that_are_right_in_the_words_of_the_call(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLED_AS", "sh .local/app-prod")
    monkeypatch.setenv("COLUMNS", "200")

    shown = run(*path, "-h").stdout.partition(" Examples:")[2].splitlines()
    examples = [line for line in shown if line.startswith(" $ ")]

    assert examples
    for each in examples:
        words = shlex.split(each.partition(" | ")[0].partition(" > ")[0])
        assert words[:3] == ["$", "sh", ".local/app-prod"]
        parse(TOP, [word.replace("_ID", "") for word in words[3:]])


def parse(group: Any, words: list[str]) -> None:
    """Raises if an option or an argument is wrong. Runs nothing."""
    found = group.get_command(typer.Context(group), words[0])
    if hasattr(found, "list_commands") and words[1:]:
        parse(found, words[1:])
    else:
        found.make_context(words[0], words[1:])


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_each_help_fits_and_only_the_top_one_has_the_exit_codes(path: tuple[str, ...]) -> None:
    shown = run(*path, "--help")

    assert shown.exit_code == DONE
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())
    assert "<bool>" not in shown.stdout
    lines = [line.strip() for line in shown.stdout.splitlines()]
    codes = [f"{code}  {meaning}" for code, meaning in EXIT_CODES.items()]
    assert [code for code in codes if code in lines] == ([] if path else codes)


def test_pyproject_installs_the_command_under_its_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ((name, target),) = project["scripts"].items()

    assert name == NAME
    assert callable(EntryPoint(name, target, "console_scripts").load())


@pytest.mark.parametrize(
    ("program", "name"),
    [("/bin/hookctl", "hookctl"), ("/work/app/__main__.py", "python -m app")],
)
def test_the_usage_and_the_hints_have_the_words_of_the_call(
    monkeypatch: pytest.MonkeyPatch, program: str, name: str
) -> None:
    monkeypatch.delenv("CALLED_AS")
    monkeypatch.setattr(sys, "argv", [program])

    assert called_as() == name
    assert command("convoy endpoints --owner", "a b") == f"{name} convoy endpoints --owner 'a b'"
    assert f"Usage: {name} outbox " in run("outbox", "-h").stdout


def test_the_version_is_that_of_the_package_or_of_the_checkout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def not_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    installed = run("--version")
    monkeypatch.setattr("importlib.metadata.version", not_installed)
    checkout = run("--version")

    assert installed.stdout == checkout.stdout == f"hookctl {version()}\n"


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("hookctl convoy de", "deliveries"), ("hookctl convoy trigger de", "deleted")],
)
def test_a_shell_gets_the_words_that_fit(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    completed: str,
) -> None:
    last = str(typed.count(" "))
    asked = {VARIABLE: "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": last}
    for name, value in asked.items():
        monkeypatch.setenv(name, value)

    assert (python_m_app(monkeypatch), capsys.readouterr().out) == (DONE, f"{completed}\n")


def test_bash_completes_with_the_script(tmp_path: Path) -> None:
    program = tmp_path / "hookctl"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m app "$@"\n')
    program.chmod(0o700)
    (tmp_path / "script").write_text(run("completion", "bash").stdout)
    typed = """
        source ./script
        COMP_WORDS=(hookctl outbox "") COMP_CWORD=2
        _hookctl_completion hookctl
        echo "${COMPREPLY[*]}"
    """
    done = subprocess.run(  # noqa: S603
        ["bash", "-euc", typed],  # noqa: S607
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("list show\n", "")
