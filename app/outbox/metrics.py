"""Metrics as lines of the log, in CloudWatch's embedded metric format (CloudWatch user guide).

Powertools' metrics would take 19 ms more at each cold start, and 0.9 MB more in the zip.
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from app.outbox.rows import event_id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from app.domain.events import Event
    from app.outbox.outcomes import Outcome, Publisher
    from app.outbox.relay_run import Report

log = logging.getLogger(__name__)

_to_json = json.JSONEncoder(separators=(",", ":")).encode


@lru_cache(maxsize=1000)
def hashed(name: str) -> str:
    """The name of an owner or an actor, as a log line has it: 16 digits of its SHA-256.

    A log is kept longer and read by more people than a table: it has no names of persons.
    """
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Metrics:
    """`emit` takes a line of JSON, without the line break; `namespace` is CloudWatch's.

    `current_request` returns the request's id and its actor; None if there is none.
    """

    def __init__(
        self,
        emit: Callable[[str], object],
        clock: Callable[[], datetime],
        namespace: str,
        current_request: Callable[[], tuple[str | None, str | None]],
    ) -> None:
        self._emit = emit
        self._clock = clock
        self._namespace = namespace
        self._current_request = current_request
        self._of_attempt = self._directive(["outcome"], {"PublishLatency": "Milliseconds"})

    def record_attempt(self, outcome: str, event: Event, latency_ms: float) -> None:
        """One attempt: `PublishLatency` by outcome. Its sample count is the number of attempts.

        The line's properties make no further metrics. They name the event, its resource, its owner,
        the request, and who acted in it.
        """
        request_id, actor = self._current_request()
        self._put(
            self._of_attempt,
            {
                "outcome": outcome,
                "PublishLatency": latency_ms,
                "event_type": event.type,
                "event_id": event_id_of(event.id),
                "resource": event.resource,
                "owner": hashed(event.owner),
                "actor": None if actor is None else hashed(actor),
                "request_id": request_id,
            },
        )

    def record_pass(self, report: Report) -> None:
        """One pass of the relay, and the rows that it left: at least so many after a partial pass.

        Only whole passes record `ParkedRows`: a pass that meets no parked row ends its alarm.
        """
        values: dict[str, tuple[float, str]] = {
            "Settled": (report.settled, "Count"),
            "Republished": (report.published, "Count"),
            "Replayed": (report.replayed, "Count"),
            "OutboxDepth": (report.pending, "Count"),
            "OutboxAge": (report.oldest_s, "Seconds"),
        }
        if not report.partial:
            values["ParkedRows"] = (report.failed, "Count")
        if report.deliveries:
            undelivered = report.deliveries.failed + report.deliveries.discarded
            values["HungDeliveries"] = (report.deliveries.hung, "Count")
            values["RetriedDeliveries"] = (report.deliveries.retried, "Count")
            values["FailedDeliveries"] = (undelivered, "Count")
            values["DisabledEndpoints"] = (report.deliveries.disabled_endpoints, "Count")
        units = {name: unit for name, (_, unit) in values.items()}
        line = {name: value for name, (value, _) in values.items()}
        about = {"stopped": report.stopped, "partial": report.partial}
        self._put(self._directive([], units), {**line, **about})

    def _directive(self, dimensions: list[str], units: Mapping[str, str]) -> str:
        """JSON: which values of a line are metrics. It is the same for each attempt."""
        metrics = [{"Name": name, "Unit": unit} for name, unit in units.items()]
        return _to_json(
            {"Namespace": self._namespace, "Dimensions": [dimensions], "Metrics": metrics}
        )

    def _put(self, directive: str, values: Mapping[str, object]) -> None:
        timestamp = int(self._clock().timestamp() * 1000)
        aws = f'{{"Timestamp":{timestamp},"CloudWatchMetrics":[{directive}]}}'
        try:
            self._emit(f'{{"_aws":{aws},{_to_json(values)[1:]}')
        except OSError as error:
            # A committed change is a success, even if its metric is lost.
            log.warning("metrics lost: %s", error)


class MeteredPublisher:
    """Records each attempt that `inner` makes in the metrics; `timer` in seconds."""

    def __init__(self, inner: Publisher, metrics: Metrics, timer: Callable[[], float]) -> None:
        self.inner = inner
        self._metrics = metrics
        self._timer = timer

    def publish(self, event: Event) -> Outcome:
        started = self._timer()
        outcome = self.inner.publish(event)
        latency_ms = (self._timer() - started) * 1000
        self._metrics.record_attempt(type(outcome).__name__.lower(), event, round(latency_ms, 3))
        return outcome
