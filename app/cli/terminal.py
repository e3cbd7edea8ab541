"""The output of the operator's command: tables and sentences for people, JSON for scripts.

Rich is imported where a table or a progress bar is made: most commands print lines alone.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import typer

from app.outbox.republish import State
from app.outbox.rows import WAITING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from rich.console import Console
    from rich.table import Table

    from app.outbox.deliveries import DeliveryReport
    from app.outbox.relay_run import Report
    from app.outbox.republish import Republish
    from app.outbox.rows import Row

Thing = TypeVar("Thing")

MAX_WIDTH = 100
"""Columns. In a wider table it is hard to see which age belongs to which id."""

_UNITS = {"d": 86_400, "h": 3_600, "min": 60}


def console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    # Convoy's text may look like rich's markup, but it is not markup.
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def say(text: str, *, stderr: bool = False) -> None:
    typer.echo(plain(text), err=stderr)


def say_json(values: Mapping[str, object]) -> None:
    """One line, only ASCII."""
    typer.echo(json.dumps(values))


def plain(text: str) -> str:
    """Replace control characters, which steer the terminal: owners and reasons are foreign text."""
    return "".join(
        char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def summary(row: Row, now: datetime) -> dict[str, object]:
    """A row without its payload, which has the resource's text. Times are in seconds."""
    return {
        "event_id": row.event.id,
        "type": row.event.type,
        "owner": row.event.owner,
        "state": row.state,
        "age_s": _seconds(now - row.event.occurred_at),
        "attempts": row.attempts,
        "due_in_s": _seconds(row.due_at - now) if row.state == WAITING else None,
        "reason": row.reason,
    }


def table(rows: Sequence[Row], now: datetime, *, header: bool) -> Table:
    """One page of a list. All pages have the same column widths."""
    from rich import box
    from rich.table import Table

    width = min(console().width, MAX_WIDTH)
    page = Table(box=box.SIMPLE_HEAD, show_header=header, show_edge=False, width=width)
    page.add_column("Event, type, owner (reason)", ratio=1, overflow="fold")
    for name, columns in (("Age", 7), ("Tries", 5), ("Due in", 7)):
        page.add_column(name, width=columns, justify="right")
    for row in rows:
        reason = f" ({row.reason})" if row.reason else ""
        page.add_row(
            plain(f"{row.event.id}\n  {row.event.type}, {row.event.owner}{reason}"),
            span(_seconds(now - row.event.occurred_at)),
            str(row.attempts),
            due(row, now),
        )
    return page


def details(row: Row, now: datetime) -> str:
    """A row and its payload, for a person."""
    fields = {
        "Event": row.event.id,
        "Type": row.event.type,
        "Owner": row.event.owner,
        "State": row.state,
        "Age": span(_seconds(now - row.event.occurred_at)),
        "Tries": f"{row.attempts} ({row.refusals} refused)",
        "Due in": due(row, now),
        "Reason": row.reason or "none",
    }
    lines = [f"{name:8}{value}" for name, value in fields.items()]
    payload = json.dumps(row.event.data, indent=2, ensure_ascii=False)
    return "\n".join([*lines, "Payload", payload])


def sentence(report: Report) -> str:
    least = "at least " if report.partial else ""
    counts = [f"{report.settled} settled"]
    counts += [f"{report.published} published"] if report.published else []
    counts += [f"{report.replayed} replayed"] if report.replayed else []
    counts.append(f"{least}{report.pending} waiting")
    if report.pending:
        counts[-1] += f" (the oldest for {span(report.oldest_s)})"
    counts.append(f"{report.failed} failed")
    sentences = [f"{', '.join(counts)}."]
    if report.stopped:
        sentences.append(f"Stopped early: {report.stopped}.")
        if report.stopped.startswith("misconfigured"):
            sentences.append("Find the cause: convoy ping.")
    elif report.pending:
        sentences.append("See when they are due: outbox list.")
    if report.failed:
        sentences.append("See why they failed: outbox list --failed.")
    return "\n".join([*sentences, *_delivery_sentences(report.deliveries)])


def _delivery_sentences(found: DeliveryReport | None) -> Iterator[str]:
    if found is None:
        return
    if found.retried:
        yield f"{found.retried} deliveries hung in Convoy and are retried."
    elif found.hung:
        yield (
            f"{found.hung} deliveries hang in Convoy, and its last bulk retry is not over."
            " See them: convoy deliveries --status scheduled --status processing."
        )
    if found.failed or found.discarded:
        yield (
            f"{found.failed} deliveries of the last 24 h failed, {found.discarded} were discarded;"
            f" {found.disabled_endpoints} of their endpoints are not active."
            " See them: convoy deliveries --status failure --status discarded."
        )


def say_republished(job: Republish, since: datetime, *, interrupted: bool, as_json: bool) -> None:
    if as_json:
        states = {str(state): job.counts[state] for state in State}
        say_json({"since": _rfc3339(since), **states, "interrupted": interrupted})
        return
    say(republished(job, since))
    if interrupted:
        say(f"Interrupted. {run_again(since)}")
    elif job.put_back and not job.dry_run:
        say("The relay publishes them: run it, or wait for it.")


def republished(job: Republish, since: datetime) -> str:
    counts, would = job.counts, "would be " if job.dry_run else ""
    of_these = [f"{counts[State.STUCK]} stuck"] if counts[State.STUCK] else []
    of_these += [f"{counts[State.UNDER_WAY]} under way"] if counts[State.UNDER_WAY] else []
    clauses = [f"{job.put_back} {would}put back into the outbox"]
    clauses[0] += f" ({', '.join(of_these)} in Convoy)" if of_these else ""
    clauses.append(f"{counts[State.HANDLED]} handled by Convoy")
    clauses += [f"{counts[State.WAITING]} in the outbox already"] if counts[State.WAITING] else []
    unreadable = counts[State.UNREADABLE]
    clauses += [f"{unreadable} can't be read"] if unreadable else []
    return f"{job.compared} events of the log since {_rfc3339(since)}: {', '.join(clauses)}."


def run_again(since: datetime) -> str:
    return f"Run it again with --since {_rfc3339(since)}: it finds the rest."


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def due(row: Row, now: datetime) -> str:
    if row.state != WAITING:
        return "never"
    return span(_seconds(row.due_at - now)) if row.due_at > now else "now"


def span(seconds: float) -> str:
    """In the largest unit that fits twice: `90 s`, `2 min`, `47 h`, `2 d`."""
    for unit, length in _UNITS.items():
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"


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


def _seconds(length: timedelta) -> float:
    return round(max(length.total_seconds(), 0.0), 3)
