"""The zip, unpacked and run as on Lambda: by its runtime client, without other packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.checks import tool_env
from infra.package.build import ROOT, Target
from tests.integration.artefact import runtime_api
from tests.stand_in import deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.integration.artefact.runtime_api import RuntimeApi
    from tests.stand_in import Convoy

    Start = Callable[..., RuntimeApi]

START_S, STOP_S = 60, 10


@pytest.fixture(scope="session")
def moto(moto_over_http: DynamoDBClient) -> DynamoDBClient:
    return moto_over_http


@pytest.fixture(scope="session")
def native() -> Target:
    """The target that this machine and this Python can run."""
    if sys.platform != "linux":
        pytest.skip("the zip has Linux's wheels, and runs only on Linux")
    return Target.native()


@pytest.fixture(scope="session")
def runtime(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of Lambda's image: its runtime client, and boto3.

    boto3 has the app's version, or that of a group of uv.lock, if a test names one.
    """
    folder = tmp_path_factory.mktemp("runtime")
    other = getattr(request, "param", None)
    tool_env.install(folder, "lambda-runtime", *([other] if other else []))
    if not other:
        lock = ROOT / "requirements.txt"
        tool_env.install_from(folder, "--constraints", str(lock), f"boto3=={version('boto3')}")
    _compile_used(folder)
    return folder


def _compile_used(folder: Path) -> None:
    """Leave the bytecode of what a function imports: a started one can't write it."""
    use = "import awslambdaric.bootstrap, boto3; boto3.client('dynamodb', 'eu-central-1')"
    command = [sys.executable, "-s", "-S", "-W", "ignore", "-c", use]
    environment = {"PYTHONPATH": str(folder)}
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=START_S)


@pytest.fixture(scope="session")
def unpacked(
    native: Target, packaged: Callable[[Target], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(packaged(native)) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def task(unpacked: Path, tmp_path: Path) -> Path:
    """The zip, unpacked in a folder of the test's own: of links, since no file changes."""
    return Path(shutil.copytree(unpacked, tmp_path / "task", copy_function=os.link))


@pytest.fixture
def environment(convoy: Convoy, dynamodb: DynamoDBClient, dynamodb_url: str) -> dict[str, str]:
    """The variables that a deployment sets, and none of this machine's."""
    return deployment(convoy, "everyone") | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
        "SETTLE_AFTER_S": "0",
    }


@pytest.fixture
def start(task: Path, runtime: Path, environment: dict[str, str]) -> Iterator[Start]:
    """Starts the function with this handler. Returns its Runtime API."""
    with ExitStack() as stack:
        yield lambda handler: stack.enter_context(_started(handler, task, runtime, environment))


@contextmanager
def _started(
    handler: str, task: Path, runtime: Path, environment: dict[str, str]
) -> Iterator[RuntimeApi]:
    with runtime_api.listening() as api:
        process = subprocess.Popen(
            [sys.executable, "-s", "-S", "-m", "awslambdaric", handler],
            cwd=task,
            env=environment
            | {
                "AWS_LAMBDA_RUNTIME_API": api.address,
                "_HANDLER": handler,
                "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's file system is read-only
                "PYTHONPATH": f"{task}{os.pathsep}{runtime}",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield api
        finally:
            process.kill()
            process.wait(STOP_S)
