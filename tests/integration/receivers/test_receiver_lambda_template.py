"""The template of the receiver for Lambda fits its code."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from examples.receiver_lambda.receiver import clients
from infra.checks.run import run
from tests.integration.receivers.lambda_world import FOLDER, RESOURCES

if TYPE_CHECKING:
    from tests.integration.receivers.lambda_world import Place


def test_the_template_has_no_fault() -> None:
    """W3002: its deployment packs the code first. W1030: no role where none is used."""
    lint = str(Path(sys.executable).with_name("cfn-lint"))
    ignored = ["--ignore-checks", "W3002", "W1030"]
    run([lint, *ignored, "--template", str(FOLDER / "template.yaml")], "cfn-lint", 120.0)


@pytest.mark.parametrize("function", ["Webhook", "CatchUp"])
def test_each_handler_of_the_template_is_there(function: str) -> None:
    module, _, name = RESOURCES[function]["Properties"]["Handler"].rpartition(".")

    assert callable(
        getattr(importlib.import_module(f"{FOLDER.parent.name}.{FOLDER.name}.{module}"), name)
    )


def test_the_code_needs_only_what_lambdas_runtime_has() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import receiver.webhook, receiver.catch_up\n"
        "new = {each.partition('.')[0] for each in set(sys.modules) - before}\n"
        "print(*sorted(new - sys.stdlib_module_names))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert set(done.stdout.split()) <= {
        "__mp_main__", "boto3", "botocore", "certifi", "dateutil", "jmespath", "receiver",
        "s3transfer", "six", "urllib3",
    }  # fmt: skip


def test_the_role_allows_the_calls_that_the_functions_make(place: Place) -> None:
    place.environ.setenv("API_SIGN_IN", "iam")
    called: dict[str, set[str]] = defaultdict(set)
    for service in ("dynamodb", "secretsmanager", "sts"):
        clients.client(service).meta.events.register(
            f"before-call.{service}",
            lambda model, **_: called[model.service_model.service_name].add(model.name),
        )
    place.receiver.deliver(place.change())
    place.receiver.catch_up()

    policy = RESOURCES["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    allowed = policy[0]["Action"]
    assert called["dynamodb"] == {each.removeprefix("dynamodb:") for each in allowed}
    assert called["secretsmanager"] == {"GetSecretValue"}
    assert called["sts"] == {"AssumeRole"}
