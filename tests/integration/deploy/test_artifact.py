"""A deployment builds its zip, unless a zip is given."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.deploy.osls import Project

    Make = Callable[[str], None]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Replaces `make` by a shell script."""

    def replace(script: str) -> None:
        program = tmp_path / "make"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return replace


def test_the_zip_is_built_for_the_functions_platform_and_python(
    project: Project, make: Make, tmp_path: Path
) -> None:
    make(
        f'echo "$@" > {tmp_path}/arguments; mkdir -p build; cp stand-in.zip build/lambda-arm64.zip'
    )

    template = project.package(artifact="")

    arguments = (tmp_path / "arguments").read_text().strip()
    assert arguments == "package ARGS=--arch arm64 --python 3.13 --out build/lambda-arm64.zip"
    for function in template.of_type("AWS::Lambda::Function").values():
        assert function["Code"]["S3Key"].endswith("/lambda-arm64.zip")


def test_a_given_zip_is_deployed_unchanged(project: Project, make: Make) -> None:
    make("exit 1")

    template = project.package(artifact="stand-in.zip")

    for function in template.of_type("AWS::Lambda::Function").values():
        assert function["Code"]["S3Key"].endswith("/stand-in.zip")


def test_a_failed_build_ends_the_deployment(project: Project, make: Make) -> None:
    make("exit 3")

    done = project.run("package", artifact="")

    assert done.returncode != 0
    assert "The zip was not built: make package ended with 3." in done.stdout + done.stderr


def test_a_missing_make_is_reported(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "node").symlink_to(shutil.which("node") or "")
    monkeypatch.setenv("PATH", str(tmp_path))

    done = project.run("package", artifact="")

    assert done.returncode != 0
    assert "make package did not start (ENOENT)." in done.stdout + done.stderr
