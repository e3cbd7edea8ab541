"""DynamoDB Local runs, or the error says what is missing; and it never outlives the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.local import dynamodb_local
from infra.local.dynamodb_local import DynamoDBLocalError, Missing, in_memory, installed
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[[str, str], Path]

JAVA_17 = """echo 'openjdk version "17.0.15" 2025-04-15' >&2"""
MAVEN = """
echo called >> "$0.calls"
for argument; do case $argument in -DoutputDirectory=*) jars=${argument#*=};; esac; done
mkdir "$jars" && : > "$jars/DynamoDBLocal-1.jar"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing installed, and a PATH with nothing on it."""
    monkeypatch.setattr(dynamodb_local, "HOME", tmp_path / "home")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "home"


@pytest.fixture
def command(home: Path) -> Command:
    """Puts a command with this name and shell code on the PATH."""

    def put(name: str, code: str) -> Path:
        file = home.parent / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{code}\n")
        file.chmod(0o755)
        return file

    return put


def missing_part() -> str:
    with pytest.raises(Missing) as raised, in_memory():
        pass
    return str(raised.value)


def failure() -> str:
    """The message of an error other than Missing, for which tests would be skipped."""
    with pytest.raises(DynamoDBLocalError) as raised, in_memory():
        pass
    assert not isinstance(raised.value, Missing)
    return str(raised.value)


def test_a_missing_java_is_reported(home: Path) -> None:
    assert missing_part() == "Java is missing: DynamoDB Local needs 17 or later"


def test_make_soak_reports_a_missing_java_without_a_traceback(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    last = "error: Java is missing: DynamoDB Local needs 17 or later\n"
    assert done.returncode == 1
    assert done.stderr.endswith(last)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "version", ['openjdk version "11.0.2"', 'java version "1.8.0_392"', "Unable to locate a Java"]
)
def test_an_old_java_is_reported_with_its_version(command: Command, version: str) -> None:
    command("java", f"echo '{version}' >&2; exit 1")

    assert missing_part() == f"DynamoDB Local needs Java 17 or later; `java` is: {version}"


def test_a_missing_maven_is_reported(command: Command) -> None:
    command("java", JAVA_17)

    assert missing_part() == "Maven (mvn) is missing: install it, for it installs DynamoDB Local"


def test_a_failed_download_reports_mavens_error_and_leaves_nothing(
    command: Command, home: Path
) -> None:
    command("java", JAVA_17)
    command("mvn", f"{MAVEN}\necho Downloading; echo '[ERROR] Unknown host'; exit 1")

    assert failure() == "DynamoDB Local was not downloaded: [ERROR] Unknown host"
    assert [*home.iterdir()] == []


def test_a_download_has_a_deadline(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamodb_local, "INSTALL_S", 0.2)
    command("java", JAVA_17)
    command("mvn", f"{MAVEN}\nexec sleep 60")

    assert "was not downloaded within" in failure()
    assert [*home.iterdir()] == []


def test_it_is_installed_once_for_each_pom(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maven = command("mvn", MAVEN)
    first = installed()
    assert installed() == first
    pom = tmp_path / "pom.xml"
    pom.write_text("<project/>")
    monkeypatch.setattr(dynamodb_local, "POM", pom)

    assert installed() != first
    assert Path(f"{maven}.calls").read_text() == "called\n" * 2


def test_the_error_of_a_server_that_ends_is_reported(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("mvn", MAVEN)
    command(
        "java", f"{JAVA_17}\ncase $1 in -version) ;; *) echo 'Exception: no port'; exit 1; esac"
    )
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/bin:/bin")

    assert failure() == "DynamoDB Local did not start: Exception: no port"


def test_a_server_that_does_not_answer_is_ended(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamodb_local, "START_S", 2.0)
    pid = home.parent / "pid"
    command("mvn", MAVEN)
    command("java", f"{JAVA_17}\ncase $1 in -version) ;; *) echo $$ > {pid}; exec sleep 60; esac")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/bin:/bin")

    assert "did not start" in failure()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize(("machine", "error"), [("x86_64", failure), ("aarch64", missing_part)])
def test_a_server_that_is_not_dynamodb_is_refused(
    command: Command, monkeypatch: pytest.MonkeyPatch, machine: str, error: Callable[[], str]
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    command("mvn", MAVEN)
    serve = f"for port; do :; done; exec {sys.executable} -m http.server --bind 127.0.0.1 $port"
    command("java", f"{JAVA_17}\ncase $1 in -version) ;; *) {serve}; esac")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/bin:/bin")

    assert error().startswith("DynamoDB Local does not work here: ")


def test_the_server_ends_when_its_parent_is_killed(
    dynamodb_local_url: str,
) -> None:
    code = (
        "from infra.local import dynamodb_local\n"
        "with dynamodb_local.in_memory() as url: print(url); input()"
    )
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-uc", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as runner:
        assert runner.stdout is not None
        port = int(runner.stdout.readline().rpartition(b":")[2])
        assert answers(port)
        runner.kill()

    until = time.monotonic() + dynamodb_local.STOP_S
    while answers(port) and time.monotonic() < until:
        time.sleep(0.02)
    assert not answers(port)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((dynamodb_local.HOST, port)) == 0
