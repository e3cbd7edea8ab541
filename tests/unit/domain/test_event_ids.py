"""Ids of events: UUIDv7, in the order of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.event_ids import RANDOM_BITS, first_id, is_event_id, last_id_before, next_id, uuid7
from tests.inputs import inputs
from tests.support import NOW

MS = timedelta(milliseconds=1)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
RANDOM = st.integers(0, 2**RANDOM_BITS - 1)


def test_an_id_equals_the_rfcs_example() -> None:
    """RFC 9562, appendix A.6."""
    moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    random = 0xCC3 << 62 | 0b01 << 60 | 0x8C4DC0C0C07398F

    assert uuid7(moment, random) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@inputs(100)
@given(MOMENTS, RANDOM)
def test_each_id_is_a_uuid_of_version_7(moment: datetime, random: int) -> None:
    uuid = UUID(uuid7(moment, random))

    assert (uuid.version, uuid.variant) == (7, RFC_4122)
    assert uuid.int >> 64 & 0xFFF == random >> 62
    assert uuid.int & (1 << 62) - 1 == random & (1 << 62) - 1


@inputs(100)
@given(MOMENTS, RANDOM)
def test_an_id_holds_its_millisecond_and_sorts_by_it(moment: datetime, random: int) -> None:
    event_id = uuid7(moment, random)
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // MS

    assert UUID(event_id).int >> 80 == milliseconds
    assert first_id(moment) <= event_id < first_id(moment + MS)


def test_a_moment_before_1970_has_the_first_id_of_all() -> None:
    assert first_id(datetime(1969, 1, 1, tzinfo=UTC)) == "00000000-0000-7000-8000-000000000000"


def test_ids_of_one_time_differ_only_in_their_random_bits() -> None:
    assert uuid7(NOW, 1) != uuid7(NOW, 2)
    assert uuid7(NOW, 1)[:13] == uuid7(NOW, 2)[:13]


@inputs(100)
@given(MOMENTS, RANDOM)
def test_no_id_is_between_an_id_and_its_neighbours(moment: datetime, random: int) -> None:
    event_id = uuid7(moment, random)

    assert is_event_id(event_id)
    assert UUID(next_id(event_id)).int == UUID(event_id).int + 1
    assert event_id < next_id(event_id)
    assert last_id_before(moment) < first_id(moment)
    assert UUID(last_id_before(moment)).int == UUID(first_id(moment)).int - 1


@pytest.mark.parametrize(
    "text",
    ["", "event-1", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
     "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-08c4-dc0c0c07398f",
     "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n", "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}"],
)  # fmt: skip
def test_another_text_is_no_id(text: str) -> None:
    assert not is_event_id(text)
