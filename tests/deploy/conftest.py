from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.deploy import osls
from tests.deploy.osls import Project, Template

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    try:
        osls.install()
    except osls.NodeError as error:
        pytest.skip(str(error))
    return Project.copy(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def packaged(project: Project) -> Callable[..., Template]:
    """Packages for a stage, with parameters; once for each."""

    @cache
    def package(stage: str = "dev", **params: str) -> Template:
        return project.package(f"--stage={stage}", **params)

    return package


@pytest.fixture
def template(packaged: Callable[..., Template]) -> Template:
    """The stage `dev`, with nothing but what has to be given."""
    return packaged()
