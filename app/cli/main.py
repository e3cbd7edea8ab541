"""The operator's commands: look at the outbox, put failed events back, run the relay, use Convoy.

What a script reads goes to stdout; what went wrong, and progress, to stderr.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import terminal
from app.cli.convoy import convoy
from app.cli.options import EXIT_CODES, LEFT, Json, ended, not_blank
from app.cli.parts import nowhere, open_parts, to_stderr
from app.cli.relay_loop import Pass, interrupts, watched
from app.cli.republish import republish
from app.outbox.relay import WORKERS
from app.outbox.rows import FAILED, WAITING, WHOLE, Segment
from app.runtime import logs
from app.wiring.clients import now
from app.wiring.relay import RelayParts

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.dynamodb.outbox_table import OutboxTable
    from app.outbox.rows import UnreadableRow

EventId = Annotated[str, typer.Argument(metavar="EVENT_ID", callback=not_blank)]

cli = typer.Typer(
    help="For the operator: the outbox, with the events that Convoy is yet to handle; and Convoy.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
outbox = typer.Typer(help="Look at the outbox.", epilog=EXIT_CODES, no_args_is_help=True)
cli.add_typer(outbox, name="outbox")
cli.add_typer(convoy, name="convoy")
cli.command(epilog=EXIT_CODES)(republish)


@outbox.command("list", epilog=EXIT_CODES)
def list_rows(
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Those that Convoy refused.")] = False,
    as_json: Json = False,
) -> None:
    """List the events that wait for Convoy, or those that failed; never a todo's text."""
    state = FAILED if failed else WAITING
    counts: Counter[str] = Counter()
    with open_parts() as parts:
        for page in parts.outbox.pages(_tell_unreadable):
            rows = [row for row in page if row.state == state]
            if as_json:
                for row in rows:
                    terminal.say_json(terminal.summary(row, now()))
            elif rows:
                header = not counts[state]
                terminal.console().print(terminal.table(rows, now(), header=header))
            counts.update(row.state for row in page)
    if not as_json:
        summary = f"{counts[WAITING]} waiting, {counts[FAILED]} failed."
        terminal.say(summary if counts else "The outbox is empty: Convoy handled every event.")


@outbox.command(epilog=EXIT_CODES)
def show(event_id: EventId, *, as_json: Json = False) -> None:
    """Show one event with its payload, the todo's text included."""
    with open_parts() as parts:
        row = parts.outbox.get(event_id)
    if row is None:
        raise _not_there(event_id)
    if as_json:
        terminal.say_json(terminal.summary(row, now()) | {"data": dict(row.event.data)})
    else:
        terminal.say(terminal.details(row, now()))


@cli.command(epilog=EXIT_CODES)
def redrive(
    event_id: Annotated[str | None, typer.Argument(metavar="EVENT_ID", callback=not_blank)] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every failed event.")] = False,
    as_json: Json = False,
) -> None:
    """Let the relay try a failed event again, as if for the first time."""
    if every == (event_id is not None):
        raise typer.BadParameter("give one EVENT_ID, or --all")
    with open_parts() as parts:
        if event_id is None:
            redriven = _redrive_all(parts.outbox)
        else:
            redriven = _redrive_one(parts.outbox, event_id)
    if as_json:
        terminal.say_json({"redriven": redriven})
    else:
        then = " Run the relay, or wait for it." if redriven else ""
        terminal.say(f"{redriven} waiting again.{then}")


def _redrive_all(table: OutboxTable) -> int:
    redriven = failed = 0
    with terminal.progress("Redriving") as one_more:
        for page in table.pages(_tell_unreadable):
            for row in page:
                if row.state == FAILED:
                    failed += 1
                    redriven += table.redrive(row, now=now())
                    one_more()
    if redriven < failed:
        told = f"{failed - redriven} changed by somebody else meanwhile: left as they are now."
        terminal.say(told, stderr=True)
    return redriven


def _redrive_one(table: OutboxTable, event_id: str) -> int:
    row = table.get(event_id)
    if row is None:
        raise _not_there(event_id)
    if row.state != FAILED:
        raise ended(f"{event_id} has not failed: it is {row.state}.", LEFT)
    if not table.redrive(row, now=now()):
        raise ended(f"{event_id} was changed by somebody else just now: look again.", LEFT)
    return 1


def _segment(told: str) -> Segment:
    match = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", told)
    if match is None or int(match[1]) > int(match[2]):
        raise typer.BadParameter("must be one of 1/4 to 4/4, or of as many as there are relays")
    return Segment(int(match[1]), int(match[2]))


@cli.command(epilog=EXIT_CODES)
def relay(
    ctx: typer.Context,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Pass after pass, until Ctrl-C.")] = False,
    every: Annotated[int, typer.Option(min=1, help="With --watch: seconds between passes.")] = 60,
    workers: Annotated[int, typer.Option(min=1, max=50, help="Calls at a time.")] = WORKERS,
    deadline_s: Annotated[
        float | None,
        typer.Option(help="Seconds for a pass; its last 16 or so are for work in progress."),
    ] = None,
    segment: Annotated[
        Segment | None,
        typer.Option(
            parser=_segment,
            metavar="N/OF",
            show_default=False,
            help="Of several relays the Nth, with a part of the outbox each.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Settle what is due in the outbox: one pass, or with --watch one after the other.

    A pass asks Convoy what became of each event. It takes out what Convoy handled, publishes what
    Convoy does not have, and replays what is stuck.

    With --json, stderr has logs and metrics as the Lambda's, one JSON object per line.
    """
    wait: Callable[[float], None] = ctx.obj or time.sleep
    if as_json:
        logs.configure(sys.stderr)
    with (
        open_parts(to_stderr if as_json else nowhere) as parts,
        closing(RelayParts.build(parts, workers=workers, segment=segment or WHOLE)) as built,
        interrupts() as interrupt,
    ):
        reserve_s = built.relay.reserve_s
        if deadline_s is not None and deadline_s <= reserve_s:
            raise typer.BadParameter(
                f"must be over {reserve_s:g}: work in progress may need that long to finish",
                param_hint="--deadline-s",
            )
        run = Pass(built.relay, parts.metrics, interrupt, deadline_s, as_json)
        if watch:
            watched(run, every, wait)
            return
        report = run()
    if report.stopped or report.pending or report.failed:
        raise typer.Exit(LEFT)


def _tell_unreadable(error: UnreadableRow) -> None:
    terminal.say(str(error), stderr=True)


def _not_there(event_id: str) -> typer.Exit:
    return ended(f"{event_id} is not in the outbox: Convoy handled it, or it never was.", LEFT)
