"""DynamoDB Local: Amazon's own DynamoDB for a laptop; unlike moto, it keeps racing writers apart.

Maven installs it, once for each version of `dynamodb/pom.xml`, into `.local/dynamodb/`; it needs
Java. Where that cannot be had, Missing says what is missing.
"""

from __future__ import annotations

import platform
import re
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
POM = Path(__file__).parent / "dynamodb" / "pom.xml"
HOME = Path(__file__).parents[2] / ".local" / "dynamodb"

INSTALL_S = 300.0
"""Seconds for the download of 51 MB, once: it took 40 where the network was good."""

START_S = 60.0
"""Seconds until a server that does not answer is given up: it takes about one."""

STOP_S = 10.0
"""Seconds until it must be gone after it was killed."""

LEAST_JAVA = 17

# Whatever becomes of us, our end of the pipe closes, `cat` ends, and the server with it.
_UNTIL_STDIN_CLOSES = """
exec 3<&0
"$@" 3<&- & server=$!
(cat; kill -9 $server) <&3 >/dev/null 2>&1 &
wait $server
"""


_LIST_TABLES = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    # It looks for the access key and the region in here, and at no signature.
    "Authorization": "AWS4-HMAC-SHA256 Credential=x/20261124/eu-central-1/dynamodb/aws4_request,"
    " SignedHeaders=host, Signature=x",
}


class DynamoDBLocalError(Exception):
    """It does not run; the message says why."""


class Missing(DynamoDBLocalError):
    """It can't: the message says what this machine lacks."""


@contextmanager
def running() -> Iterator[str]:
    """Run it in memory, on a free port, installed first if need be; gives the endpoint URL.

    Each access key, of letters and digits, has a database of its own. It listens on all interfaces,
    and there is no option against that. Raises DynamoDBLocalError.
    """
    java = _java()
    jars = installed()
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _UNTIL_STDIN_CLOSES, "sh", *_command(java, port)],
            cwd=jars,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us alone: we still delete our tables
        )
        assert process.stdin is not None  # noqa: S101
        try:
            if not _listens(process, port):
                log.seek(0)
                raise DynamoDBLocalError(f"DynamoDB Local did not start: {_end(log.read())}")
            _check(port)
            yield f"http://{HOST}:{port}"
        finally:
            process.stdin.close()
            process.wait(STOP_S)


def _command(java: str, port: int) -> list[str]:
    return [
        *(java, "-XX:TieredStopAtLevel=1", "-Djava.library.path=.", "-cp", "*"),
        "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
        *("-inMemory", "-disableTelemetry", "-port", str(port)),
    ]


def installed() -> Path:
    """The folder of its jars, downloaded if they are not there yet. Raises DynamoDBLocalError."""
    jars = HOME / sha256(POM.read_bytes()).hexdigest()[:12]
    if jars.is_dir():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("DynamoDB Local is not installed yet, and Maven (mvn) is missing")
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME) as unfinished:
        _download(maven, Path(unfinished, "jars"))
        try:
            Path(unfinished, "jars").rename(jars)
        except OSError:
            if not jars.is_dir():  # or another run of the tests was faster
                raise
    return jars


def _download(maven: str, jars: Path) -> None:
    with tempfile.TemporaryFile() as log:
        command = [
            *(maven, "-q", "-B", "--strict-checksums", "-f", str(POM)),
            *(
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
                f"-DoutputDirectory={jars}",
            ),
        ]
        try:
            code = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=INSTALL_S,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise DynamoDBLocalError(
                f"DynamoDB Local was not downloaded within {INSTALL_S:.0f} s"
            ) from error
        if code != 0 or not any(jars.glob("DynamoDBLocal-*.jar")):
            log.seek(0)
            raise DynamoDBLocalError(f"DynamoDB Local was not downloaded: {_end(log.read())}")


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise Missing(f"Java {LEAST_JAVA} or later is missing, for DynamoDB Local")
    told = subprocess.run(
        [java, "-version"], capture_output=True, text=True, check=False, timeout=30
    )
    version = re.search(r'version "(\d+)', told.stderr)
    if version is None or int(version[1]) < LEAST_JAVA:
        found = told.stderr.strip().partition("\n")[0]
        raise Missing(
            f"Java {LEAST_JAVA} or later is missing, for DynamoDB Local; `java` is: {found}"
        )
    return java


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return True
        time.sleep(0.05)
    return False


def _check(port: int) -> None:
    """Ask for the tables: it starts, yet answers nothing, where it has no SQLite (on ARM)."""
    error_here = Missing if platform.machine() in {"aarch64", "arm64"} else DynamoDBLocalError
    with closing(HTTPConnection(HOST, port, timeout=START_S)) as http:
        try:
            http.request("POST", "/", "{}", _LIST_TABLES)
            response = http.getresponse()
            answer = response.read()
        except (OSError, HTTPException) as error:
            raise error_here(f"DynamoDB Local does not work here: {error!r}") from error
    if response.status != HTTPStatus.OK:
        raise error_here(f"DynamoDB Local does not work here: {_end(answer)}")


def _end(log: bytes) -> str:
    """Of Maven's log or Java's, the first line that tells of an error, or the last."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", log.decode(errors="replace")).strip().splitlines()
    errors = [line for line in lines if "ERROR" in line or "Exception" in line]
    return (errors or lines or ["its log is empty"])[0 if errors else -1].strip()[:500]
