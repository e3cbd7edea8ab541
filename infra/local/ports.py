"""Ports for servers that start as processes."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"

GIVEN_FROM = 32_768
"""Linux gives ports from here on to whoever asks for any (ip(7)); other systems begin higher."""


def unused_ports(first: int) -> Iterator[int]:
    """Ports from `first` on that no server has.

    The system gives none of them: no other process gets one by chance before its server listens.
    """
    for port in range(first, GIVEN_FROM):
        with suppress(OSError):
            socket.create_server((HOST, port)).close()
            yield port
