"""Ports for servers that start as processes."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"

GIVEN_FROM = 32_768
"""Linux gives ports from here on to whoever asks for any (ip(7)); other systems begin higher."""


def unused_ports(first: int | None = None) -> Iterator[int]:
    """Ports from `first` on that no server has; by default from one that depends on the process.

    The system gives none of them: no other process gets one by chance before its server listens.
    """
    if first is None:
        first = 10_000 + os.getpid() % 10_000
    for port in range(first, GIVEN_FROM):
        with suppress(OSError):
            socket.create_server((HOST, port)).close()
            yield port
