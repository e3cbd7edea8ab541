"""The help of each command: `-h`, examples in the words of the call, and no types of flags."""

from __future__ import annotations

import inspect
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

EXAMPLES = "Examples:"
_PROMPT = "\n$ "

HELP_OPTIONS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
"""The settings of the top command; the others take them over."""


def examples(*commands: str) -> str:
    """The end of a help. Each one is without the command's own name: `outbox list`."""
    return "".join([EXAMPLES, *(f"{_PROMPT}{each}" for each in commands)])


class Command(TyperCommand):
    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002  # no limit
        return _summary(self.help)

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # noqa: ANN401
        with _as_shown(self, ctx):
            super().format_help(ctx, formatter)

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        return _without_types_of_flags(super().get_params(ctx))


class Group(TyperGroup):
    order: ClassVar[tuple[str, ...]] = ()
    """The commands as the help lists them."""

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002  # no limit
        return _summary(self.help)

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return sorted(super().list_commands(ctx), key=self.order.index)

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # noqa: ANN401
        with _as_shown(self, ctx):
            super().format_help(ctx, formatter)

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        return _without_types_of_flags(super().get_params(ctx))


@contextmanager
def _as_shown(helped: TyperCommand | TyperGroup, ctx: typer.Context) -> Iterator[None]:
    """The examples have the name of the call, as the usage has it. Lines are as long as fits."""
    before = helped.help, helped.epilog
    name = ctx.find_root().info_name
    helped.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(helped.help or ""))
    helped.epilog = (helped.epilog or "").replace(_PROMPT, f"{_PROMPT}{name} ")
    try:
        yield
    finally:
        helped.help, helped.epilog = before


def _summary(help_text: str | None) -> str:
    return inspect.cleandoc(help_text or "").partition("\n\n")[0].replace("\n", " ")


def _without_types_of_flags(params: list[Any]) -> list[Any]:
    """Typer would show `--json <bool>`, as if it took a value."""
    for each in params:
        if getattr(each, "is_flag", False):
            each.metavar = ""
    return params
