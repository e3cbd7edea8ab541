"""Convoy's worker: stores each published event, finds its subscriptions, and delivers it.

    publish ─▶ intake ─▶ event Pending ─▶ matching ─▶ event Success ─▶ deliveries ─▶ attempts
                                             │        delivery Scheduled            Processing
                                             └─▶ event Failure: no subscription         │
                              retries, delivery Retry ◀── the endpoint did not take it ─┤
                                             delivery Success, or Failure at the last ◀─┘

A lost job leaves its event or delivery as it was. Only a replay, or a retry in bulk, queues it
again.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from infra.fake_convoy.deliveries import (
    DISCARDED,
    FAILURE,
    PROCESSING,
    RETRY,
    SCHEDULED,
    SUCCESS,
    TIMEOUT_S,
    Backoff,
    Dispatcher,
    new_delivery,
    storable,
)
from infra.fake_convoy.ids import uid
from infra.fake_convoy.listings import deliveries_matching
from infra.fake_convoy.project import ANY_TYPE, is_deleted, shown, utc_now
from infra.fake_convoy.queues import Queues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import httpx
    from starlette.requests import Request

    from infra.fake_convoy.journal import Journal
    from infra.fake_convoy.project import JsonObject, Project
    from infra.fake_convoy.queues import Job, Sleep

PENDING = "Pending"

NO_SUBSCRIPTION = "no subscription matched this event"


class Worker:
    """Runs on its caller's event loop.

    `http` sends; `sleep` waits, in seconds; `clock` is aware, UTC. An endpoint has
    `timeout_s` for its answer.
    """

    def __init__(
        self,
        project: Project,
        http: httpx.AsyncClient,
        backoff: Backoff,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], datetime] = utc_now,
        timeout_s: float = TIMEOUT_S,
        journal: Journal | None = None,
    ) -> None:
        """With a `journal` the queues outlive a kill."""
        self._project = project
        self._dispatcher = Dispatcher(http, clock, timeout_s)
        self._backoff = backoff
        self._clock = clock
        self.queues = Queues(
            {
                "intake": self._store,
                "matching": self._match,
                "deliveries": self._deliver,
                "retries": self._retry,
                "batch_retries": self._send_in_bulk,
            },
            self._attempt,
            sleep,
            journal,
        )

    def publish(self, event: JsonObject) -> None:
        self.queues.put("intake", f"create:{event['uid']}", event)

    def replay(self, event: JsonObject) -> bool:
        """False while the event's last replay is still in the queue."""
        return self.queues.put("intake", f"replay:{event['uid']}", event)

    def send(self, delivery: JsonObject) -> None:
        """Make one more attempt, after the last one."""
        self._change(delivery, SCHEDULED)
        self.queues.put("deliveries", delivery["uid"])

    def retry_in_bulk(self, chosen: JsonObject) -> bool:
        """False until the last retry has ended. It never ends if its job was lost."""
        if any(each["status"] != "Completed" for each in self._project.batch_retries.values()):
            return False
        record: JsonObject = {"uid": uid(), "status": "Pending", "filter": chosen}
        self._project.put("batch_retries", record)
        self.queues.put("batch_retries", record["uid"])
        return True

    def _store(self, job: Job) -> None:
        event, known = job.payload, self._project.events.get(job.payload["uid"])
        if known is None:
            at = self._now()
            of_now = {"status": PENDING, "created_at": at, "updated_at": at}
            duplicate = {"is_duplicate_event": event["idempotency_key"] in self._project.keys}
            self._project.put("events", event | of_now | duplicate)
        elif known["status"] not in {PENDING, RETRY}:
            return
        self.queues.put("matching", event["uid"])

    def _match(self, job: Job) -> None:
        event = self._project.put("events", {"uid": job.id, "status": PROCESSING})
        published_for = [self._project.endpoints[endpoint] for endpoint in event["endpoints"]]
        if event["is_duplicate_event"] or any(map(is_deleted, published_for)):
            return  # in Convoy the event stays `Processing` for ever
        subscriptions = list(self._subscriptions(event))
        if not subscriptions:
            failed = {"status": FAILURE, "failure_reason": NO_SUBSCRIPTION}
            self._project.put("events", {"uid": job.id, **failed})
        elif not storable(event["raw"]):
            # Convoy tries again for hours, and then leaves the event in this status.
            self._project.put("events", {"uid": job.id, "status": RETRY})
        else:
            self._schedule(event, subscriptions)
            self._project.put("events", {"uid": job.id, "status": SUCCESS})

    def _subscriptions(self, event: JsonObject) -> Iterator[JsonObject]:
        """Those of the event's endpoints that take its type."""
        for endpoint in event["endpoints"]:
            found = self._project.subscription_of(endpoint)
            filters = self._project.filters_of(found["uid"]) if found else []
            if found and {each["event_type"] for each in filters} & {ANY_TYPE, event["event_type"]}:
                yield found

    def _schedule(self, event: JsonObject, subscriptions: list[JsonObject]) -> None:
        made = {each["endpoint_id"]: each for each in self._project.deliveries_of[event["uid"]]}
        for subscription in subscriptions:
            endpoint = self._project.endpoints[subscription["endpoint_id"]]
            # It exists already if a kill came before the end of this job.
            delivery = made.get(endpoint["uid"])
            if delivery is None:
                delivery = new_delivery(event, endpoint, self._backoff, self._now())
                delivery["subscription_id"] = subscription["uid"]
                self._project.put("deliveries", delivery)
            if delivery["status"] == SCHEDULED:
                self.queues.put("deliveries", delivery["uid"])

    def _deliver(self, job: Job) -> None:
        delivery = self._project.deliveries[job.id]
        if delivery["status"] == SUCCESS:
            return
        endpoint = self._project.endpoints[delivery["endpoint_id"]]
        if is_deleted(endpoint):
            self._change(delivery, DISCARDED, description="endpoint not found")
            return
        if endpoint["status"] == "inactive":
            self._change(delivery, DISCARDED)
            return
        # A delivery that is `Processing` already lost its attempt: Convoy sends it again.
        self._change(delivery, PROCESSING)
        self.queues.put("attempts", job.id)

    def _retry(self, job: Job) -> None:
        if self._project.deliveries[job.id]["status"] not in {PROCESSING, SUCCESS}:
            self._deliver(job)

    async def _attempt(self, job: Job) -> None:
        delivery = self._project.deliveries[job.id]
        event = self._project.events[delivery["event_id"]]
        endpoint = self._project.endpoints[delivery["endpoint_id"]]
        attempt = await self._dispatcher.attempt(delivery, event, endpoint)
        self._project.put("attempts", attempt)
        trials = delivery["num_trials"] + 1
        if "status" in attempt:
            self._change(delivery, SUCCESS, num_trials=trials)
        elif trials >= delivery["retry_limit"]:
            description = "Retry limit exceeded"
            self._change(delivery, FAILURE, num_trials=trials, description=description)
        else:
            pause_s = self._backoff.pause_s(trials)
            due = self._now(pause_s)
            self._change(delivery, RETRY, num_trials=trials, next_send_time=due)
            self.queues.put("retries", job.id, after_s=pause_s)

    def _send_in_bulk(self, job: Job) -> None:
        chosen = self._project.batch_retries[job.id]["filter"]
        for delivery in list(deliveries_matching(self._project, chosen)):
            self.queues.put("deliveries", delivery["uid"])
        self._project.put("batch_retries", {"uid": job.id, "status": "Completed"})

    def _change(
        self, delivery: JsonObject, status: str, *, description: str = "", **about: object
    ) -> None:
        changed = {"status": status, "description": description, "updated_at": self._now()}
        self._project.put("deliveries", {"uid": delivery["uid"], **changed, **about})

    def _now(self, later_s: float = 0) -> str:
        return shown(self._clock() + timedelta(seconds=later_s))


def worker_of(request: Request) -> Worker:
    worker: Worker = request.app.state.worker
    return worker
