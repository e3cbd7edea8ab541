"""DynamoDB Local is there, or what is missing is told; and it never outlives the tests."""

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
from infra.local.dynamodb_local import DynamoDBLocalError, Missing, installed, running
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
    """Puts a command of this name and shell code on the PATH."""

    def put(name: str, code: str) -> Path:
        file = home.parent / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{code}\n")
        file.chmod(0o755)
        return file

    return put


def lacking() -> str:
    with pytest.raises(Missing) as raised, running():
        pass
    return str(raised.value)


def failure() -> str:
    """It is no lack of this machine's, for which tests would be skipped."""
    with pytest.raises(DynamoDBLocalError) as raised, running():
        pass
    assert not isinstance(raised.value, Missing)
    return str(raised.value)


def test_without_java_it_says_so(home: Path) -> None:
    assert lacking() == "Java 17 or later is missing, for DynamoDB Local"


def test_make_soak_says_so_without_a_traceback(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    last = "error: Java 17 or later is missing, for DynamoDB Local\n"
    assert done.returncode == 1
    assert done.stderr.endswith(last)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "told", ['openjdk version "11.0.2"', 'java version "1.8.0_392"', "Unable to locate a Java"]
)
def test_with_an_old_java_or_the_stub_of_one_it_says_which(command: Command, told: str) -> None:
    command("java", f"echo '{told}' >&2; exit 1")

    assert lacking() == f"Java 17 or later is missing, for DynamoDB Local; `java` is: {told}"


def test_without_maven_it_says_so(command: Command) -> None:
    command("java", JAVA_17)

    assert lacking() == "DynamoDB Local is not installed yet, and Maven (mvn) is missing"


def test_a_failed_download_tells_mavens_first_error_and_leaves_nothing(
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


def test_a_server_that_ends_at_once_tells_why(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("mvn", MAVEN)
    command(
        "java", f"{JAVA_17}\ncase $1 in -version) ;; *) echo 'Exception: no port'; exit 1; esac"
    )
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/bin:/bin")

    assert failure() == "DynamoDB Local did not start: Exception: no port"


def test_a_server_that_does_not_answer_is_given_up_and_ended(
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


@pytest.mark.parametrize(("machine", "told"), [("x86_64", failure), ("aarch64", lacking)])
def test_a_server_that_answers_but_not_as_dynamodb_is_refused_and_on_arm_it_lacks_a_library(
    command: Command, monkeypatch: pytest.MonkeyPatch, machine: str, told: Callable[[], str]
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    command("mvn", MAVEN)
    serve = f"for port; do :; done; exec {sys.executable} -m http.server --bind 127.0.0.1 $port"
    command("java", f"{JAVA_17}\ncase $1 in -version) ;; *) {serve}; esac")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/bin:/bin")

    assert told().startswith("DynamoDB Local does not work here: ")


def test_it_ends_with_the_process_that_ran_it_even_if_that_was_killed(
    dynamodb_local_url: str,
) -> None:
    code = (
        "from infra.local.dynamodb_local import running\nwith running() as url: print(url); input()"
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
