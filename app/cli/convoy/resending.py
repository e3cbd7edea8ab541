"""`convoy resend`: send deliveries again, some or all that failed."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  # a field of a dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import reports, terminal
from app.cli.called import command
from app.cli.convoy.choosing import (
    EndpointsOption,
    OwnerOption,
    TypesOption,
    chosen_endpoints,
    known_types,
)
from app.cli.convoy.connecting import connected, delivery_ids
from app.cli.convoy.group import convoy
from app.cli.helping import Command, examples
from app.cli.moments import SinceOption  # noqa: TC001  # Typer reads the annotation
from app.cli.options import NOT_DONE, JsonOption
from app.cli.relay_loop import interrupts
from app.convoy_admin.calls import ConvoyRefused
from app.convoy_admin.deliveries import MISSED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.cli.relay_loop import Interrupt
    from app.convoy_admin.project import Project


@dataclass
class Outcome:
    """What became of each delivery. `since`: of --failed."""

    wanted: Sequence[str]
    since: datetime | None
    resent: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    """Under way or arrived by now: another process sent them again."""

    @property
    def untried(self) -> list[str]:
        tried = {*self.resent, *self.refused, *self.moved}
        return [each for each in self.wanted if each not in tried]


@convoy.command(
    cls=Command,
    epilog=examples(
        "convoy resend DELIVERY_ID",
        "convoy resend --failed --since 2h --dry-run",
        "convoy resend --failed --since 2h --endpoint ENDPOINT_ID",
    ),
)
def resend(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="DELIVERY_ID", callback=delivery_ids)
    ] = None,
    *,
    failed: Annotated[
        bool,
        typer.Option("--failed", help="Send what failed or was discarded; needs --since."),
    ] = False,
    since: SinceOption = None,
    owner: OwnerOption = None,
    types: TypesOption = None,
    endpoint: EndpointsOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --failed: count them, and send nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Send deliveries again: some, after they arrived or failed for good, or all that failed.

    With --failed the oldest is first, and none that arrived is sent.

    Ctrl-C ends it cleanly. Run it again to send the rest.
    """
    choices = (since, owner, types, endpoint, dry_run)
    _check_usage(ids, failed=failed, since=since, chosen=any(choices))
    with connected() as (_, connection):
        project = connection.project
        wanted = ids or []
        if since is not None:
            endpoints = chosen_endpoints(project, owner, endpoint)
            wanted = _missed(project, since, endpoints, known_types(project, types))
        if dry_run:
            _print_count(len(wanted), as_json=as_json)
            return
        outcome = Outcome(wanted, since)
        try:
            with interrupts() as interrupt:
                _resend(project, outcome, interrupt)
        finally:  # report what was sent, even if an error ended the command
            _print(outcome, as_json=as_json)
    if outcome.untried or outcome.refused:
        raise typer.Exit(NOT_DONE)


def _check_usage(
    ids: list[str] | None, *, failed: bool, since: datetime | None, chosen: bool
) -> None:
    if failed == bool(ids):
        raise typer.BadParameter("give DELIVERY_IDs, or --failed with --since")
    if failed and since is None:
        raise typer.BadParameter("--failed needs --since, such as --since 2h")
    if not failed and chosen:
        raise typer.BadParameter(
            "--since, --owner, --type, --endpoint and --dry-run choose among the failed ones: add"
            " --failed"
        )


def _missed(
    project: Project, since: datetime, endpoints: Sequence[str] | None, types: Sequence[str]
) -> list[str]:
    """The ids of the deliveries, oldest first. Raises ConvoyError."""
    with terminal.progress("Reading", "deliveries") as advance:
        found = project.deliveries(
            statuses=MISSED, endpoint_ids=endpoints, event_types=types, since=since
        )
        return [each["uid"] for each in terminal.counted(found, advance)][::-1]


def _resend(project: Project, outcome: Outcome, interrupt: Interrupt) -> None:
    missed_only = outcome.since is not None
    with terminal.progress("Resending", "deliveries", len(outcome.wanted)) as advance:
        for delivery_id in itertools.takewhile(lambda _: not interrupt.asked, outcome.wanted):
            try:
                project.resend(delivery_id, missed_only=missed_only)
                outcome.resent.append(delivery_id)
            except ConvoyRefused as error:
                if missed_only and project.delivery(delivery_id)["status"] not in MISSED:
                    outcome.moved.append(delivery_id)
                else:
                    outcome.refused[delivery_id] = str(error)
            advance()


def _print_count(count: int, *, as_json: bool) -> None:
    if as_json:
        terminal.say_json({"missed": count})
    else:
        terminal.say(f"{count} would be sent again.")


def _print(outcome: Outcome, *, as_json: bool) -> None:
    untried = outcome.untried
    if outcome.since is None:
        for delivery_id, reason in outcome.refused.items():
            terminal.say(f"{delivery_id}: Convoy refused ({reason}).", stderr=True)
        if untried:
            terminal.say(f"Not tried: {' '.join(untried)}.", stderr=True)
    else:
        for reason, count in Counter(outcome.refused.values()).items():
            terminal.say(f"Convoy refused {count}: {reason}.{_activate(reason)}", stderr=True)
        if untried:
            again = reports.run_again(outcome.since)
            terminal.say(f"{len(untried)} not tried. {again}", stderr=True)
    if as_json:
        found = {"resent": outcome.resent, "refused": outcome.refused, "not_tried": untried}
        moved = {} if outcome.since is None else {"under_way_or_arrived": outcome.moved}
        terminal.say_json({**found, **moved})
    else:
        moved_too = f" {len(outcome.moved)} are under way or arrived." if outcome.moved else ""
        terminal.say(f"{len(outcome.resent)} sent again.{moved_too}")


def _activate(reason: str) -> str:
    """The advice, if Convoy refuses because of the endpoint's status."""
    if "endpoint is currently" not in reason:
        return ""
    return f" Activate the endpoint: {command('convoy endpoints resume ENDPOINT_ID')}"
