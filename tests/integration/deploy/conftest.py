from __future__ import annotations

import signal
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.integration.deploy import osls, processes
from tests.integration.deploy.cloudwatch import Alarm
from tests.integration.deploy.osls import Project, Template
from tests.paths import ROOT
from tests.ports import own_port
from tests.shared import shared_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    osls.install_or_skip()
    return Project.copy(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def packaged(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Template]:
    """Packages a stage with parameters, once for each combination."""

    @cache
    def package(stage: str = "dev", **params: str) -> Template:
        about = (stage, sorted(params.items()))
        with shared_folder(tmp_path_factory, "template", about) as (folder, is_new):
            if is_new:
                project.package(f"--stage={stage}", **params).save(folder)
            return Template(folder)

    return package


@pytest.fixture
def template(packaged: Callable[..., Template]) -> Template:
    """The stage `dev`, with only the required parameters."""
    return packaged()


@pytest.fixture
def alarm(template: Template) -> Callable[..., Alarm]:
    """An alarm of the template by its name, without `Alarm`."""

    def named(name: str, extra: int = 2) -> Alarm:
        return Alarm(template.properties(f"{name}Alarm"), extra=extra)

    return named


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = own_port()
    with (tmp_path_factory.mktemp("moto") / "log").open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "tests.integration.deploy.moto_server",
                str(port),
            ],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with processes.end_with_block(process, signal.SIGTERM):
            processes.wait_for(port, process)
            yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def aws(moto_server: str) -> Iterator[None]:
    """moto's server, empty for the module: every client and the framework use it."""
    httpx.post(f"{moto_server}/moto-api/reset").raise_for_status()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", moto_server)
        yield
