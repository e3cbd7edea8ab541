"""Servers that speak HTTP byte by byte, as a test says."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def raw_server(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that calls `behave` with each connection. Yields its API root."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_connections: list[socket.socket] = []
    ending = threading.Event()

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            open_connections.append(connection)
            if ending.is_set():
                return
            threading.Thread(target=_ignoring_resets, args=(behave, connection)).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    finally:
        ending.set()
        socket.create_connection(listener.getsockname()).close()  # ends accept(), on any system
        thread.join()
        listener.close()
        for connection in open_connections:
            with suppress(OSError):  # the client may have closed it
                connection.shutdown(socket.SHUT_RDWR)  # ends recv(): close() does not
            connection.close()


def read_request(connection: socket.socket) -> bytes:
    """One whole request, head and body. Empty: the client closed the connection."""
    request = b""
    while not _complete(request):
        received = connection.recv(65_536)
        if not received:
            return b""
        request += received
    return request


def _complete(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


def _ignoring_resets(behave: Callable[[socket.socket], None], connection: socket.socket) -> None:
    try:
        behave(connection)
    except OSError:
        connection.close()
