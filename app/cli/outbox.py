"""`outbox list`, `outbox show` and `redrive`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import outbox_tables, terminal
from app.cli.called import command
from app.cli.components import open_outbox
from app.cli.helping import Command, Group, examples
from app.cli.options import NOT_DONE, JsonOption, exit_with, not_blank
from app.outbox.rows import FAILED, WAITING
from app.wiring.clock import now

if TYPE_CHECKING:
    from app.dynamodb.outbox_table import OutboxTable
    from app.outbox.rows import Row, UnreadableRow

EventId = Annotated[str, typer.Argument(metavar="EVENT_ID", callback=not_blank)]


class _Commands(Group):
    order = ("list", "show")


outbox = typer.Typer(
    cls=_Commands,
    help="Look at the outbox: the events that Convoy has not handled yet.",
    epilog=examples("outbox list", "outbox show EVENT_ID"),
    no_args_is_help=True,
)


@outbox.command(
    "list",
    cls=Command,
    epilog=examples(
        "outbox list",
        "outbox list --failed --limit 20",
        "outbox list --failed --json | jq -r .event_id",
    ),
)
def list_rows(
    *,
    failed: Annotated[bool, typer.Option("--failed", help="List the failed events.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="List at most this many events, and count the others."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the events that wait for Convoy, or the failed ones, without the resources' text.

    Tries are the attempts that are recorded: a request records its own only if Convoy failed in it.
    """
    state = FAILED if failed else WAITING
    counts: Counter[str] = Counter()
    unreadable = _Unreadable()
    with open_outbox() as table:
        for page in table.pages(unreadable):
            rows = [row for row in page if row.state == state]
            left = len(rows) if limit is None else max(limit - counts[state], 0)
            _say_page(rows[:left], header=not counts[state], as_json=as_json)
            counts.update(row.state for row in page)
    if not as_json:
        _say_counts(counts, unreadable.count, failed=failed)
    if unreadable.count:
        raise typer.Exit(NOT_DONE)


def _say_page(rows: list[Row], *, header: bool, as_json: bool) -> None:
    if as_json:
        for row in rows:
            terminal.say_json(outbox_tables.summary(row, now()))
    elif rows:
        terminal.console().print(outbox_tables.page(rows, now(), header=header))


def _say_counts(counts: Counter[str], unreadable: int, *, failed: bool) -> None:
    if not counts and not unreadable:
        terminal.say("The outbox is empty: Convoy handled every event.")
        return
    text = terminal.coloured("")
    text.append(terminal.coloured(WAITING if counts[WAITING] else "", f"{counts[WAITING]} waiting"))
    text.append(", ")
    text.append(terminal.coloured(FAILED if counts[FAILED] else "", f"{counts[FAILED]} failed"))
    text.append(f", {unreadable} can't be read." if unreadable else ".")
    if failed and counts[FAILED]:
        text.append(f"\nLet them wait again: {command('redrive --all')}")
    elif counts[FAILED]:
        text.append(f"\nSee why they failed: {command('outbox list --failed')}")
    terminal.say_coloured(text)


@outbox.command(
    cls=Command,
    epilog=examples("outbox show EVENT_ID", "outbox show EVENT_ID --json | jq .data"),
)
def show(event_id: EventId, *, as_json: JsonOption = False) -> None:
    """Show one event with its payload, which has the resource's text."""
    with open_outbox() as table:
        row = table.get(event_id)
    if row is None:
        raise _not_found(event_id)
    if as_json:
        terminal.say_json(outbox_tables.summary(row, now()) | {"data": dict(row.event.data)})
    else:
        terminal.say_coloured(outbox_tables.details(row, now()))


def redrive(
    event_id: Annotated[str | None, typer.Argument(metavar="EVENT_ID", callback=not_blank)] = None,
    *,
    all_failed: Annotated[bool, typer.Option("--all", help="Redrive every failed event.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let the relay try a failed event again, as if for the first time."""
    if all_failed == (event_id is not None):
        raise typer.BadParameter("give one EVENT_ID, or --all")
    whole = True
    with open_outbox() as table:
        if event_id is None:
            redriven, whole = _redrive_all(table)
        else:
            redriven = _redrive_one(table, event_id)
    if as_json:
        terminal.say_json({"redriven": redriven})
    else:
        then = f" Wait for the relay, or run {command('relay')}" if redriven else ""
        terminal.say(f"{redriven} waiting again.{then}")
    if not whole:
        raise typer.Exit(NOT_DONE)


def _redrive_all(table: OutboxTable) -> tuple[int, bool]:
    """How many, and whether these are all."""
    redriven = failed = 0
    unreadable = _Unreadable()
    with terminal.progress("Redriving") as advance:
        for page in table.pages(unreadable):
            for row in page:
                if row.state == FAILED:
                    failed += 1
                    redriven += table.redrive(row, now=now())
                    advance()
    if redriven < failed:
        terminal.say(
            f"{failed - redriven} not redriven: another process changed them meanwhile."
            f" List them: {command('outbox list')}",
            stderr=True,
        )
    return redriven, redriven == failed and not unreadable.count


def _redrive_one(table: OutboxTable, event_id: str) -> int:
    row = table.get(event_id)
    if row is None:
        raise _not_found(event_id)
    if row.state != FAILED:
        raise exit_with(f"{event_id} has not failed: it is {row.state}.", NOT_DONE)
    if not table.redrive(row, now=now()):
        raise exit_with(
            f"Another process changed {event_id} just now."
            f" See it: {command('outbox show', event_id)}",
            NOT_DONE,
        )
    return 1


class _Unreadable:
    """Reports rows that can't be read on stderr, and counts them."""

    count = 0

    def __call__(self, error: UnreadableRow) -> None:
        self.count += 1
        terminal.say(str(error), stderr=True)


def _not_found(event_id: str) -> typer.Exit:
    return exit_with(
        f"{event_id} is not in the outbox: Convoy handled it, or it never existed.", NOT_DONE
    )
