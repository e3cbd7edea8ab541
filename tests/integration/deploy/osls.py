"""The deployment's framework, run on a copy of the files that it reads."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from tests.integration.deploy import osls_process
from tests.integration.deploy.processes import end_with_block, wait_for
from tests.paths import ROOT
from tests.ports import own_port
from tests.support import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support import JsonObject

LEAST_NODE = 20
INSTALL_S = 300.0
OSLS = "node_modules/.bin/osls"
TEMPLATE, STATE = "cloudformation-template-update-stack.json", "serverless-state.json"
REQUIRED = {
    "convoyBaseUrl": "https://convoy.example/api",
    "convoyProjectId": "project-1",
    "convoyAppId": "app-1",
}


class NodeError(Exception):
    """Node.js is missing or too old. The message says what to install."""


@dataclass(frozen=True)
class Project:
    """A folder with the project's deployment and a separate `.serverless`."""

    folder: Path

    @classmethod
    def copy(cls, folder: Path) -> Project:
        for name in ("serverless.yml", "package.json"):
            shutil.copy(ROOT / name, folder)
        for source in [*ROOT.glob("infra/**/*.yml"), *ROOT.glob("infra/serverless/**/*.js")]:
            target = folder / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
        with zipfile.ZipFile(folder / "stand-in.zip", "w") as artifact:
            artifact.writestr("handler.py", "")
        return cls(folder)

    def run(self, *command: str, **params: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the framework, in a process that stays for the next."""
        argv = [*command, *_options(params)]
        return osls_process.run(argv, cwd=self.folder, env=_environment())

    def run_alone(self, *command: str, **params: str) -> subprocess.CompletedProcess[str]:
        """As `run`, in a process of its own."""
        return subprocess.run(
            [OSLS, *command, *_options(params)],
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=osls_process.COMMAND_S,
        )

    @contextmanager
    def offline(self, port: int, certificate: Path, *options: str, **params: str) -> Iterator[None]:
        """The API behind a gateway on this machine, with the real handler, over HTTPS."""
        for name in ("app", "handler.py"):
            (self.folder / name).symlink_to(ROOT / name)
        ports = [f"--httpPort={port}", f"--lambdaPort={own_port()}", "--host=127.0.0.1"]
        with (self.folder / "offline.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    OSLS,
                    "offline",
                    *ports,
                    "--httpsProtocol",
                    certificate,
                    *options,
                    *_options(params),
                ],
                cwd=self.folder,
                env=os.environ | {"VIRTUAL_ENV": sys.prefix},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with end_with_block(process, signal.SIGINT):
            wait_for(port, process)
            yield

    def package(self, *options: str, **params: str) -> Template:
        done = self.run("package", *options, **params)
        assert done.returncode == 0, done.stdout + done.stderr
        return Template(self.folder / ".serverless")


class Template:
    """A package's CloudFormation template, and the values of its parameters."""

    def __init__(self, packaged: Path) -> None:
        self.text = (packaged / TEMPLATE).read_text()
        self.body: JsonObject = json.loads(self.text)
        self.resources: JsonObject = self.body["Resources"]
        self.state = (packaged / STATE).read_text()

    def save(self, folder: Path) -> None:
        (folder / TEMPLATE).write_text(self.text)
        (folder / STATE).write_text(self.state)

    def properties(self, logical_id: str) -> JsonObject:
        properties: JsonObject = self.resources[logical_id]["Properties"]
        return properties

    def of_type(self, resource_type: str) -> JsonObject:
        """The properties of every resource of the type, by logical id."""
        return {
            name: resource["Properties"]
            for name, resource in self.resources.items()
            if resource["Type"] == resource_type
        }

    @property
    def parameters(self) -> dict[str, str]:
        """The given values of the template's parameters, or the defaults."""
        provider = json.loads(self.state)["service"]["provider"]
        defaults = {
            name: parameter["Default"]
            for name, parameter in self.body["Parameters"].items()
            if "Default" in parameter
        }
        given = {
            each["ParameterKey"]: each["ParameterValue"] for each in provider["stackParameters"]
        }
        return defaults | given


def _environment() -> dict[str, str]:
    # The framework asks each 5 s by default how far CloudFormation is.
    return os.environ | {"NO_COLOR": "1", "SLS_AWS_MONITORING_FREQUENCY": "200"}


def _options(params: dict[str, str]) -> list[str]:
    """The options, with the required parameters. A value of "" removes a parameter."""
    given = REQUIRED | {"artifact": "stand-in.zip"} | params
    return [f"--param={name}={value}" for name, value in given.items() if value]


@cache
def install_or_skip() -> None:
    """Run `npm ci` if it is needed, once for a process. Skips the test without Node.js."""
    try:
        install()
    except NodeError as error:
        missing("node", str(error))


def install() -> None:
    """Run `npm ci` if the packages are not those of the lock file; one process at a time.

    Raises NodeError.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NodeError(f"Node.js {LEAST_NODE} or later, with npm, is missing")
    output = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, check=True
    ).stdout
    version = re.match(r"v(\d+)\.", output)
    if version is None or int(version[1]) < LEAST_NODE:
        raise NodeError(f"Node.js {LEAST_NODE} or later is missing; `node` is {output.strip()}")
    (ROOT / ".local").mkdir(exist_ok=True)
    with (ROOT / ".local" / "npm.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _install(npm)


def _install(npm: str) -> None:
    lock = sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    installed = ROOT / "node_modules" / f".installed-{lock[:12]}"
    if installed.exists():
        return
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_S,
    )
    assert done.returncode == 0, f"`npm ci` failed: {done.stderr.strip()[-500:]}"
    installed.touch()
