"""The components that a command uses, and how a wrong environment ends the command."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import typer

from app.cli.options import ENVIRONMENT, NOT_DONE, exit_with
from app.domain.ports import StoreError
from app.dynamodb.errors import translate_errors
from app.outbox.rows import UnreadableRow
from app.settings import Settings, SettingsError
from app.wiring.api import Components

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def discard(_: str) -> None:
    """A person at a terminal has no use for metrics."""


def to_stderr(line: str) -> None:
    typer.echo(line, err=True)


@contextmanager
def open_components(emit: Callable[[str], None] = discard) -> Iterator[Components]:
    """The components for one command. `emit` takes each line of the metrics.

    A wrong environment or an unreadable row ends the command with a message.
    """
    try:
        with closing(_build(emit)) as components:
            yield components
    except UnreadableRow as error:
        raise exit_with(str(error), NOT_DONE) from error
    except (SettingsError, StoreError) as error:
        raise exit_with(str(error), ENVIRONMENT) from error


def _build(emit: Callable[[str], None]) -> Components:
    settings = Settings.load()
    with translate_errors():
        try:
            return Components.build(settings, emit)
        except ValueError as error:
            message = f"AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL: {error}"
            raise SettingsError(message) from error
