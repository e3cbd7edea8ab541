"""`relay`."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.components import discard, log_to_stderr, open_components, open_relay, to_stderr
from app.cli.options import NOT_DONE, JsonOption
from app.cli.relay_loop import Pass, interrupts, run_until_interrupted
from app.outbox.relay import WORKERS
from app.outbox.rows import WHOLE, Segment

if TYPE_CHECKING:
    from collections.abc import Callable


def _segment(text: str) -> Segment:
    match = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
    if match is None or int(match[1]) > int(match[2]):
        raise typer.BadParameter(
            "must be N/OF, with N from 1 to OF: such as 1/4 to 4/4 for four relays"
        )
    return Segment(int(match[1]), int(match[2]))


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
