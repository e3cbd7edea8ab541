"""Checks of infra/local/compose.yaml that need no Docker."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from infra.local import dynamodb_local

LOCAL = Path(dynamodb_local.__file__).parent
COMPOSE = yaml.safe_load((LOCAL / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

POSTGRES_CONNECTIONS = 100
"""PostgreSQL's default for `max_connections`."""


@pytest.mark.parametrize("name", SERVICES)
def test_each_image_has_a_version_and_each_port_is_on_loopback(name: str) -> None:
    service = SERVICES[name]

    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+(\.\d+)?(-alpine)?", service["image"])
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_each_service_waits_for_one_that_exists_and_is_ready() -> None:
    for service in SERVICES.values():
        for name, wanted in service.get("depends_on", {}).items():
            ready = wanted["condition"] == "service_healthy"
            assert ("healthcheck" in SERVICES[name]) is ready


def test_redis_syncs_each_write_to_a_volume_of_its_own() -> None:
    redis = SERVICES["redis"]

    assert redis["command"] == ["redis-server", "--appendonly", "yes", "--appendfsync", "always"]
    (volume,) = redis["volumes"]
    name, path = volume.split(":")
    assert path == "/data"
    assert name in COMPOSE["volumes"]


def test_convoys_services_leave_connections_to_others() -> None:
    convoys = [each for each in SERVICES.values() if each["image"].startswith("getconvoy/")]
    most = [int(each["environment"]["CONVOY_DB_MAX_OPEN_CONN"]) for each in convoys]

    assert len(convoys) >= 4
    assert min(most) > 0
    # The server, the agent, and one command that runs and ends.
    assert 3 * max(most) < POSTGRES_CONNECTIONS


def test_its_dynamodb_local_has_the_version_of_the_tests() -> None:
    pom = ElementTree.parse(LOCAL / "dynamodb" / "pom.xml")  # noqa: S314
    version = pom.find("{*}dependencies/{*}dependency/{*}version")

    assert version is not None
    assert SERVICES["dynamodb"]["image"] == f"amazon/dynamodb-local:{version.text}"


def test_bootstrap_keeps_the_first_answer_and_no_failure(
    tmp_path: Path,
) -> None:
    """Runs the script of `bootstrap`, with another /cmd and another /bootstrap."""
    (script,) = SERVICES["bootstrap"]["command"]
    convoy, kept = tmp_path / "cmd", tmp_path / "bootstrap"
    kept.mkdir()
    script = script.replace("/cmd", str(convoy)).replace("/bootstrap/", f"{kept}/")

    def bootstrap(answer: str) -> int:
        convoy.write_text(f"#!/bin/sh\necho '{answer}'\n[ '{answer}' ]\n")
        convoy.chmod(0o700)
        shell = [*SERVICES["bootstrap"]["entrypoint"], script]
        return subprocess.run(shell, check=False, timeout=30).returncode  # noqa: S603

    assert bootstrap("") != 0
    assert bootstrap(json.dumps({"api_key": "first"})) == 0
    assert bootstrap(json.dumps({"api_key": "second"})) == 0
    assert json.loads((kept / "answer.json").read_text()) == {"api_key": "first"}
