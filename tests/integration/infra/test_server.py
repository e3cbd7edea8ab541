"""The stand-in's server: resets and idle connections, on which tests rely."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from app.convoy.connections import KEEP_ALIVE_S
from infra.fake_convoy import application as stand_in
from infra.fake_convoy import server

if TYPE_CHECKING:
    from tests.stand_in import Convoy

PUBLISH = (
    b"POST /api/v1/projects/p/events/fanout HTTP/1.1\r\n"
    b"host: localhost\r\ncontent-length: 0\r\n\r\n"
)


def connect(url: str, *, own_port: int = 0) -> socket.socket:
    """Connect from `own_port` (0: any). The kernel may reuse a port for another server, too."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    connection.bind((server.HOST, own_port))
    connection.settimeout(5)
    connection.connect((server.HOST, int(url.rpartition(":")[2])))
    return connection


def test_a_reset_reaches_the_client_of_this_server_only(convoy: Convoy) -> None:
    convoy.fail(reset=True)
    with connect(convoy.url) as client:
        port = client.getsockname()[1]
        with server.running(stand_in.build()) as url, connect(url, own_port=port) as other:
            other.sendall(PUBLISH)
            assert b"HTTP/1.1 401 " in other.recv(65_536)
        client.sendall(PUBLISH)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_the_server_keeps_idle_connections_longer_than_clients_do() -> None:
    assert server._config(stand_in.build()).timeout_keep_alive > KEEP_ALIVE_S
