"""A command imports what it needs, and no more: a person waits for each import."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.integration.cli.shell import DONE, ENVIRONMENT, OUT_OF_REACH
from tests.paths import ROOT

OF_TYPER = {"annotated_doc", "markdown_it", "mdurl", "pygments", "rich", "shellingham", "typer"}
"""Typer draws the help with Rich, which imports the others."""

OF_THE_ENVIRONMENT = {"_distutils_hack", "attr", "attrs", "sitecustomize", "usercustomize"}
"""setuptools, a package that Rich uses if it is there, and what Python's start looks for: Debian's
Python has a `sitecustomize`."""

COMMAND = """
import json, sys
from app.cli.main import cli

try:
    cli(sys.argv[1:])
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def imports_of(*command: str, exit_code: int) -> set[str]:
    """The packages outside the standard library that a process of its own imports."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", COMMAND, *command],
        env=os.environ | {"PYTHONPATH": str(ROOT), "AWS_ENDPOINT_URL_DYNAMODB": OUT_OF_REACH},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == exit_code, done.stderr
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    return imported - sys.stdlib_module_names - OF_THE_ENVIRONMENT - {"__main__", "app"}


def test_the_help_imports_nothing_but_typer() -> None:
    assert imports_of("--help", exit_code=DONE) - OF_TYPER == set()


def test_a_list_of_the_outbox_imports_neither_the_api_nor_a_client_of_convoy() -> None:
    imported = imports_of("outbox", "list", exit_code=ENVIRONMENT)  # DynamoDB is out of reach

    assert {"botocore", "pydantic_settings"} <= imported
    assert imported.isdisjoint(
        {"boto3", "convoy", "fastapi", "httpx", "mangum", "rich", "starlette"}
    )
