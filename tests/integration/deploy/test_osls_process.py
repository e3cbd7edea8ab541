"""The process that runs many commands packages a stage as a process of its own does."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.integration.deploy.osls import Project, Template

if TYPE_CHECKING:
    from tests.support import JsonObject


def timeless(template: Template) -> JsonObject:
    """The framework puts the time of the packaging into the zip's key, and hashes the zip for each
    function at once: the versions' resources come in the order in which the hashes end."""
    return {
        "template": json.loads(re.sub(r"\d{13}-[\d:.TZ-]+", "TIME", template.text)),
        "parameters": template.parameters,
    }


def test_a_stage_packaged_after_others_is_as_the_command_packages_it(project: Project) -> None:
    project.run("package", "--stage=nowhere")
    project.package(jwtIssuer="https://issuer.example", jwtAudience="todos")
    kept = timeless(project.package("--stage=prod", alarmEmail="ops@example.com"))
    done = project.run_alone("package", "--stage=prod", alarmEmail="ops@example.com")

    assert done.returncode == 0, done.stderr
    assert timeless(Template(project.folder / ".serverless")) == kept
