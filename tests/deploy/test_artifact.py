"""The zip that is deployed is built by the way, unless one is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.deploy.osls import Project

    Python = Callable[[str], None]


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Python:
    """Puts a shell script in the place of the Python that builds."""

    def replace(script: str) -> None:
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setenv("PYTHON", str(program))

    return replace


def test_the_zip_is_built_for_the_functions_platform_and_python(
    project: Project, python: Python, tmp_path: Path
) -> None:
    python(f'echo "$@" > {tmp_path}/asked; mkdir -p build; cp stand-in.zip build/todo-arm64.zip')

    template = project.package(artifact="")

    asked = (tmp_path / "asked").read_text().split()
    assert asked == [
        *("-m", "infra.package", "--arch", "arm64", "--python", "3.13"),
        *("--out", "build/todo-arm64.zip"),
    ]
    for function in template.of_type("AWS::Lambda::Function").values():
        assert function["Code"]["S3Key"].endswith("/todo-arm64.zip")


def test_a_zip_that_is_given_is_deployed_as_it_is(project: Project, python: Python) -> None:
    python("exit 1")

    template = project.package(artifact="stand-in.zip")

    for function in template.of_type("AWS::Lambda::Function").values():
        assert function["Code"]["S3Key"].endswith("/stand-in.zip")


@pytest.mark.parametrize("script", ["exit 3", None])
def test_a_build_that_fails_ends_it_all(
    project: Project, python: Python, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    if script is None:
        monkeypatch.setenv("PYTHON", "/nowhere/python")
    else:
        python(script)

    done = project.run("package", artifact="")

    assert done.returncode != 0
    assert "The zip was not built" in done.stdout + done.stderr
