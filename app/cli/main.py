"""The operator's commands: list the outbox, redrive failed events, run the relay, manage Convoy.

Results go to stdout; errors and progress go to stderr.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import terminal
from app.cli.components import (
    discard,
    log_to_stderr,
    open_components,
    open_outbox,
    open_relay,
    to_stderr,
)
from app.cli.convoy import convoy
from app.cli.options import EXIT_CODES, NOT_DONE, JsonOption, exit_with, not_blank
from app.cli.relay_loop import Pass, interrupts, run_until_interrupted
from app.cli.republish import republish
from app.outbox.relay import WORKERS
from app.outbox.rows import FAILED, WAITING, WHOLE, Segment
from app.wiring.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.dynamodb.outbox_table import OutboxTable
    from app.outbox.rows import UnreadableRow

EventId = Annotated[str, typer.Argument(metavar="EVENT_ID", callback=not_blank)]

cli = typer.Typer(
    help="For the operator: the outbox of events that Convoy has not handled yet, and Convoy.",
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
    failed: Annotated[bool, typer.Option("--failed", help="List the failed events.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the events that wait for Convoy, or the failed ones, without the resources' text."""
    state = FAILED if failed else WAITING
    counts: Counter[str] = Counter()
    with open_outbox() as table:
        for page in table.pages(_report_unreadable):
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
def show(event_id: EventId, *, as_json: JsonOption = False) -> None:
    """Show one event with its payload, which has the resource's text."""
    with open_outbox() as table:
        row = table.get(event_id)
    if row is None:
        raise _not_found(event_id)
    if as_json:
        terminal.say_json(terminal.summary(row, now()) | {"data": dict(row.event.data)})
    else:
        terminal.say(terminal.details(row, now()))


@cli.command(epilog=EXIT_CODES)
def redrive(
    event_id: Annotated[str | None, typer.Argument(metavar="EVENT_ID", callback=not_blank)] = None,
    *,
    all_failed: Annotated[bool, typer.Option("--all", help="Redrive every failed event.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let the relay try a failed event again, as if for the first time."""
    if all_failed == (event_id is not None):
        raise typer.BadParameter("give one EVENT_ID, or --all")
    with open_outbox() as table:
        redriven = _redrive_all(table) if event_id is None else _redrive_one(table, event_id)
    if as_json:
        terminal.say_json({"redriven": redriven})
    else:
        then = " Run the relay, or wait for it." if redriven else ""
        terminal.say(f"{redriven} waiting again.{then}")


def _redrive_all(table: OutboxTable) -> int:
    redriven = failed = 0
    with terminal.progress("Redriving") as advance:
        for page in table.pages(_report_unreadable):
            for row in page:
                if row.state == FAILED:
                    failed += 1
                    redriven += table.redrive(row, now=now())
                    advance()
    if redriven < failed:
        terminal.say(
            f"{failed - redriven} not redriven: another process changed them meanwhile."
            " List them: outbox list.",
            stderr=True,
        )
    return redriven


def _redrive_one(table: OutboxTable, event_id: str) -> int:
    row = table.get(event_id)
    if row is None:
        raise _not_found(event_id)
    if row.state != FAILED:
        raise exit_with(f"{event_id} has not failed: it is {row.state}.", NOT_DONE)
    if not table.redrive(row, now=now()):
        raise exit_with(
            f"Another process changed {event_id} just now. See it: outbox show.", NOT_DONE
        )
    return 1


def _segment(text: str) -> Segment:
    match = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
    if match is None or int(match[1]) > int(match[2]):
        raise typer.BadParameter(
            "must be N/OF, with N from 1 to OF: such as 1/4 to 4/4 for four relays"
        )
    return Segment(int(match[1]), int(match[2]))


@cli.command(epilog=EXIT_CODES)
def relay(
    ctx: typer.Context,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Repeat passes until Ctrl-C.")] = False,
    every: Annotated[int, typer.Option(min=1, help="With --watch: seconds between passes.")] = 60,
    workers: Annotated[int, typer.Option(min=1, max=50, help="Calls at the same time.")] = WORKERS,
    deadline_s: Annotated[
        float | None,
        typer.Option(help="Seconds for a pass; about the last 16 are for work in progress."),
    ] = None,
    segment: Annotated[
        Segment | None,
        typer.Option(
            parser=_segment,
            metavar="N/OF",
            show_default=False,
            help="This is the Nth of OF relays; each one reads its own part of the outbox.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Process the due events of the outbox: one pass, or with --watch a pass at each interval.

    A pass asks Convoy for the status of each event. It removes handled events, publishes missing
    events, and replays stuck events.

    With --json, stderr has the logs and metrics of the Lambda, one JSON object per line.
    """
    wait: Callable[[float], None] = ctx.obj or time.sleep
    if as_json:
        log_to_stderr()
    with (
        open_components(to_stderr if as_json else discard) as components,
        open_relay(components, workers=workers, segment=segment or WHOLE) as relay_components,
        interrupts() as interrupt,
    ):
        reserve_s = relay_components.relay.reserve_s
        if deadline_s is not None and deadline_s <= reserve_s:
            raise typer.BadParameter(
                f"must be over {reserve_s:g}: work in progress may need that long to finish",
                param_hint="--deadline-s",
            )
        run = Pass(relay_components.relay, components.metrics, interrupt, deadline_s, as_json)
        if watch:
            run_until_interrupted(run, every, wait)
            return
        report = run()
    if report.stopped or report.pending or report.failed:
        raise typer.Exit(NOT_DONE)


def _report_unreadable(error: UnreadableRow) -> None:
    terminal.say(str(error), stderr=True)


def _not_found(event_id: str) -> typer.Exit:
    return exit_with(
        f"{event_id} is not in the outbox: Convoy handled it, or it never existed.", NOT_DONE
    )
