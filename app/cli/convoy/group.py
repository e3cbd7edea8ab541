"""The group of the commands about Convoy, which are imported when one of them is wanted.

They import the SDK, and the event types with their schemas: no other command needs these.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.main import get_group

from app.cli.helping import Group, examples


class _ImportedLater(Group):
    order = (
        "setup", "endpoints", "ping", "trigger", "listen", "deliveries", "attempts", "resend",
    )  # fmt: skip

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        self._import()
        return super().list_commands(ctx)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ANN401
        self._import()
        return super().get_command(ctx, cmd_name)

    def _import(self) -> None:
        if not self.commands:
            import_module("app.cli.convoy.commands")
            self.commands.update(get_group(convoy).commands)


convoy = typer.Typer(
    cls=_ImportedLater,
    help="Set up Convoy's project, and see what Convoy delivers.",
    epilog=examples("convoy ping", "convoy deliveries --status failure --since 2d"),
    no_args_is_help=True,
)
