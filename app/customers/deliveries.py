"""A customer's deliveries: listed, shown with their attempts, sent again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from app.convoy_admin.calls import ConvoyNotFound, ConvoyRefused
from app.convoy_admin.deliveries import ENDED, MISSED
from app.customers.endpoints import active
from app.customers.errors import Conflict
from app.customers.ownership import own_delivery, own_endpoint, own_endpoints
from app.customers.views import attempt_view, delivery_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from app.convoy_admin.calls import JsonObject
    from app.convoy_admin.project import Project
    from app.customers.time_limit import TimeLimit

LISTED = timedelta(days=30)
"""How far back deliveries are listed."""

RESERVE_S = 6.0
"""Seconds that must be left for one more delivery to be sent again: two calls to Convoy."""


@dataclass(frozen=True, slots=True)
class Page:
    """`next`: the `after` of the next page; None on the last one."""

    found: Sequence[JsonObject]
    next: str | None


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Every method raises CustomersError, and ConvoyError. `clock` is aware, in UTC."""

    project: Project
    clock: Callable[[], datetime]
    limit: TimeLimit

    def page(
        self,
        owner: str,
        *,
        endpoint_id: str | None,
        event_id: str | None,
        statuses: Sequence[str],
        after: str | None,
        limit: int,
    ) -> Page:
        """The owner's deliveries, newest first. `after`: the `next` of the page before."""
        if endpoint_id is not None:
            endpoint_ids = [own_endpoint(self.project, owner, endpoint_id)["uid"]]
        else:
            endpoint_ids = [each["uid"] for each in own_endpoints(self.project, owner)]
        if event_id is not None:
            found = self._of_event(event_id, endpoint_ids, statuses, after or "")
        else:
            found = self.project.deliveries(
                endpoint_ids=endpoint_ids,
                statuses=statuses,
                since=self.clock() - LISTED,
                first=after or "",
                per_page=limit + 1,
            )
        page = list(islice(found, limit + 1))
        following = page[limit]["uid"] if len(page) > limit else None
        return Page([delivery_view(each) for each in page[:limit]], following)

    def one(self, owner: str, delivery_id: str) -> JsonObject:
        """With its attempts, oldest first."""
        found, _ = own_delivery(self.project, owner, delivery_id)
        attempts = self.project.attempts(delivery_id)
        return delivery_view(found) | {"attempts_made": list(map(attempt_view, attempts))}

    def resend(self, owner: str, delivery_id: str) -> None:
        found, endpoint = own_delivery(self.project, owner, delivery_id)
        if found["status"] not in ENDED:
            raise Conflict(f"The delivery is under way ({found['status']}): wait for its end.")
        active(endpoint)
        self.project.resend(delivery_id)

    def recover(self, owner: str, endpoint_id: str, since: datetime) -> tuple[int, bool]:
        """Send again, one by one, the oldest first, what the endpoint missed since then.

        Gives the number, and whether time was up before the end. `since` is aware; what is older
        than LISTED is not sent.
        """
        active(own_endpoint(self.project, owner, endpoint_id))
        resent, now = 0, self.clock()
        for missed in self.project.deliveries(
            endpoint_ids=[endpoint_id],
            statuses=MISSED,
            since=min(max(since, now - LISTED), now),
            oldest_first=True,
        ):
            if self.limit.left_s() < RESERVE_S:
                return resent, True
            resent += self._resent(missed["uid"])
        return resent, False

    def _resent(self, delivery_id: str) -> bool:
        """False if the delivery is under way or arrived: another request may have sent it."""
        try:
            self.project.resend(delivery_id, missed_only=True)
        except ConvoyRefused:
            if self.project.delivery(delivery_id)["status"] in MISSED:
                raise
            return False
        return True

    def _of_event(
        self, event_id: str, endpoint_ids: Sequence[str], statuses: Sequence[str], first: str
    ) -> Iterator[JsonObject]:
        """The deliveries of one event, under each of the keys that the relay gave it."""
        if not endpoint_ids:
            return iter(())
        found: list[JsonObject] = []
        with suppress(ConvoyNotFound):
            found += self.project.deliveries_of_event(
                event_id,
                endpoint_ids=endpoint_ids,
                statuses=statuses,
                since=self.clock() - LISTED,
            )
        ordered = sorted(found, key=lambda each: str(each["uid"]), reverse=True)
        return (each for each in ordered if not first or each["uid"] <= first)
