"""The components that a command uses, and how a wrong environment ends the command.

They are imported when the command runs: `--help` needs none of them.
"""

from __future__ import annotations

import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TypeVar

import typer

from app.cli.options import ENVIRONMENT, NOT_DONE, exit_with
from app.domain.ports import StoreError
from app.outbox.relay import WORKERS
from app.outbox.rows import WHOLE, UnreadableRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.dynamodb.outbox_table import OutboxTable
    from app.outbox.rows import Segment
    from app.settings import Settings
    from app.wiring.api import Components
    from app.wiring.relay import RelayComponents

T = TypeVar("T")


def discard(_: str) -> None:
    """A person at a terminal has no use for metrics."""


def to_stderr(line: str) -> None:
    typer.echo(line, err=True)


def log_to_stderr() -> None:
    """As the functions log: one JSON object per line."""
    from app.runtime import logs

    logs.configure(sys.stderr)


@contextmanager
def open_outbox() -> Iterator[OutboxTable]:
    """The outbox for one command. An error ends the command as in `open_components`."""
    from app.wiring.clients import dynamodb
    from app.wiring.outbox import outbox_of

    def build() -> DynamoDBClient:
        return dynamodb(settings)

    with _settings() as settings, closing(_built(build)) as client:
        yield outbox_of(settings, client)


@contextmanager
def open_components(emit: Callable[[str], None] = discard) -> Iterator[Components]:
    """The components for one command. `emit` takes each line of the metrics.

    A wrong environment or an unreadable row ends the command with a message.
    """
    from app.wiring.api import Components

    def build() -> Components:
        return Components.build(settings, emit)

    with _settings() as settings, closing(_built(build)) as components:
        yield components


@contextmanager
def open_relay(
    components: Components, *, workers: int = WORKERS, segment: Segment = WHOLE
) -> Iterator[RelayComponents]:
    """The relay and its clients of Convoy, for one command."""
    from app.wiring.relay import RelayComponents

    relay = RelayComponents.build(components, workers=workers, segment=segment)
    with closing(relay):
        yield relay


@contextmanager
def _settings() -> Iterator[Settings]:
    from app.settings import Settings, SettingsError

    try:
        yield Settings.load()
    except UnreadableRow as error:
        raise exit_with(str(error), NOT_DONE) from error
    except (SettingsError, StoreError) as error:
        raise exit_with(str(error), ENVIRONMENT) from error


def _built(build: Callable[[], T]) -> T:
    from app.dynamodb.errors import translated_errors
    from app.settings import SettingsError

    with translated_errors:
        try:
            return build()
        except ValueError as error:
            message = f"AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL: {error}"
            raise SettingsError(message) from error
