"""What the commands about Convoy share: their group, and a connection that was checked."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import typer

from app.cli.options import ENVIRONMENT, EXIT_CODES, NOT_DONE, exit_with
from app.convoy_admin.calls import ConvoyRefused, ConvoyUnusable
from app.settings import ConvoySettings, SettingsError
from app.wiring.convoy_admin import ConvoyComponents

if TYPE_CHECKING:
    from collections.abc import Iterator

convoy = typer.Typer(
    help="Set up Convoy's project, and see what Convoy delivers.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
)


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
