"""Serves an ASGI app on loopback, for a command or in a test; can reset a connection."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.types import ASGIApp

HOST = "127.0.0.1"

KEEP_ALIVE_S = 75
"""Seconds that an idle connection stays open: longer than in any client (`app.convoy.transport`).
A server that closes first may close just as the next request comes."""


class _Protocol(HttpToolsProtocol):
    """Puts the transport into each request's state: ASGI itself can't break a connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio sets it only on its own sockets; without it an answer can wait 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "transport": transport}


def reset_connection(request: Request) -> None:
    """Answer with a TCP reset: a socket with a linger of 0 sends one when it closes."""
    transport: asyncio.Transport = request.state.transport
    sock: socket.socket = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class _Server(uvicorn.Server):
    """Lets the app end its streams, before uvicorn waits for all answers to end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, Starlette) and hasattr(app.state, "at_end"):
            app.state.at_end()
        await super().shutdown(sockets)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )


@contextmanager
def running(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve from a thread, on a free port by default; gives the base URL."""
    listener = socket.create_server((HOST, port))
    server = _Server(_config(app))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def serve(app: Starlette, port: int) -> None:
    """Serve until a signal ends it."""
    _Server(_config(app)).run([socket.create_server((HOST, port))])
