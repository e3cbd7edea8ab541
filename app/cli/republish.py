"""`republish`: put events that Convoy lost back into the outbox."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime  # noqa: TC003  # Typer reads the annotation
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import reports, terminal
from app.cli.components import open_components, open_relay
from app.cli.moments import moment
from app.cli.options import ENVIRONMENT, NOT_DONE, JsonOption, exit_with, not_blank
from app.cli.relay_loop import interrupts
from app.domain.ports import StoreError
from app.outbox.event_list import NotAnswered
from app.outbox.republish import Republish, State
from app.wiring.clock import now

if TYPE_CHECKING:
    from collections.abc import Iterator


def republish(
    *,
    since: Annotated[
        datetime,
        typer.Option(
            parser=moment,
            metavar="T",
            help="A moment before the loss: 2026-11-24T10:00:00Z, or how long ago: 2h, 3d.",
        ),
    ],
    owner: Annotated[
        str | None,
        typer.Option(help="Only this owner's events (default: all).", callback=not_blank),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, and write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Put events that the log has and Convoy does not have back into the outbox.

    Use it after Convoy lost data, for example by a restore. The relay publishes the events.

    Ctrl-C ends it cleanly. Run it again to put back the rest.
    """
    with (
        open_components() as components,
        open_relay(components) as relay_components,
        interrupts() as interrupt,
    ):
        job = Republish(
            components.events,
            relay_components.events,
            components.outbox,
            now,
            may_go_on=lambda: not interrupt.asked,
            dry_run=dry_run,
        )
        with _report_counts_on_failure(job, since):
            _run(job, since, owner)
        reports.say_republished(job, since, interrupted=interrupt.asked, as_json=as_json)
        if interrupt.asked or job.counts[State.UNREADABLE]:
            raise typer.Exit(NOT_DONE)


def _run(job: Republish, since: datetime, owner: str | None) -> None:
    with terminal.progress("Reading Convoy's list", "pages") as advance:
        handled = job.handled_since(since, advance)
    if not job.may_go_on():
        return
    with terminal.progress("Comparing the log", "events") as advance:
        job.compare(
            since,
            handled,
            owner=owner,
            on_event=advance,
            on_unreadable=lambda error: terminal.say(str(error), stderr=True),
        )


@contextmanager
def _report_counts_on_failure(job: Republish, since: datetime) -> Iterator[None]:
    """An outage ends the command with a message and the counts so far."""
    try:
        yield
    except (NotAnswered, StoreError) as error:
        reason = (
            f"Convoy did not answer: {error}." if isinstance(error, NotAnswered) else f"{error}"
        )
        done = f"Until then: {reports.republished(job, since)}"
        again = reports.run_again(since)
        raise exit_with(f"{reason}\n{done}\n{again}", ENVIRONMENT) from error
