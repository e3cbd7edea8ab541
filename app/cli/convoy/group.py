"""What the commands about Convoy share: their group, and a Convoy that is known to be usable."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import typer

from app.cli.options import ENVIRONMENT, EXIT_CODES, LEFT, ended
from app.convoy_admin.project import ConvoyRefused, ConvoyUnusable
from app.settings import ConvoySettings, SettingsError
from app.wiring.convoy_admin import Convoy

if TYPE_CHECKING:
    from collections.abc import Iterator

convoy = typer.Typer(
    help="Set Convoy's project up, and see what it delivers.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
)


@contextmanager
def connected() -> Iterator[tuple[ConvoySettings, Convoy]]:
    """For as long as a command lasts. What goes wrong with Convoy ends the command, in words."""
    try:
        settings = ConvoySettings.load()
        with closing(Convoy.build(settings)) as parts:
            parts.project.check()
            yield settings, parts
    except (SettingsError, ConvoyUnusable) as error:
        raise ended(str(error), ENVIRONMENT) from error
    except ConvoyRefused as error:
        raise ended(f"Convoy refused: {error}.", LEFT) from error
