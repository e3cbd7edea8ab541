"""What the commands about Convoy share: a connection that was checked, and ids."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import typer

from app.cli.called import command
from app.cli.options import ENVIRONMENT, NOT_DONE, exit_with
from app.convoy_admin.calls import ConvoyRefused, ConvoyUnusable
from app.settings import ConvoySettings, SettingsError
from app.wiring.convoy_admin import ConvoyComponents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def connected() -> Iterator[tuple[ConvoySettings, ConvoyComponents]]:
    """The settings and Convoy for one command. An error ends the command with a message."""
    try:
        settings = ConvoySettings.load()
        with closing(ConvoyComponents.build(settings)) as connection:
            connection.project.check()
            yield settings, connection
    except (SettingsError, ConvoyUnusable) as error:
        raise exit_with(str(error), ENVIRONMENT) from error
    except ConvoyRefused as error:
        raise exit_with(f"Convoy refused: {error}.", NOT_DONE) from error


def ids_of(kind: str, listed_by: str) -> Callable[[list[str] | None], list[str] | None]:
    """A callback that refuses what can't be an id of Convoy's. `kind`: `a delivery`.

    `listed_by`: the command that lists the ids.
    """

    def check(values: list[str] | None) -> list[str] | None:
        for value in values or ():
            if re.fullmatch("[0-9A-Za-z]+", value) is None:
                raise typer.BadParameter(
                    f"{value!r} is not {kind}'s id. List the ids: {command(listed_by)}"
                )
        return values

    return check


delivery_ids = ids_of("a delivery", "convoy deliveries")
endpoint_ids = ids_of("an endpoint", "convoy endpoints")


def endpoint_id(value: str | None) -> str | None:
    endpoint_ids([] if value is None else [value])
    return value
