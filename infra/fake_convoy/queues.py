"""The queues of Convoy's worker, as in its Redis. The worker can be stopped, jobs can be lost."""

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

Json = dict[str, Any]

Queue = Literal["intake", "matching", "deliveries", "attempts", "retries", "batch_retries"]
"""`intake`: published, not stored. `matching`: stored, `Pending`. `deliveries`: to be sent,
`Scheduled`. `attempts`: being sent, `Processing`. `retries`: to be sent again later, `Retry`.
`batch_retries`: a filter, by which deliveries are sent again."""

QUEUES: tuple[Queue, ...] = get_args(Queue)

Sleep = Callable[[float], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Job:
    """`task` waits until the job is due, or goes on with its stage."""

    queue: Queue
    id: str
    payload: Json
    task: asyncio.Task[None] | None = None


@dataclass
class Queues:
    """The jobs of each queue, and the worker that takes them from there, in order.

    A job stays in its queue until its stage has ended. With a journal the jobs outlive a kill.
    """

    stages: Mapping[Queue, Callable[[Job], None]]
    """All but `attempts`."""
    attempt: Callable[[Job], Awaitable[None]]
    sleep: Sleep = asyncio.sleep
    journal: Journal | None = None
    stopped: set[Queue] = field(default_factory=set)
    lag_s: float = 0.0
    """Seconds that each job waits at least."""

    def __post_init__(self) -> None:
        self._jobs: dict[Queue, dict[str, Job]] = {name: {} for name in QUEUES}
        self._ready: dict[Queue, deque[Job]] = {name: deque() for name in QUEUES}

    def put(
        self, queue: Queue, job_id: str, payload: Json | None = None, *, after_s: float = 0
    ) -> bool:
        """Does nothing and gives False while the queue has a job of that id, as Convoy's does."""
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
        """Take what is ready, until the rest belongs to stages that are stopped."""
        while any(self._take(name) for name in QUEUES if name not in self.stopped):
            pass

    def stop(self, *queues: Queue) -> None:
        """What is under way goes on."""
        self.stopped |= set(queues)

    def start(self, *queues: Queue) -> None:
        self.stopped -= set(queues)
        self.run()

    def waiting(self) -> dict[Queue, int]:
        return {name: len(jobs) for name, jobs in self._jobs.items()}

    def lose(self, queue: Queue, *, count: int | None = None, fraction: float | None = None) -> int:
        """The newest `count` jobs, a `fraction` of them, or all; gives how many that were.

        The newest, as those that came after Redis' last snapshot. What is under way ends at once.
        """
        jobs = list(self._jobs[queue].values())
        if fraction is not None:
            count = round(len(jobs) * fraction)
        lost = jobs if count is None else jobs[max(0, len(jobs) - count) :]
        for job in lost:
            self._drop(job)
        return len(lost)

    def clear(self) -> None:
        """Lose all, and let every stage work at once."""
        for queue in QUEUES:
            self.lose(queue)
        self.stopped, self.lag_s = set(), 0.0

    def restore(self, entries: Iterable[tuple[str, Json]]) -> None:
        """Put what a journal says was queued and not done."""
        jobs: dict[tuple[Queue, str], Json] = {}
        for table, record in entries:
            if table == "queued":
                jobs[record["queue"], record["id"]] = record["payload"]
            elif table == "done":
                del jobs[record["queue"], record["id"]]
        for (queue, job_id), payload in jobs.items():
            self.put(queue, job_id, payload)

    def close(self) -> None:
        """Leave what is under way as it is."""
        for job in self._under_way():
            self._cancel(job)

    async def finished(self) -> None:
        """Until nothing is under way."""
        await asyncio.sleep(0)
        while tasks := [job.task for job in self._under_way() if job.task is not None]:
            await asyncio.gather(*tasks)

    def _under_way(self) -> list[Job]:
        return [job for each in self._jobs.values() for job in each.values() if job.task]

    def _take(self, queue: Queue) -> bool:
        """Whether there was a job to be taken."""
        while self._ready[queue]:
            job = self._ready[queue].popleft()
            if not self._is_there(job):
                continue  # lost meanwhile
            if queue == "attempts":
                job.task = asyncio.create_task(self._attempt(job))
            else:
                with _failures_logged(job):
                    self.stages[queue](job)
                self._done(job)
            return True
        return False

    async def _attempt(self, job: Job) -> None:
        with _failures_logged(job):
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
            record: Json = {"queue": job.queue, "id": job.id}
            if change == "queued":
                record["payload"] = job.payload
            self.journal.write(change, record)


@contextmanager
def _failures_logged(job: Job) -> Iterator[None]:
    try:
        yield
    except Exception:
        log.exception("the stage failed: %s %s", job.queue, job.id)
