"""Which event types an endpoint gets: the filter rows of its one subscription.

Convoy makes a subscription with a catch-all row, and matches an event against the rows that are
there. So each row that is wanted is added before any is deleted, and the catch-all row is deleted
last: an event that is wanted before and after a change is delivered during it too.

    no subscription ─▶ catch-all ─▶ catch-all + chosen types ─▶ chosen types
    ╰──────────────── unfinished: a creation stopped here ────╯

A catch-all row that is chosen later is no unfinished creation. The row TEST beside it says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.convoy_admin.calls import ConvoyUnusable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

    from app.convoy_admin.calls import JsonObject
    from app.convoy_admin.project import Project

EVERY = "*"
"""Every event type, present and future: Convoy's catch-all row."""

TEST = "test"
"""The event type of a test, so that a test reaches an endpoint that gets no `ping`. Its row is not
part of the customer's choice. No creation adds it before it is finished."""

ALL_TYPES = "all event types"
CHOSEN_TYPES = "the event types of the customer's choice"
"""Names of subscriptions. Convoy keeps the name for good, also after another choice."""

ROUNDS = 3
"""How often the rows are compared with the choice: another request may change them too."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The subscription's id and name, empty without a subscription, and its rows' ids by type."""

    subscription_id: str
    name: str
    rows: Mapping[str, str]

    @property
    def types(self) -> Set[str]:
        return self.rows.keys() - {TEST}

    @property
    def is_finished(self) -> bool:
        if EVERY not in self.types:
            return bool(self.types)
        return self.name != CHOSEN_TYPES or TEST in self.rows

    @property
    def shown(self) -> list[str]:
        return [EVERY] if EVERY in self.types else sorted(self.types)


MATCH_S = 1.0
"""Seconds between the new rows and the deletion of old ones. Convoy looks for the event's type
first, and then for the catch-all row: an event that looks before the one change and after the other
is for nobody. Live, at 200 events a second, 1 of 12 changes lost an event without a pause, and none
of 30 with 0.5 s."""


class Choices:
    """Every method raises ConvoyError. `sleep` waits, in seconds."""

    def __init__(self, project: Project, sleep: Callable[[float], object] = time.sleep) -> None:
        self._project = project
        self._sleep = sleep

    def of(self, endpoint_id: str) -> Choice:
        subscription = next(self._project.subscriptions(endpoint_id), None)
        return Choice("", "", {}) if subscription is None else self._read(subscription)

    def choose(self, endpoint_id: str, wanted: Sequence[str]) -> Choice:
        """Let the endpoint get these event types, and no others."""
        choice = self.of(endpoint_id)
        match_s = MATCH_S
        if not choice.subscription_id:
            match_s = 0.0  # nothing was wanted before
            name = ALL_TYPES if EVERY in wanted else CHOSEN_TYPES
            made = self._project.create_subscription(name=name, endpoint_id=endpoint_id)
            choice = self._read(made)
        if EVERY in wanted and choice.name == CHOSEN_TYPES:
            self._add_test_row(choice)
        for _ in range(ROUNDS):
            if choice.types == set(wanted):
                return choice
            self._change(choice, wanted, match_s)
            choice = self._read({"uid": choice.subscription_id, "name": choice.name})
        raise ConvoyUnusable(f"the filter rows of endpoint {endpoint_id} keep changing")

    def allow_test(self, choice: Choice) -> None:
        """Let the endpoint get a test."""
        if EVERY not in choice.rows:
            self._add_test_row(choice)

    def _add_test_row(self, choice: Choice) -> None:
        if TEST in choice.rows:
            return
        if TEST not in {each["name"] for each in self._project.event_types()}:
            self._project.create_event_type({"name": TEST})
        self._project.add_filter(choice.subscription_id, TEST)

    def _change(self, choice: Choice, wanted: Sequence[str], match_s: float) -> None:
        missing = [each for each in wanted if each not in choice.rows]
        for event_type in missing:
            self._project.add_filter(choice.subscription_id, event_type)
        unwanted = choice.types - set(wanted)
        if missing and unwanted and match_s:
            self._sleep(match_s)
        for event_type in sorted(unwanted, key=lambda each: (each == EVERY, each)):
            self._project.delete_filter(choice.subscription_id, choice.rows[event_type])

    def _read(self, subscription: JsonObject) -> Choice:
        rows = self._project.event_filters(subscription["uid"])
        of_types = {str(each["event_type"]): str(each["uid"]) for each in rows}
        return Choice(subscription["uid"], subscription["name"], of_types)
