"""`convoy setup`."""

from __future__ import annotations

import os
import re
from pathlib import Path  # noqa: TC003  # Typer reads the annotation
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit
from uuid import uuid4

import typer
from dotenv import set_key

from app.cli import terminal
from app.cli.convoy.group import connected, convoy
from app.cli.options import EXIT_CODES, LEFT, Json, ended, printable
from app.convoy_admin.setup import set_up, steps
from app.http.webhooks import Webhooks
from app.register import RESOURCES

if TYPE_CHECKING:
    from app.convoy_admin.setup import Setup


def _web_url(value: str) -> str:
    try:
        url = urlsplit(value)
        usable = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if not usable or not value.isprintable():
        raise typer.BadParameter("must be an http or https URL")
    return value


def _in_a_folder(value: Path | None) -> Path | None:
    if value is not None and not os.access(value.parent, os.W_OK):
        raise typer.BadParameter(f"{value.parent} is no folder that can be written to")
    return value


@convoy.command(epilog=EXIT_CODES)
def setup(
    url: Annotated[str, typer.Option(help="Where the events are received.", callback=_web_url)],
    *,
    owner: Annotated[
        str | None,
        typer.Option(
            help="Whose events (default: CONVOY_APP_ID, or whose endpoint this is, or a new id).",
            callback=printable,
        ),
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option(
            help="Write the settings into this file; else print them.",
            dir_okay=False,
            writable=True,
            callback=_in_a_folder,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an endpoint, its subscription, and the event types with their schemas.

    It can be run again: what is there is kept. It tells the settings that follow from it.
    """
    webhooks = Webhooks(RESOURCES)
    progress = terminal.progress("Setting up", "steps", steps(webhooks))
    with connected() as (settings, parts), progress as step:
        done = set_up(
            parts.project,
            webhooks,
            url=url,
            owner=owner or settings.convoy_app_id,
            new_owner=lambda: str(uuid4()),
            step=step,
        )
    changes = [f"Made: {each}." for each in done.made]
    changes += [f"Changed: {each}." for each in done.changed]
    terminal.say("\n".join(changes or ["All is in place already."]), stderr=True)
    if as_json:
        terminal.say_json(vars(done))
    _tell_settings(done, env_file, as_json=as_json)
    if done.wrong:
        raise ended("\n".join(f"But {each}." for each in done.wrong), LEFT)


def _tell_settings(done: Setup, env_file: Path | None, *, as_json: bool) -> None:
    values = {"CONVOY_APP_ID": done.owner, "CONVOY_ENDPOINT_SECRET": done.secret}
    if env_file is not None:
        env_file.touch(mode=0o600)
        for name, value in values.items():
            set_key(env_file, name, value, quote_mode="auto")
        terminal.say(f"{' and '.join(values)} are in {env_file}.", stderr=True)
    elif not as_json:
        terminal.say("For .env of the API, and for the receiver:", stderr=True)
        terminal.say("\n".join(f"{name}={_quoted(value)}" for name, value in values.items()))


def _quoted(value: str) -> str:
    """As python-dotenv reads it."""
    if re.fullmatch(r"[\w.:/@%+=-]+", value, re.ASCII):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
