"""The process that packages many stages packages each as the framework's command does."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from tests.integration.deploy.osls import OSLS, REQUIRED, Project, Template

if TYPE_CHECKING:
    from tests.support import JsonObject

PROD = {"alarmEmail": "ops@example.com", "artifact": "stand-in.zip"} | REQUIRED


def timeless(template: Template) -> JsonObject:
    """The framework puts the time of the packaging into the zip's key."""
    return {
        "template": re.sub(r"\d{13}-[\d:.TZ-]+", "TIME", template.text),
        "parameters": template.parameters,
    }


def test_a_stage_packaged_after_others_is_as_the_command_packages_it(project: Project) -> None:
    project.run("package", "--stage=nowhere")
    project.package(jwtIssuer="https://issuer.example", jwtAudience="todos")
    kept = timeless(project.package("--stage=prod", **PROD))
    options = [f"--param={name}={value}" for name, value in PROD.items()]
    subprocess.run(
        [OSLS, "package", "--stage=prod", *options],
        cwd=project.folder,
        env=os.environ,
        check=True,
        capture_output=True,
    )

    assert timeless(Template(project.folder / ".serverless")) == kept
