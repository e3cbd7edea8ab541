"""The group of the commands about Convoy, which are imported when one of them is wanted.

They import the SDK, and the event types with their schemas: no other command needs these.
"""

from __future__ import annotations

from importlib import import_module

import typer
from typer.core import TyperGroup
from typer.main import get_group

from app.cli.options import EXIT_CODES


class _ImportedLater(TyperGroup):
    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        import_module("app.cli.convoy.commands")
        self.commands.update(get_group(convoy).commands)
        return super().parse_args(ctx, args)


convoy = typer.Typer(
    cls=_ImportedLater,
    help="Set up Convoy's project, and see what Convoy delivers.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
)
