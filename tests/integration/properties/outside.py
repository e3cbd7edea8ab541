"""What is outside of the app: Convoy, whose worker a test holds, and the receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.outbox.event_list import NO_SUBSCRIPTION
from app.resources.todo import TODO
from infra.fake_convoy.queues import QUEUES
from tests.support import make_store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event
    from infra.fake_convoy.queues import Queue
    from tests.receiver import Receiver
    from tests.support import Convoy

OWNERS = ("ann", "bob")


class Outside:
    """Both empty at first; Convoy goes by `clock`. Its worker works when a test says so.

    `stopped`: stages at which it does not work then.
    """

    def __init__(self, convoy: Convoy, receiver: Receiver, clock: Callable[[], datetime]) -> None:
        self.convoy, self.receiver = convoy, receiver
        self.stopped: set[Queue] = set()
        convoy.clock.read = clock
        convoy.reset()
        convoy.stop_worker()
        receiver.clear()
        for owner in OWNERS:
            receiver.subscribe(owner)

    def work(self) -> None:
        """Until nothing is left to do but for the stages that are stopped."""
        self._work(self.stopped)

    def lose(self, queue: Queue) -> None:
        """The worker comes to this queue, and what waits in it is gone."""
        self._work(self.stopped | {queue})
        self.convoy.lose(queue)

    def handled(self) -> set[str]:
        """The keys of events whose deliveries Convoy has made, or that nobody wanted."""
        return {
            event["idempotency_key"]
            for event in self.convoy.events()
            if not event["is_duplicate_event"]
            and (event["status"] == "Success" or event.get("failure_reason") == NO_SUBSCRIPTION)
        }

    def arrived_often(self) -> set[str]:
        """The keys that came more than once."""
        return {key for key, times in self.receiver.times().items() if times > 1}

    def assert_received(self, committed: Iterable[Event], dynamodb: DynamoDBClient) -> None:
        """What was committed and nothing else, and the state that it made."""
        changes = {
            arrival.key: (arrival.owner, arrival.data)
            for arrival in self.receiver.arrivals
            if arrival.data["event"] != "todo.failure"
        }
        assert changes == {event.id: (event.owner, event.data) for event in committed}
        for owner in OWNERS:
            held = make_store(dynamodb).page(owner, limit=1000, after=None).found
            assert self.receiver.todos(owner) == [TODO.public(todo) for todo in held]

    def _work(self, stopped: Collection[Queue]) -> None:
        self.convoy.start_worker(*(queue for queue in QUEUES if queue not in stopped))
        self.convoy.wait_for_worker(*stopped)
        self.convoy.stop_worker()
