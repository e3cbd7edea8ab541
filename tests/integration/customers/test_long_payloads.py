"""The longest payloads of one owner hide no list from anybody."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from app.convoy import deliveries, event_list, questions
from app.convoy_admin import calls, project
from app.convoy_admin.calls import ConvoyTooLong
from app.domain.resource import MAX_BYTES
from app.wiring import customers
from tests import components
from tests.integration.customers.test_delivery_lists import ids
from tests.integration.customers.world import Customer, World

if TYPE_CHECKING:
    from tests.stand_in import Convoy

LONGEST = MAX_BYTES * (6 + 7)
"""Bytes of an entry. Convoy writes a payload of `<` or of control characters as JSON with six bytes
for each, and once more as text, where the escape may be escaped."""


@pytest.mark.parametrize(
    ("entries", "max_bytes"),
    [
        (event_list.NEWEST, questions.MAX_ANSWER_BYTES),
        (deliveries.PAGE, questions.MAX_ANSWER_BYTES),
        (calls.SHORT_PAGE, customers.MAX_ANSWER_BYTES),
        (calls.SHORT_PAGE, project.MAX_ANSWER_BYTES),
    ],
)
def test_a_page_of_the_longest_payloads_fits(entries: int, max_bytes: int) -> None:
    assert entries * (LONGEST + 10_000) < max_bytes


def test_a_page_that_is_too_long_is_read_in_shorter_ones(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(components, "MAX_ANSWER_BYTES", 20_000)
    with closing(World(convoy)) as world, TestClient(world.app()) as http:
        ann = Customer(http, "ann", convoy)
        ann.register()
        for event in ids(25):
            ann.publish("created", event)
        newest_first = [each["id"] for each in ann.delivered()]
        assert len(newest_first) == 25

        page = ann.ask("GET", "/deliveries", params={"limit": 22}).json()
        rest = ann.ask("GET", "/deliveries", params={"after": page["next"]}).json()

        assert [each["id"] for each in (*page["data"], *rest["data"])] == newest_first
        monkeypatch.setattr(calls, "SHORT_PAGE", 100)
        with pytest.raises(ConvoyTooLong, match="the answer is over 20000 bytes"):
            list(world.project.deliveries())
