"""The queues of Convoy's worker, which Convoy has in Redis. Tests stop the worker, or lose jobs."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from infra.fake_convoy.journal import Journal

log = logging.getLogger(__name__)

JsonObject = dict[str, Any]

Queue = Literal["intake", "matching", "deliveries", "attempts", "retries", "batch_retries"]
"""`intake`: published, not stored yet. `matching`: stored, `Pending`. `deliveries`: not sent yet,
`Scheduled`. `attempts`: being sent, `Processing`. `retries`: to be sent again later, `Retry`.
`batch_retries`: filters of deliveries to send again."""

QUEUES: tuple[Queue, ...] = get_args(Queue)

Sleep = Callable[[float], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Job:
    """`task` waits until the job is due, or is its running attempt."""

    queue: Queue
    id: str
    payload: JsonObject
    task: asyncio.Task[None] | None = None


@dataclass
class Queues:
    """The jobs of each queue, and the worker that takes them in order.

    A job stays in its queue until its stage has ended. With a journal the jobs outlive a kill.
    """

    stages: Mapping[Queue, Callable[[Job], None]]
    """All stages except `attempts`."""
    attempt: Callable[[Job], Awaitable[None]]
    sleep: Sleep = asyncio.sleep
    journal: Journal | None = None
    stopped: set[Queue] = field(default_factory=set)
    lag_s: float = 0.0
    """Seconds that each job waits in each queue, at least."""

    def __post_init__(self) -> None:
        self._jobs: dict[Queue, dict[str, Job]] = {name: {} for name in QUEUES}
        self._ready: dict[Queue, deque[Job]] = {name: deque() for name in QUEUES}

    def put(
        self, queue: Queue, job_id: str, payload: JsonObject | None = None, *, after_s: float = 0
    ) -> bool:
        """Add a job. False, as in Convoy, if the queue already has a job with this id."""
        if job_id in self._jobs[queue]:
            return False
        job = Job(queue, job_id, payload or {})
        self._jobs[queue][job_id] = job
        self._note("queued", job)
        pause_s = max(after_s, self.lag_s)
        if pause_s > 0:
            job.task = asyncio.create_task(self._wait(job, pause_s))
        else:
            self._ready[queue].append(job)
            asyncio.get_running_loop().call_soon(self.run)
        return True

    def run(self) -> None:
        """Take every job that is ready, except those of stopped stages."""
        while any(self._take(name) for name in QUEUES if name not in self.stopped):
            pass

    def stop(self, *queues: Queue) -> None:
        """Let these stages take no more jobs. A running attempt goes on."""
        self.stopped |= set(queues)

    def start(self, *queues: Queue) -> None:
        self.stopped -= set(queues)
        self.run()

    def waiting(self) -> dict[Queue, int]:
        return {name: len(jobs) for name, jobs in self._jobs.items()}

    def has(self, *job_ids: str) -> bool:
        """Whether a queue has one of these jobs."""
        return any(job_id in jobs for jobs in self._jobs.values() for job_id in job_ids)

    def keys_published(self) -> set[str]:
        """The idempotency keys of the events that are not stored yet."""
        return {job.payload["idempotency_key"] for job in self._jobs["intake"].values()}

    def lose(self, queue: Queue, *, count: int | None = None, fraction: float | None = None) -> int:
        """Lose the newest `count` jobs, the newest `fraction` of them, or all; gives the number.

        They are the newest, as the jobs since the last snapshot of Redis. A running attempt ends.
        """
        jobs = list(self._jobs[queue].values())
        if fraction is not None:
            count = round(len(jobs) * fraction)
        lost = jobs if count is None else jobs[max(0, len(jobs) - count) :]
        for job in lost:
            self._drop(job)
        return len(lost)

    def clear(self) -> None:
        """Lose all jobs, start all stages, and let no job wait."""
        for queue in QUEUES:
            self.lose(queue)
        self.stopped, self.lag_s = set(), 0.0

    def restore(self, entries: Iterable[tuple[str, JsonObject]]) -> None:
        """Queue the jobs again that were queued and not done, by a journal."""
        jobs: dict[tuple[Queue, str], JsonObject] = {}
        for table, record in entries:
            if table == "queued":
                jobs[record["queue"], record["id"]] = record["payload"]
            elif table == "done":
                del jobs[record["queue"], record["id"]]
        for (queue, job_id), payload in jobs.items():
            self.put(queue, job_id, payload)

    def close(self) -> None:
        """End the attempts and waits that run; their jobs stay in the queues."""
        for job in self._under_way():
            self._cancel(job)

    async def finished(self) -> None:
        """Wait until no attempt runs and no job waits for its time."""
        await asyncio.sleep(0)
        while tasks := [job.task for job in self._under_way() if job.task is not None]:
            await asyncio.gather(*tasks)

    def _under_way(self) -> list[Job]:
        return [job for each in self._jobs.values() for job in each.values() if job.task]

    def _take(self, queue: Queue) -> bool:
        """Take one job. False if none was ready."""
        while self._ready[queue]:
            job = self._ready[queue].popleft()
            if not self._is_there(job):
                continue  # the job was lost
            if queue == "attempts":
                job.task = asyncio.create_task(self._attempt(job))
            else:
                with _log_failure(job):
                    self.stages[queue](job)
                self._done(job)
            return True
        return False

    async def _attempt(self, job: Job) -> None:
        with _log_failure(job):
            await self.attempt(job)
        job.task = None
        if self._is_there(job):
            self._done(job)

    async def _wait(self, job: Job, pause_s: float) -> None:
        await self.sleep(pause_s)
        job.task = None
        self._ready[job.queue].append(job)
        self.run()

    def _is_there(self, job: Job) -> bool:
        return self._jobs[job.queue].get(job.id) is job

    def _done(self, job: Job) -> None:
        del self._jobs[job.queue][job.id]
        self._note("done", job)

    def _drop(self, job: Job) -> None:
        self._done(job)
        self._cancel(job)

    def _cancel(self, job: Job) -> None:
        if job.task is not None:
            job.task.cancel()
            job.task = None

    def _note(self, change: Literal["queued", "done"], job: Job) -> None:
        if self.journal is not None:
            record: JsonObject = {"queue": job.queue, "id": job.id}
            if change == "queued":
                record["payload"] = job.payload
            self.journal.write(change, record)


@contextmanager
def _log_failure(job: Job) -> Iterator[None]:
    try:
        yield
    except Exception:
        log.exception("the stage failed: %s %s", job.queue, job.id)
