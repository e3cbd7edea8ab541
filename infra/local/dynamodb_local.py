"""DynamoDB Local, Amazon's DynamoDB for a laptop. Unlike moto, it isolates concurrent writers.

Maven installs it into `.local/dynamodb/`, once for each version of `dynamodb/pom.xml`. It needs
Java. Without Maven or Java it raises Missing.
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

from infra.local.ports import unused_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
POM = Path(__file__).parent / "dynamodb" / "pom.xml"
HOME = Path(__file__).parents[2] / ".local" / "dynamodb"

INSTALL_S = 300.0
"""Seconds for the one download of 51 MB: it took 40 on a fast network."""

START_S = 60.0
"""Seconds to wait for the server to answer: it takes about one."""

STOP_S = 10.0
"""Seconds that the server may take to end after it was killed."""

LEAST_JAVA = 17

# However this process ends, its end of the pipe closes: then `cat` ends, and the server is killed.
_UNTIL_STDIN_CLOSES = """
exec 3<&0
"$@" 3<&- & server=$!
(cat; kill -9 $server) <&3 >/dev/null 2>&1 &
wait $server
"""


_LIST_TABLES = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    # DynamoDB Local reads the access key and the region here, and ignores the signature.
    "Authorization": "AWS4-HMAC-SHA256 Credential=x/20261124/eu-central-1/dynamodb/aws4_request,"
    " SignedHeaders=host, Signature=x",
}


class DynamoDBLocalError(Exception):
    """DynamoDB Local does not run; the message says why."""


class Missing(DynamoDBLocalError):
    """DynamoDB Local can't run here; the message says what this machine lacks."""


@contextmanager
def in_memory() -> Iterator[str]:
    """Install DynamoDB Local if needed, run it in memory on a free port, and give its URL.

    Each access key (of letters and digits) has its own database. The server listens on all
    interfaces, and has no option against that. Raises DynamoDBLocalError.
    """
    java = _java()
    jars = installed()
    port = next(unused_ports())
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _UNTIL_STDIN_CLOSES, "sh", *_command(java, port)],
            cwd=jars,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C must not end it: the caller still deletes its tables
        )
        assert process.stdin is not None  # noqa: S101
        try:
            if not _listens(process, port):
                log.seek(0)
                raise DynamoDBLocalError(f"DynamoDB Local did not start: {_error_in(log.read())}")
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
    """The folder of the jars, which are downloaded once. Raises DynamoDBLocalError."""
    jars = HOME / sha256(POM.read_bytes()).hexdigest()[:12]
    if jars.is_dir():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("Maven (mvn) is missing: install it, for it installs DynamoDB Local")
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME) as unfinished:
        _download(maven, Path(unfinished, "jars"))
        try:
            Path(unfinished, "jars").rename(jars)
        except OSError:
            if not jars.is_dir():  # another test run has not installed them first
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
                f"DynamoDB Local was not downloaded within {INSTALL_S:.0f} s: check the network"
            ) from error
        if code != 0 or not any(jars.glob("DynamoDBLocal-*.jar")):
            log.seek(0)
            raise DynamoDBLocalError(f"DynamoDB Local was not downloaded: {_error_in(log.read())}")


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise Missing(f"Java is missing: DynamoDB Local needs {LEAST_JAVA} or later")
    answer = subprocess.run(
        [java, "-version"], capture_output=True, text=True, check=False, timeout=30
    )
    version = re.search(r'version "(\d+)', answer.stderr)
    if version is None or int(version[1]) < LEAST_JAVA:
        found = answer.stderr.strip().partition("\n")[0]
        raise Missing(f"DynamoDB Local needs Java {LEAST_JAVA} or later; `java` is: {found}")
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
    """List the tables: without SQLite (on ARM) the server starts, and answers no request."""
    error_here = Missing if platform.machine() in {"aarch64", "arm64"} else DynamoDBLocalError
    with closing(HTTPConnection(HOST, port, timeout=START_S)) as http:
        try:
            http.request("POST", "/", "{}", _LIST_TABLES)
            response = http.getresponse()
            answer = response.read()
        except (OSError, HTTPException) as error:
            raise error_here(f"DynamoDB Local does not work here: {error!r}") from error
    if response.status != HTTPStatus.OK:
        raise error_here(f"DynamoDB Local does not work here: {_error_in(answer)}")


def _error_in(log: bytes) -> str:
    """The first line of Maven's or Java's log with an error, else its last line."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", log.decode(errors="replace")).strip().splitlines()
    errors = [line for line in lines if "ERROR" in line or "Exception" in line]
    return (errors or lines or ["its log is empty"])[0 if errors else -1].strip()[:500]
