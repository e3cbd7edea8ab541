"""`make run`: all of it on a laptop. DynamoDB (moto), Convoy (the stand-in), the API, the relay.

Each is a process of its own, on loopback; Ctrl-C, or the end of any, ends them all. With
CONVOY_API_KEY in the environment or in .env the real Convoy is used and the stand-in stays away.
"""

from __future__ import annotations

import signal

# Until all of it is imported, Ctrl-C ends it without a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import os
import shlex
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from app.convoy_admin.project import ConvoyError
from app.convoy_admin.setup import set_up
from app.http.webhooks import Webhooks
from app.register import RESOURCES
from app.settings import LocalSettings, SettingsError
from app.wiring.clients import dynamodb
from app.wiring.convoy_admin import Convoy
from infra.fake_convoy import application, receiver, resources
from infra.local import dotenv_file, tables
from infra.local.parts import HOST, LOGS, ROOT, StackError, free_ports, make_room, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.parts import Part

TABLES = tables.names()


def main() -> int:
    # A shell makes a job in the background deaf to SIGINT: said here, it hears all three.
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
            help=f"0 for any free one (default: ${variable} or {default})",
        )
    parser.add_argument(
        "--env-file", type=Path, default=ROOT / ".env", help="settings (default: .env)"
    )
    return parser.parse_args()


def _run(stack: ExitStack, options: argparse.Namespace) -> None:
    make_room()
    for variable, value in dotenv_file.read(options.env_file).items():
        os.environ.setdefault(variable, value)
    real = bool(os.environ.get("CONVOY_API_KEY"))
    names = ["dynamodb", "api"] if real else ["dynamodb", "convoy", "api"]
    ports = free_ports({name: getattr(options, name) for name in names})
    environment = _environment(ports)
    os.environ.update(environment)
    os.environ.pop("AWS_PROFILE", None)
    settings = _load_settings()
    parts = _started(stack, ports, settings)
    script = stack.enter_context(_operators_command(ports["api"], environment))
    _greet(ports, settings, script)
    while True:
        for part in parts:
            part.check()
        time.sleep(0.2)


def _started(stack: ExitStack, ports: Mapping[str, int], settings: LocalSettings) -> list[Part]:
    """All parts, in an order in which no event comes before there is somebody to take it."""
    commands = {
        "dynamodb": ["moto.server", "-H", HOST, "-p"],
        "convoy": ["infra.fake_convoy", "--api", f"http://localhost:{ports['api']}", "--port"],
        "api": ["uvicorn", "--factory", "app.wiring.api:local_api", "--host", HOST, "--port"],
    }

    def start(name: str) -> Part:
        command = [*commands[name], str(ports[name])]
        return stack.enter_context(running(name, ports[name], command))

    parts = {name: start(name) for name in ports if name != "api"}
    for name, part in parts.items():
        part.wait_until_it_answers(ports[name])
    tables.create_tables(dynamodb(), TABLES)
    if "convoy" in ports:
        _set_up(settings, f"http://{HOST}:{ports['convoy']}{receiver.PATH}")
    parts["api"] = start("api")
    parts["api"].wait_until_it_answers(ports["api"])
    relay = ["app", "relay", "--watch", "--json"]
    parts["relay"] = stack.enter_context(running("relay", ports["api"], relay))
    return list(parts.values())


def _environment(ports: Mapping[str, int]) -> dict[str, str]:
    """What makes the app use this stack: URLs, names, and keys that open nothing else."""
    environment = {
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://{HOST}:{ports['dynamodb']}",
        "NO_PROXY": f"{HOST},localhost,{os.environ.get('NO_PROXY', '')}",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        **tables.settings(TABLES),
    }
    if "convoy" in ports:
        environment |= {
            "CONVOY_API_KEY": application.API_KEY,
            "CONVOY_API_KEY_SECRET": "",
            "CONVOY_APP_ID": "local",
            "CONVOY_PROJECT_ID": resources.PROJECT_ID,
            "CONVOY_BASE_URL": f"http://{HOST}:{ports['convoy']}/api",
        }
    return environment


def _set_up(settings: LocalSettings, url: str) -> None:
    """As `python -m app convoy setup` does: the stand-in's own receiver gets the owner's events."""
    try:
        with closing(Convoy.build(settings)) as built:
            webhooks, owner = Webhooks(RESOURCES), settings.convoy_app_id
            set_up(built.project, webhooks, url=url, owner=owner, new_owner=lambda: "")
    except ConvoyError as error:
        raise StackError(f"the stand-in can't be set up: {error}") from error


def _load_settings() -> LocalSettings:
    try:
        return LocalSettings.load()
    except SettingsError as error:
        raise StackError(str(error)) from error


@contextmanager
def _operators_command(port: int, environment: Mapping[str, str]) -> Iterator[Path]:
    """`python -m app` with this stack's settings, for another terminal: a script beside the logs.

    A script, since what is exported to a shell would bend the next `make run` there. A real
    Convoy's key is not in it: that stays in .env, or in the environment.
    """
    script = LOGS / f"app-{port}"
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    lines = [
        "#!/bin/sh",
        f"cd {shlex.quote(str(ROOT))} || exit",
        "unset AWS_PROFILE",
        *exports,
        f'exec {shlex.quote(sys.executable)} -m app "$@"',
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
    if "convoy" in ports:
        print(f"Its events    {inbox} (open it in a browser)")
    else:
        print(f"Its events    go to the real Convoy, {settings.convoy_base_url}")
    print("Logs          .local/*.log")
    print("\nIn another terminal:\n")
    print(f"  curl -i {api}/todo -H 'Content-Type: application/json' \\")
    print("""    -d '{"id": 1, "item": "Write the tests"}'""")
    if "convoy" in ports:
        print(f"  curl {inbox}")
    print(f"  {command} outbox list")
    print("\nCtrl-C ends it all. Todos live in memory until then.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
