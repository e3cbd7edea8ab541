"""`make run`: everything on a laptop. DynamoDB (moto), Convoy (the stand-in), the API, the relay.

Each is a separate process on loopback. Ctrl-C stops all of them, and so does the end of any one.
With CONVOY_API_KEY in the environment or in .env, the real Convoy takes the place of the stand-in.
"""

from __future__ import annotations

import signal

# Ctrl-C during the imports below must leave no traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import json
import os
import shlex
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, NoReturn

from app.convoy_admin.calls import ConvoyError
from app.convoy_admin.setup import set_up
from app.http.examples import examples_of
from app.http.webhooks import Webhooks
from app.register import RESOURCES
from app.settings import LocalSettings, SettingsError
from app.wiring.clients import dynamodb
from app.wiring.convoy_admin import ConvoyComponents
from infra.fake_convoy.project import API_KEY, PROJECT_ID, RECEIVER
from infra.local import dotenv_file, tables
from infra.local.processes import (
    HOST,
    LOGS,
    ROOT,
    StackError,
    create_log_folder,
    free_ports,
    running_process,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.processes import Process

TABLES = tables.names()


def main() -> int:
    # A job that a shell runs in the background ignores SIGINT, unless it sets a handler itself.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
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


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    for name, default in (("api", 8080), ("dynamodb", 8001), ("convoy", 8002)):
        variable = f"{name.upper()}_PORT"
        parser.add_argument(
            f"--{name}",
            type=int,
            metavar="PORT",
            default=os.environ.get(variable) or str(default),
            help=f"0: any free port (default: ${variable}, or else {default})",
        )
    parser.add_argument(
        "--env-file", type=Path, default=ROOT / ".env", help="settings (default: .env)"
    )
    return parser.parse_args()


def _run(stack: ExitStack, options: argparse.Namespace) -> None:
    create_log_folder()
    for variable, value in dotenv_file.read(options.env_file).items():
        os.environ.setdefault(variable, value)
    real = bool(os.environ.get("CONVOY_API_KEY"))
    names = ["dynamodb", "api"] if real else ["dynamodb", "convoy", "api"]
    ports = free_ports({name: getattr(options, name) for name in names})
    environment = _environment(ports)
    os.environ.update(environment)
    os.environ.pop("AWS_PROFILE", None)
    settings = _load_settings()
    processes = _start_all(stack, ports, settings)
    script = stack.enter_context(_operator_script(ports["api"], environment))
    _greet(ports, settings, script)
    while True:
        for process in processes:
            process.check()
        time.sleep(0.2)


def _start_all(
    stack: ExitStack, ports: Mapping[str, int], settings: LocalSettings
) -> list[Process]:
    """Start Convoy and its endpoint before the API, so that the first event has a receiver."""
    commands = {
        "dynamodb": ["infra.local.moto_dynamodb"],
        "convoy": ["infra.local.convoy", "--try", _curl(ports), "--port"],
        "api": ["uvicorn", "--factory", "infra.local.portal:local_api", "--host", HOST, "--port"],
    }

    def start(name: str) -> Process:
        command = [*commands[name], str(ports[name])]
        return stack.enter_context(running_process(name, ports[name], command))

    processes = {name: start(name) for name in ports if name != "api"}
    for name, process in processes.items():
        process.wait_until_it_answers(ports[name])
    tables.create_tables(dynamodb(), TABLES)
    if "convoy" in ports:
        _set_up_convoy(settings, f"http://{HOST}:{ports['convoy']}{RECEIVER}")
    processes["api"] = start("api")
    processes["api"].wait_until_it_answers(ports["api"])
    relay = ["app", "relay", "--watch", "--json"]
    processes["relay"] = stack.enter_context(running_process("relay", ports["api"], relay))
    return list(processes.values())


def _environment(ports: Mapping[str, int]) -> dict[str, str]:
    """The app's settings for this stack: URLs, table names, and keys that are valid only here."""
    environment = {
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://{HOST}:{ports['dynamodb']}",
        "NO_PROXY": f"{HOST},localhost,{os.environ.get('NO_PROXY', '')}",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "EVENTS_VISIBLE_AFTER_S": "2",
        "LOCAL_ENDPOINTS": "true",
        **tables.settings(TABLES),
    }
    if "convoy" in ports:
        environment |= {
            "CONVOY_API_KEY": API_KEY,
            "CONVOY_API_KEY_SECRET": "",
            "CONVOY_APP_ID": "local",
            "CONVOY_PROJECT_ID": PROJECT_ID,
            "CONVOY_BASE_URL": f"http://{HOST}:{ports['convoy']}/api",
        }
    return environment


def _set_up_convoy(settings: LocalSettings, url: str) -> None:
    """As `hookctl convoy setup`: registers the stand-in's receiver for the owner's events."""
    try:
        with closing(ConvoyComponents.build(settings)) as built:
            webhooks, owner = Webhooks(RESOURCES), settings.convoy_app_id
            set_up(built.project, webhooks, url=url, owner=owner, new_owner=lambda: "")
    except ConvoyError as error:
        raise StackError(
            f"the stand-in for Convoy could not be set up: {error}. See {LOGS}/convoy-*.log."
        ) from error


def _load_settings() -> LocalSettings:
    try:
        return LocalSettings.load()
    except SettingsError as error:
        raise StackError(str(error)) from error


@contextmanager
def _operator_script(port: int, environment: Mapping[str, str]) -> Iterator[Path]:
    """Write a script beside the logs: the operator's command with this stack's settings.

    Variables exported in a shell would also change the next `make run` there. The key of a real
    Convoy is not in the script: the key stays in .env, or in the environment.
    """
    script = LOGS / f"app-{port}"
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    lines = [
        "#!/bin/sh",
        f"cd {shlex.quote(str(ROOT))} || exit",
        "unset AWS_PROFILE",
        *exports,
        # The command's usage and hints name the script.
        f'exec env CALLED_AS="$0" {shlex.quote(sys.executable)} -m app "$@"',
    ]
    script.write_text("\n".join(lines) + "\n")
    script.chmod(0o700)
    try:
        yield script.relative_to(ROOT)
    finally:
        script.unlink(missing_ok=True)


def _greet(ports: Mapping[str, int], settings: LocalSettings, command: Path) -> None:
    api = f"http://localhost:{ports['api']}"
    inbox = f"http://localhost:{ports.get('convoy')}/inbox"
    print(f"The API       {api} (try it out at {api}/docs)")
    print(f"Its portal    {api}/portal (endpoints, deliveries, events; no token is needed)")
    if "convoy" in ports:
        print(f"Its events    {inbox} (open it in a browser)")
    else:
        print(f"Its events    go to the real Convoy, {settings.convoy_base_url}")
    print("Logs          .local/*.log")
    print("\nIn another terminal:\n")
    print(indent(_curl(ports, "-i "), "  "))
    if "convoy" in ports:
        print(f"  curl {inbox}")
    print(f"  {command} outbox list")
    print("\nCtrl-C stops everything. The data is in memory, and is gone then.", flush=True)


def _curl(ports: Mapping[str, int], options: str = "") -> str:
    """The command that creates an example of the first resource."""
    resource = RESOURCES[0]
    url = f"http://localhost:{ports['api']}/{resource.name}"
    body = json.dumps(examples_of(resource), ensure_ascii=False)
    return f"curl {options}{url} -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"


if __name__ == "__main__":
    sys.exit(main())
