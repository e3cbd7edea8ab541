"""Convoy's API key: keeps it, reads it again when Convoy refuses it, removes it from messages."""

from __future__ import annotations

import logging
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

log = logging.getLogger(__name__)

START_S = 8.0
"""Seconds for the first reading: Lambda ends an initialisation after 10 s, without a reason."""

PAUSE_S = 10.0
"""Seconds before a secret without a new key is read again: a wrong key must not cause a flood."""

_PLACEHOLDER = re.compile(
    "<.*>|change[-_ ]?(me|this)|replace[-_ ]?me|placeholder|your[-_ ].*", re.IGNORECASE
)


def usable(key: str) -> str:
    """The key without surrounding spaces. Raises ValueError, which does not show the key."""
    key = key.strip()
    if not key:
        raise ValueError("is blank")
    if not key.isascii() or not key.isprintable():
        raise ValueError("must be printable ASCII")
    if _PLACEHOLDER.fullmatch(key):
        raise ValueError("is a placeholder")
    if key.lower() == "bearer" or " " in key:
        raise ValueError('must be the key alone: leave out "Bearer" and spaces')
    return key


class SecretError(Exception):
    """Names the secret that could not be read, the cause and the remedy; never the content."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"CONVOY_API_KEY_SECRET ({name}): {problem}")


class SecretOutOfReach(SecretError):
    """Waiting may help: no answer in time, too many requests, or a failure in Secrets Manager."""


class Source(Protocol):
    """The place that keeps the key. `read` raises SecretError."""

    name: str

    def read(self) -> str: ...


class ApiKey:
    """The key, for threads that share it. Without a `source` it never changes; `clock` in seconds.

    A read runs on a thread of its own. Its callers stop waiting at their own deadlines; a key that
    comes later serves the next publish.
    """

    def __init__(
        self,
        value: str,
        source: Source | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.value = value
        self._source = source
        self._clock = clock
        self._held = [value] if value else []
        self._lock = threading.Lock()
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="api-key")
        self._reading: Future[str] | None = None
        self._again_at = float("-inf")

    @property
    def setting(self) -> str:
        """The setting that has the key, or that names its secret, with the secret's name."""
        if self._source is None:
            return "CONVOY_API_KEY"
        return f"CONVOY_API_KEY_SECRET ({self._source.name})"

    @classmethod
    def read_from(cls, source: Source, clock: Callable[[], float] = time.monotonic) -> Self:
        """Read the key, within START_S. Out of reach, the key is blank, and is read on first use.

        Raises SecretError.
        """
        key = cls("", source, clock)
        try:
            key.renewed("", START_S)
        except SecretOutOfReach as error:
            log.warning("started without the API key: %s", error)
        except SecretError:
            key.close()
            raise
        return key

    def renewed(self, refused: str, timeout_s: float) -> str:
        """The present key, which is read again if it is still `refused`: it may be the same key.

        One thread reads for all. Raises SecretError if the key could not be read in time.
        """
        if self._source is None:
            return self.value
        with self._lock:
            if self.value != refused:
                return self.value
            if self._reading is None or (self._reading.done() and self._clock() >= self._again_at):
                self._reading = self._reader.submit(self._read, self._source)
            reading = self._reading
        try:
            return reading.result(timeout_s)
        except TimeoutError:
            raise SecretOutOfReach(
                self._source.name,
                "it could not be read in time; check that the function's subnet can reach Secrets"
                " Manager.",
            ) from None

    def redacted(self, text: str) -> str:
        """The text without any key that was ever held."""
        for key in self._held:
            text = text.replace(key, "[API key]")
        return text

    def close(self) -> None:
        self._reader.shutdown(wait=False, cancel_futures=True)

    def _read(self, source: Source) -> str:
        before = self.value
        try:
            key = source.read()
            if key not in self._held:
                self._held.append(key)
            self.value = key
        finally:
            if self.value == before:
                self._again_at = self._clock() + PAUSE_S
        return key
