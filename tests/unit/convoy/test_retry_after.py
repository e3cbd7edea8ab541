"""A `Retry-After` is a number of seconds or a date; any other value does no harm."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.convoy.status_codes import retry_after_s
from tests.inputs import inputs
from tests.support import NOW

DAY_S = 86_400
NUMBERS = st.integers(-1, 100) | st.integers()
DATES = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Tue", "x", ""]),
    NUMBERS,
    st.sampled_from(["Nov", "11", "x"]),
    NUMBERS | st.just(2026),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.sampled_from(["GMT", "-0000", "x"]) | NUMBERS,
)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        ("0000000000017", 17),
        ("86399", 86_399),
        ("86401", DAY_S),
        ("1234567", DAY_S),
        ("9" * 5000, DAY_S),
        ("Tue, 24 Nov 2026 10:17:30 GMT", 30),
        ("Tue, 24 Nov 2026 11:17:30 +0100", 30),
        ("Tue, 24 Nov 2026 10:17:30 -0000", 30),
        ("Tuesday, 24-Nov-26 10:17:30 GMT", 30),
        ("Tue Nov 24 10:17:30 2026", 30),
        ("Tue, 24 Nov 2026 10:16:59 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY_S),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("3, 5", None),
        ("\u0663", None),
        ("Tue, 99 Nov 2026 10:17:30 GMT", None),
        ("Tue, 24 Nov 99999999999999999999 10:17:30 GMT", None),
        ("Tue, 24 Nov 2026 10:17:30 +99999999999999999999", None),
        ("Tue, 24 Nov 2026 10:17:30 +9999", None),
    ],
)
def test_a_retry_after_is_a_number_of_seconds_or_a_date(value: str, seconds: int | None) -> None:
    at = datetime(2026, 11, 24, 10, 17, 0, tzinfo=UTC)

    assert retry_after_s(value, at) == seconds


@inputs(100)
@given(st.text() | DATES)
def test_no_retry_after_raises_an_error(value: str) -> None:
    assert (retry_after_s(value, NOW) or 0) in range(DAY_S + 1)
