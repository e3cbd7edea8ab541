"""What can be said of infra/local/compose.yaml without a Docker to run it."""

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
"""`max_connections` of PostgreSQL, unless set."""


@pytest.mark.parametrize("name", SERVICES)
def test_each_image_is_a_version_and_what_is_published_is_on_loopback(name: str) -> None:
    service = SERVICES[name]

    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+(\.\d+)?(-alpine)?", service["image"])
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_what_a_service_waits_for_is_there_and_tells_when_it_is_ready() -> None:
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


def test_all_that_runs_convoy_leaves_connections_to_others() -> None:
    convoys = [each for each in SERVICES.values() if each["image"].startswith("getconvoy/")]
    most = [int(each["environment"]["CONVOY_DB_MAX_OPEN_CONN"]) for each in convoys]

    assert len(convoys) >= 4
    assert min(most) > 0
    # The server and the agent, and one that runs and ends.
    assert 3 * max(most) < POSTGRES_CONNECTIONS


def test_its_dynamodb_local_is_the_version_that_the_tests_run_on() -> None:
    pom = ElementTree.parse(LOCAL / "dynamodb" / "pom.xml")  # noqa: S314
    version = pom.find("{*}dependencies/{*}dependency/{*}version")

    assert version is not None
    assert SERVICES["dynamodb"]["image"] == f"amazon/dynamodb-local:{version.text}"


def test_the_first_user_is_made_once_and_a_failure_is_not_taken_for_an_answer(
    tmp_path: Path,
) -> None:
    """Runs what `bootstrap` does, with another /cmd and another /bootstrap."""
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
