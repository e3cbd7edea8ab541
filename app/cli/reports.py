"""What a pass of the relay and `republish` did, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli.called import command
from app.cli.terminal import say, say_json, span
from app.outbox.republish import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from app.outbox.deliveries import DeliveryReport
    from app.outbox.relay_run import Report
    from app.outbox.republish import Republish


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
            sentences.append(f"Find the cause: {command('convoy ping')}")
    elif report.pending:
        sentences.append(f"See when they are due: {command('outbox list')}")
    if report.failed:
        sentences.append(f"See why they failed: {command('outbox list --failed')}")
    return "\n".join([*sentences, *_delivery_sentences(report.deliveries)])


def _delivery_sentences(found: DeliveryReport | None) -> Iterator[str]:
    if found is None:
        return
    listed = command("convoy deliveries")
    if found.retried:
        yield f"{found.retried} deliveries hung in Convoy and are retried."
    elif found.hung:
        yield (
            f"{found.hung} deliveries hang in Convoy, and its last bulk retry is not over."
            f" See them: {listed} --status scheduled --status processing"
        )
    if found.failed or found.discarded:
        yield (
            f"{found.failed} deliveries of the last 24 h failed, {found.discarded} were discarded;"
            f" {found.disabled_endpoints} of their endpoints are not active."
            f" See them: {listed} --status failure --status discarded"
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
        say(f"The relay publishes them: wait for it, or run {command('relay')}")


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
