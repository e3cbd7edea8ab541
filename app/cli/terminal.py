"""The output of the operator's command: lines and colours for people, JSON for scripts.

Rich is imported where a table, a colour or a progress bar is made: most commands print lines alone.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import timedelta

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

Thing = TypeVar("Thing")

_STYLES = {
    "waiting": "yellow",
    "failed": "red",
    "active": "green",
    "paused": "yellow",
    "inactive": "red",
    "Success": "green",
    "Retry": "yellow",
    "Failure": "red",
    "Discarded": "red",
}
"""The colours of the states of rows, endpoints and deliveries."""

_UNITS = {"d": 86_400, "h": 3_600, "min": 60}


def console(*, stderr: bool = False) -> Console:
    """As wide as the terminal. It has colours only on a terminal, and none if NO_COLOR is set."""
    from rich.console import Console

    # Convoy's text may look like rich's markup, but it is not markup.
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def say(text: str, *, stderr: bool = False) -> None:
    typer.echo(plain(text), err=stderr)


def say_coloured(text: Text) -> None:
    """On stdout, without breaking lines."""
    console().print(text, soft_wrap=True)


def say_json(values: Mapping[str, object]) -> None:
    """One line, only ASCII."""
    typer.echo(json.dumps(values))


def plain(text: str) -> str:
    """Replace control characters, which steer the terminal: owners and reasons are foreign text."""
    return "".join(
        char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def one_line(text: str) -> str:
    """Foreign text for a place of one line: a line break in it would begin a line of its own."""
    return plain(text.replace("\n", "\0"))


def on_own_lines(texts: Iterable[str]) -> str:
    """Foreign texts, each on one line of its own."""
    return "\n".join(map(one_line, texts))


def coloured(state: str, text: str | None = None) -> Text:
    """The text (by default the state), on one line, in the colour of the state."""
    from rich.text import Text

    return Text(one_line(state if text is None else text), _STYLES.get(state, ""))


def table(text: str, *, header: bool = True, **widths: int) -> Table:
    """Columns of fixed widths, then one for `text`, which takes the rest of the terminal's width.

    Pages of one list have the same widths.
    """
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, show_header=header, show_edge=False, expand=True)
    for name, columns in widths.items():
        made.add_column(name.replace("_", " "), width=columns, overflow="fold")
    made.add_column(text, ratio=1, overflow="fold")
    return made


def span(seconds: float) -> str:
    """In the largest unit that fits twice: `90 s`, `2 min`, `47 h`, `2 d`."""
    for unit, length in _UNITS.items():
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"


def seconds(length: timedelta) -> float:
    """To the millisecond; none is negative."""
    return round(max(length.total_seconds(), 0.0), 3)


@contextmanager
def progress(
    what: str, unit: str = "rows", total: int | None = None
) -> Iterator[Callable[[], None]]:
    """A progress bar, if stderr is a terminal. Call the result after each item.

    Without a `total` the bar only counts.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    errors = console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(f"{{task.completed:.0f}} {unit}"),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns,
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
        redirect_stdout=False,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def counted(things: Iterable[Thing], advance: Callable[[], None]) -> Iterator[Thing]:
    for thing in things:
        advance()
        yield thing
