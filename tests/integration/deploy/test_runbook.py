"""The runbook's commands for AWS: their options exist, and what they name is in the template."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from itertools import groupby
from typing import TYPE_CHECKING

import boto3
from botocore import xform_name

from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.deploy.osls import Template

PAGES = [*sorted(ROOT.glob("docs/runbook*.md")), ROOT / "docs/missed-events.md"]
TEXT = "\n".join(page.read_text() for page in PAGES)
STACK = "fastapi-todo-convoy-dev"
GLOBAL = {"query", "output"}
OWN = {("logs", "tail"): {"since", "format", "filter-pattern"}}
"""Commands of the AWS CLI that are no call of an API (its reference)."""


def _commands() -> Iterator[list[str]]:
    """The words of each `aws` command, for the stage `dev`."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    text = "\n".join([*blocks, *re.findall(r"`(aws [^`]+)`", TEXT)]).replace("\\\n", " ")
    for name in ("$STACK", f"{STACK.removesuffix('-dev')}-prod"):
        text = text.replace(name, STACK)
    words = shlex.shlex(text, posix=True, punctuation_chars="\n|&;()<>")
    words.whitespace, words.whitespace_split = " ", True
    for ends, command in groupby(words, lambda word: word.strip("\n|&;()<>") == ""):
        found = list(command)
        if not ends and found[0] == "aws":
            yield found


def _options(words: list[str]) -> dict[str, str]:
    return {
        word.removeprefix("--"): following
        for word, following in zip(words, [*words[1:], ""], strict=True)
        if word.startswith("--")
    }


def test_each_command_for_aws_exists_with_its_options() -> None:
    commands = list(_commands())

    assert len(commands) == len(re.findall(r"(?:^ *|\(|`)aws ", TEXT, re.MULTILINE))
    for _, service, operation, *words in commands:
        if (service, operation) in OWN:
            known = OWN[service, operation]
        else:
            model = boto3.client(service, "eu-central-1").meta.service_model  # type: ignore[call-overload]
            name = {xform_name(each, "-"): each for each in model.operation_names}[operation]
            members = model.operation_model(name).input_shape.members
            known = {xform_name(each, "-") for each in members} | GLOBAL
        assert set(_options(words)) <= known, f"{service} {operation}"


def test_what_a_command_for_aws_names_is_in_the_template(template: Template) -> None:
    functions = {
        each["FunctionName"] for each in template.of_type("AWS::Lambda::Function").values()
    }
    groups = {each["LogGroupName"] for each in template.of_type("AWS::Logs::LogGroup").values()}
    named = re.findall(r"/aws/[\w/$-]+", TEXT.replace("$STACK", STACK).replace("-prod", "-dev"))
    options = [_options(words) for words in _commands()]

    assert {each["function-name"] for each in options if "function-name" in each} <= functions
    assert set(named) == {f"/aws/lambda/{STACK}-relay", f"/aws/http-api/{STACK}"}
    assert set(named) <= groups
    outputs = re.findall(r"OutputKey==`(\w+)`", TEXT)
    assert outputs
    assert set(outputs) <= set(template.body["Outputs"])
    (prefix,) = {each["alarm-name-prefix"] for each in options if "alarm-name-prefix" in each}
    # CloudFormation makes the name of the stack's, of the logical id, and of random characters.
    assert prefix.removeprefix(f"{STACK}-") in template.of_type("AWS::CloudWatch::Alarm")


def test_each_target_of_make_exists() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert set(re.findall(r"`make ([\w-]+)", TEXT)) <= set(targets)


def test_without_an_answer_of_aws_there_is_no_command_that_says_nothing(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/app-prod").write_text("echo of another day\n")
    (tmp_path / "aws").write_text("#!/bin/sh\necho 'no credentials' >&2\nexit 255\n")
    (tmp_path / "aws").chmod(0o700)
    lines = (ROOT / "docs/runbook.md").read_text().partition("```sh\n")[2].partition("```")[0]

    done = subprocess.run(
        ["sh", "-c", lines],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode != 0, done.stdout) == (True, "")
    assert "no credentials" in done.stderr
    assert not (tmp_path / ".local/app-prod").exists()
