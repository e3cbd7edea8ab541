"""The app's environment: Convoy, whose worker a test controls, and the receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.outbox.event_list import NO_SUBSCRIPTION
from infra.fake_convoy.queues import QUEUES
from tests.tables import make_store
from tests.todo import TODO

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event
    from infra.fake_convoy.queues import Queue
    from tests.receiver import Receiver
    from tests.stand_in import Convoy

OWNERS = ("ann", "bob")


class Outside:
    """Convoy, with `clock`, and the receiver, both empty. The worker works only in `work`.

    `stopped`: stages at which the worker does not work.
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
        """Let the worker do all its jobs, except those of stopped stages."""
        self._work(self.stopped)

    def lose(self, queue: Queue) -> None:
        """Let the worker fill this queue, and lose its jobs."""
        self._work(self.stopped | {queue})
        self.convoy.lose(queue)

    def handled(self) -> set[str]:
        """The keys of events that Convoy has delivered, or that have no subscription."""
        return {
            event["idempotency_key"]
            for event in self.convoy.events()
            if not event["is_duplicate_event"]
            and (event["status"] == "Success" or event.get("failure_reason") == NO_SUBSCRIPTION)
        }

    def arrived_often(self) -> set[str]:
        """The keys that arrived more than once."""
        return {key for key, times in self.receiver.times().items() if times > 1}

    def assert_received(self, committed: Iterable[Event], dynamodb: DynamoDBClient) -> None:
        """Exactly the committed events were received, and the receiver's todos are DynamoDB's."""
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
