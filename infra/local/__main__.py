"""`make run`: all of it on a laptop. DynamoDB (moto), Convoy (the stand-in) and the API.

Each is a process of its own, on loopback; Ctrl-C, or the end of any, ends them all. With
CONVOY_API_KEY in the environment or in .env the real Convoy is used and the stand-in stays away.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from dotenv import dotenv_values

from app.config import Settings, SettingsError
from app.wiring import dynamodb
from infra.local import convoy, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
LOGS = ROOT / ".local"
START_S = 60.0
"""Seconds until a part that does not answer is given up: a cold laptop takes about five."""

STOP_S = 5.0
"""Seconds that a part has to end in before it is killed."""

TABLES = {"TodosTable": "todos", "OutboxTable": "outbox"}


class StackError(Exception):
    """The stack can't run; the message says what to do."""


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with ExitStack() as stack:
            _run(stack, _options())
    except KeyboardInterrupt:
        print("\nStopped.")
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _options() -> dict[str, int]:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    for name, default in (("api", 8080), ("dynamodb", 8001), ("convoy", 8002)):
        variable = f"{name.upper()}_PORT"
        parser.add_argument(
            f"--{name}",
            type=int,
            metavar="PORT",
            default=os.environ.get(variable, default),
            help=f"0 for any free one (default: ${variable} or {default})",
        )
    return vars(parser.parse_args())


def _run(stack: ExitStack, wanted: Mapping[str, int]) -> None:
    LOGS.mkdir(exist_ok=True)
    real = bool({**dotenv_values(ROOT / ".env"), **os.environ}.get("CONVOY_API_KEY"))
    names = ["dynamodb", "api"] if real else ["dynamodb", "convoy", "api"]
    ports = {name: _free(name, wanted[name]) for name in names}
    os.environ.update(_environment(ports))
    os.environ.pop("AWS_PROFILE", None)
    settings = _load_settings()
    commands = {
        "dynamodb": ["moto.server", "-H", HOST, "-p"],
        "convoy": ["infra.local.convoy", "--port"],
        "api": ["uvicorn", "--factory", "app.wiring:local_api", "--host", HOST, "--port"],
    }
    children = {}
    for name in names:
        children[name] = stack.enter_context(_process(name, [*commands[name], str(ports[name])]))
        if name == "dynamodb":
            _await(name, children[name], ports[name])
            tables.create_tables(dynamodb(), TABLES)
    for name in names:
        _await(name, children[name], ports[name])
    _greet(ports, settings)
    _until_one_ends(children)


def _free(name: str, port: int) -> int:
    """The port, or any free one for 0. Raises StackError if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StackError(
                f"port {port} ({name}) can't be used: {error.strerror}.\n"
                f"Stop what listens there, or choose another: {name.upper()}_PORT=… make run"
            ) from error
        bound: int = probe.getsockname()[1]
        return bound


def _environment(ports: Mapping[str, int]) -> dict[str, str]:
    """What makes the app use this stack: URLs, names, and keys that open nothing else."""
    environment = {
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://{HOST}:{ports['dynamodb']}",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "TODOS_TABLE": TABLES["TodosTable"],
        "OUTBOX_TABLE": TABLES["OutboxTable"],
    }
    if "convoy" in ports:
        environment |= {
            "CONVOY_API_KEY": convoy.API_KEY,
            "CONVOY_APP_ID": "local",
            "CONVOY_PROJECT_ID": "local",
            "CONVOY_BASE_URL": f"http://{HOST}:{ports['convoy']}/api",
        }
    return environment


def _load_settings() -> Settings:
    try:
        return Settings.load()
    except SettingsError as error:
        raise StackError(str(error)) from error


@contextmanager
def _process(name: str, arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module; its output goes to a log. A session of its own keeps Ctrl-C to us alone."""
    with (LOGS / f"{name}.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _await(name: str, child: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if child.poll() is not None:
            raise StackError(_ended(name, child))
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise StackError(f"{name} did not answer within {START_S:.0f} s; see .local/{name}.log")


def _until_one_ends(children: Mapping[str, subprocess.Popen[bytes]]) -> NoReturn:
    while True:
        for name, child in children.items():
            if child.poll() is not None:
                raise StackError(_ended(name, child))
        time.sleep(0.2)


def _ended(name: str, child: subprocess.Popen[bytes]) -> str:
    last = (LOGS / f"{name}.log").read_text(errors="replace").strip().splitlines()[-5:]
    return "\n".join([f"{name} ended with code {child.returncode}; .local/{name}.log ends:", *last])


def _greet(ports: Mapping[str, int], settings: Settings) -> None:
    api = f"http://localhost:{ports['api']}"
    inbox = f"http://localhost:{ports.get('convoy')}/inbox"
    print(f"The API       {api} (try it out at {api}/docs)")
    if "convoy" in ports:
        print(f"Its events    {inbox}")
    else:
        print(f"Its events    go to the real Convoy, {settings.convoy_base_url}")
    print(f"Logs          {LOGS.relative_to(ROOT)}/*.log")
    print("\nIn another terminal:\n")
    print(f"  curl -i {api}/todo -H 'Content-Type: application/json' \\")
    print("""    -d '{"id": 1, "item": "Write the tests"}'""")
    if "convoy" in ports:
        print(f"  curl {inbox}")
    print("\nCtrl-C ends it all. Todos live in memory until then.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
