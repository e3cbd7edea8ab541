"""`convoy setup`."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path  # noqa: TC003  # Typer reads the annotation
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit
from uuid import uuid4

import typer
from dotenv import set_key

from app.cli import terminal
from app.cli.called import command
from app.cli.convoy.choosing import EVENTS, type_names
from app.cli.convoy.connecting import connected
from app.cli.convoy.group import convoy
from app.cli.helping import Command, examples
from app.cli.options import NOT_DONE, JsonOption, exit_with, printable, web_url
from app.convoy_admin.choices import EVERY
from app.convoy_admin.setup import OwnerNeeded, set_up, steps
from app.http.webhooks import Webhooks
from app.register import RESOURCES

if TYPE_CHECKING:
    from app.convoy_admin.setup import Setup


ADVICE = (
    "Check that Convoy can't connect to private addresses. Its API does not show that:"
    " docs/security.md, Endpoints' addresses."
)


def _chosen_types(values: list[str] | None) -> list[str] | None:
    known = type_names()
    chosen = list(dict.fromkeys(values or ()))
    for each in chosen:
        if each not in {EVERY, *known}:
            raise typer.BadParameter(
                f"{each!r} is no event type. Give any of {', '.join(known)}, or '*' for all"
            )
    if EVERY in chosen and len(chosen) > 1:
        raise typer.BadParameter("'*' is every event type: give it alone")
    return chosen


def _in_a_folder(value: Path | None) -> Path | None:
    if value is not None and not os.access(value.parent, os.W_OK):
        raise typer.BadParameter(f"{value.parent} is not a writable folder")
    return value


@convoy.command(
    cls=Command,
    epilog=examples(
        "convoy setup --url https://example.com/webhooks --env-file .env",
        "convoy setup --url https://example.com/webhooks"
        f" --event-type {EVENTS.created.name} --event-type {EVENTS.deleted.name}",
    ),
)
def setup(
    url: Annotated[str, typer.Option(help="The receiver's URL.", callback=web_url)],
    *,
    owner: Annotated[
        str | None,
        typer.Option(
            help="Owner of the events (default: CONVOY_APP_ID, or a new id).",
            callback=printable,
        ),
    ] = None,
    event_types: Annotated[
        list[str] | None,
        typer.Option(
            "--event-type",
            metavar="TYPE",
            help="The endpoint gets this event type, and no type that is not named; the option can"
            " be repeated; '*' is all (default: keep its choice; a new endpoint gets all).",
            callback=_chosen_types,
            autocompletion=type_names,
        ),
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option(
            help="Write the settings into this file (default: print them).",
            dir_okay=False,
            writable=True,
            callback=_in_a_folder,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Create an endpoint, its subscription, and the event types with their schemas.

    Run it as often as you like: it keeps what exists. It prints the settings of the endpoint.
    """
    webhooks = Webhooks(RESOURCES)
    progress = terminal.progress("Setting up", "steps", steps(webhooks))
    with connected() as (settings, connection), progress as step:
        try:
            done = set_up(
                connection.project,
                webhooks,
                url=url,
                owner=owner or settings.convoy_app_id,
                new_owner=lambda: str(uuid4()),
                wanted_types=event_types or (),
                step=step,
            )
        except OwnerNeeded as error:
            raise exit_with(_choose_owner(error, url), NOT_DONE) from error
    _print_changes(done, as_json=as_json)
    _print_settings(done, env_file, as_json=as_json)
    if _has_a_network_of_ours(settings.convoy_base_url):
        terminal.say(ADVICE, stderr=True)
    if done.wrong:
        raise exit_with("\n".join(f"But {each}." for each in done.wrong), NOT_DONE)


def _choose_owner(error: OwnerNeeded, url: str) -> str:
    again = command("convoy setup --url", url)
    yours = f"{error} If the endpoint is yours, take it: {again} --owner {shlex.quote(error.owner)}"
    theirs = f"If it is a customer's, give another owner: {again} --owner NAME"
    return f"{terminal.one_line(yours)}\n{theirs}"


def _has_a_network_of_ours(base_url: str) -> bool:
    """Whether Convoy is neither the hosted one nor on this machine."""
    host = urlsplit(base_url).hostname or ""
    return not f".{host}".endswith((".getconvoy.cloud", ".localhost")) and host != "127.0.0.1"


def _print_changes(done: Setup, *, as_json: bool) -> None:
    changes = [f"Made: {each}." for each in done.made]
    changes += [f"Changed: {each}." for each in done.changed]
    terminal.say("\n".join(changes or ["All is in place already."]), stderr=True)
    if as_json:
        terminal.say_json(vars(done))


def _print_settings(done: Setup, env_file: Path | None, *, as_json: bool) -> None:
    values = {"CONVOY_APP_ID": done.owner, "CONVOY_ENDPOINT_SECRET": done.secret}
    if env_file is not None:
        env_file.touch(mode=0o600)
        for name, value in values.items():
            set_key(env_file, name, value, quote_mode="auto")
        terminal.say(f"Wrote {' and '.join(values)} into {env_file}.", stderr=True)
    elif not as_json:
        terminal.say("Settings for the API's .env, and for the receiver:", stderr=True)
        terminal.say("\n".join(f"{name}={_quoted(value)}" for name, value in values.items()))


def _quoted(value: str) -> str:
    """Quoted as python-dotenv reads it."""
    if re.fullmatch(r"[\w.:/@%+=-]+", value, re.ASCII):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
