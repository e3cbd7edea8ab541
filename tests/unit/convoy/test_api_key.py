"""A refused key is read again: by one thread for all, in time, and not too often."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from app.convoy import api_key
from app.convoy.api_key import ApiKey, SecretError

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN = SecretError("kept", "broken.")


class Kept:
    """A secret that gives these values one after the other; the last one stays."""

    name = "kept"

    def __init__(self, *values: str | SecretError) -> None:
        self._values = list(values)
        self.readings = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self.begun = threading.Event()

    def read(self) -> str:
        self.begun.set()
        assert self.go_on.wait(30)
        self.readings += 1
        value = self._values.pop(0) if len(self._values) > 1 else self._values[0]
        if isinstance(value, SecretError):
            raise value
        return value


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def refused(kept: Kept, clock: Clock | None = None) -> Iterator[ApiKey]:
    with closing(ApiKey("CO.a", kept, clock or Clock())) as key:
        yield key


def test_a_refused_key_is_replaced_by_the_one_that_is_read() -> None:
    with refused(Kept("CO.b")) as key:
        assert key.renewed("CO.a", 30) == "CO.b"
        assert key.value == "CO.b"


def test_a_key_that_another_thread_has_replaced_is_not_read_again() -> None:
    kept = Kept("CO.b", "CO.c")
    with refused(kept) as key:
        key.renewed("CO.a", 30)

        assert key.renewed("CO.a", 30) == "CO.b"
    assert kept.readings == 1


def test_threads_that_are_refused_at_once_share_one_read() -> None:
    kept = Kept("CO.b", "CO.c")
    kept.go_on.clear()
    barrier = threading.Barrier(8)

    def renewed(key: ApiKey) -> str:
        barrier.wait(30)
        return key.renewed("CO.a", 30)

    with refused(kept) as key, ThreadPoolExecutor(8) as threads:
        renewals = [threads.submit(renewed, key) for _ in range(8)]
        assert kept.begun.wait(30)
        kept.go_on.set()
        assert [renewal.result() for renewal in renewals] == ["CO.b"] * 8
    assert kept.readings == 1


@pytest.mark.parametrize("nothing_new", ["CO.a", BROKEN])
def test_a_secret_without_a_new_key_is_read_again_only_after_the_pause(
    nothing_new: str | SecretError,
) -> None:
    kept, clock = Kept(nothing_new, "CO.b"), Clock()
    with refused(kept, clock) as key:
        for passed in (0.0, api_key.PAUSE_S - 0.1):
            clock.now = 100.0 + passed
            if isinstance(nothing_new, SecretError):
                with pytest.raises(SecretError, match="broken"):
                    key.renewed("CO.a", 30)
            else:
                assert key.renewed("CO.a", 30) == "CO.a"
        assert kept.readings == 1

        clock.now = 100.0 + api_key.PAUSE_S
        assert key.renewed("CO.a", 30) == "CO.b"


def test_a_key_that_was_just_replaced_is_read_without_a_pause() -> None:
    with refused(Kept("CO.b", "CO.c")) as key:
        key.renewed("CO.a", 30)

        assert key.renewed("CO.b", 30) == "CO.c"


def test_nobody_waits_for_a_slow_read_and_its_key_is_used_later() -> None:
    kept = Kept("CO.b")
    kept.go_on.clear()
    with refused(kept) as key:
        with pytest.raises(SecretError, match=r"^CONVOY_API_KEY_SECRET \(kept\): .* in time"):
            key.renewed("CO.a", 0.01)
        kept.go_on.set()

        assert key.renewed("CO.a", 30) == "CO.b"
    assert kept.readings == 1


def test_the_start_waits_for_the_first_read_until_its_deadline(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(api_key, "START_S", 0.01)
    kept = Kept("CO.a")
    kept.go_on.clear()

    with closing(ApiKey.read_from(kept)) as key:
        assert key.value == ""
        assert "started without the API key: CONVOY_API_KEY_SECRET (kept): it" in caplog.text
        kept.go_on.set()
        assert key.renewed("", 30) == "CO.a"


def test_an_unusable_secret_stops_the_start() -> None:
    with pytest.raises(SecretError, match="broken"):
        ApiKey.read_from(Kept(BROKEN))


def test_a_key_refused_right_after_the_start_is_read_again_at_once() -> None:
    kept = Kept("CO.a", "CO.b")
    with closing(ApiKey.read_from(kept, Clock())) as key:
        assert key.value == "CO.a"
        assert key.renewed("CO.a", 30) == "CO.b"


def test_a_key_without_a_source_stays() -> None:
    with closing(ApiKey("CO.a")) as key:
        assert key.renewed("CO.a", 30) == "CO.a"


def test_every_key_that_was_held_is_removed_from_messages() -> None:
    with refused(Kept("CO.b")) as key:
        key.renewed("CO.a", 30)

        message = key.redacted("not CO.a but CO.b, CO.b")

    assert message == "not [API key] but [API key], [API key]"


def test_before_the_first_read_messages_stay_unchanged() -> None:
    with closing(ApiKey("", Kept("CO.a"))) as key:
        assert key.redacted("text") == "text"


def test_a_message_about_the_key_can_name_the_setting_that_it_comes_from() -> None:
    with closing(ApiKey("CO.a")) as own, closing(ApiKey("CO.a", Kept("CO.b"))) as kept:
        assert own.setting == "CONVOY_API_KEY"
        assert kept.setting == "CONVOY_API_KEY_SECRET (kept)"
