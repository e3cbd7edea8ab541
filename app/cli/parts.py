"""What a command about the outbox works with, and how it ends when the environment is wrong."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import typer

from app.cli.options import ENVIRONMENT, LEFT, ended
from app.domain.ports import StoreError
from app.dynamodb.errors import named_errors
from app.outbox.rows import UnreadableRow
from app.settings import Settings, SettingsError
from app.wiring.api import Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def nowhere(_: str) -> None:
    """A person at a terminal has no use for metrics."""


def to_stderr(line: str) -> None:
    typer.echo(line, err=True)


@contextmanager
def open_parts(emit: Callable[[str], None] = nowhere) -> Iterator[Parts]:
    """The parts, for as long as a command lasts. `emit` takes the lines of the metrics.

    A wrong environment ends the command, and so does a row that can't be read.
    """
    try:
        with closing(_build(emit)) as parts:
            yield parts
    except UnreadableRow as error:
        raise ended(str(error), LEFT) from error
    except (SettingsError, StoreError) as error:
        raise ended(str(error), ENVIRONMENT) from error


def _build(emit: Callable[[str], None]) -> Parts:
    settings = Settings.load()
    with named_errors():
        try:
            return Parts.build(settings, emit)
        except ValueError as error:
            message = f"AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL: {error}"
            raise SettingsError(message) from error
