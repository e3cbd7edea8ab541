"""The first address that answers is used. The sockets of the other addresses are closed."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import time
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from app.convoy import connecting, errors
from app.convoy.connecting import interleaved, race
from tests.integration.convoy.transport_support import DEADLINE_S, PATIENCE_S, post, sender, serve
from tests.raw_server import raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.convoy.connecting import Address

TCP = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")


def address(at: tuple[str, int], family: int = socket.AF_INET) -> Address:
    return (family, *TCP, at)


NO_FAMILY = address(("127.0.0.1", 1), 9999)
UNREACHABLE = address(("255.255.255.255", 80))
"""The system says so at once."""


@contextmanager
def dropping() -> Iterator[Address]:
    """An address that drops packets: its queue is full."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        sockets.enter_context(socket.create_connection(listener.getsockname()))
        yield address(listener.getsockname())


@contextmanager
def refusing() -> Iterator[Address]:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield address(closed.getsockname())


def of(url: str) -> Address:
    return address(("127.0.0.1", int(url.removesuffix("/api").rpartition(":")[2])))


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """The sockets that the race has opened."""
    sockets = []

    def tracked(*how: Any) -> socket.socket:
        sockets.append(socket.socket(*how))
        return sockets[-1]

    namespace = SimpleNamespace(**vars(socket) | {"socket": tracked})
    monkeypatch.setattr(connecting, "socket", namespace)
    return sockets


def left() -> float:
    return PATIENCE_S


def test_the_next_address_is_used_if_the_first_ones_are_dead() -> None:
    with raw_server(serve) as url, dropping() as dead, dropping() as dead_too:
        addresses = [dead, dead_too, of(url)]
        with sender(look_up=lambda *_: addresses) as sent:
            started = time.monotonic()
            assert post(sent, url, deadline_s=PATIENCE_S * 4).text == "ok"
            assert time.monotonic() - started < PATIENCE_S


def test_sockets_that_lose_the_race_are_closed(opened: list[socket.socket]) -> None:
    with (
        raw_server(serve) as url,
        dropping() as dead,
        dropping() as dead_too,
        race([dead, of(url), dead_too], left) as winner,
    ):
        assert winner.getpeername() == of(url)[4]
        assert [one for one in opened if one.fileno() >= 0] == [winner]


@pytest.mark.parametrize("failing", [NO_FAMILY, UNREACHABLE, None])
def test_after_an_address_that_fails_the_next_is_tried_at_once(
    failing: Address | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "STAGGER_S", PATIENCE_S * 2)
    with raw_server(serve) as url, refusing() as refused:
        started = time.monotonic()
        race([failing or refused, of(url)], lambda: PATIENCE_S * 2).close()
        assert time.monotonic() - started < PATIENCE_S


def test_if_all_addresses_fail_the_error_names_the_last(
    opened: list[socket.socket],
) -> None:
    with refusing() as refused, pytest.raises(ConnectionRefusedError):
        race([NO_FAMILY, UNREACHABLE, refused], left)

    assert opened
    assert {one.fileno() for one in opened} == {-1}


def test_a_name_without_an_address_is_an_error() -> None:
    with sender(look_up=lambda *_: []) as sent, pytest.raises(errors.ConnectError):
        post(sent, "http://convoy.test/api", deadline_s=PATIENCE_S)


@pytest.mark.parametrize("stagger_s", [0.01, PATIENCE_S])
def test_connecting_to_dead_addresses_ends_at_the_deadline(
    opened: list[socket.socket], monkeypatch: pytest.MonkeyPatch, stagger_s: float
) -> None:
    monkeypatch.setattr(connecting, "STAGGER_S", stagger_s)
    with dropping() as dead, dropping() as dead_too:
        addresses = [dead, dead_too]
        with sender(look_up=lambda *_: addresses) as sent, pytest.raises(errors.ConnectTimeout):
            post(sent, "http://convoy.test/api", deadline_s=DEADLINE_S)

    assert opened
    assert {one.fileno() for one in opened} == {-1}


def test_a_connection_that_is_reset_before_tls_begins_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reset(*_: object) -> socket.socket:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname())
            theirs, _ = listener.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        assert select.select([ours], [], [], PATIENCE_S)[0]
        return ours

    monkeypatch.setattr(connecting, "race", reset)
    context = ssl.create_default_context()
    with (
        sender(ssl_context=context, look_up=lambda *_: []) as sent,
        pytest.raises(errors.ConnectError),
    ):
        post(sent, "https://convoy.test/api", deadline_s=PATIENCE_S)


def test_an_invalid_name_is_a_connection_error() -> None:
    with sender() as sent, pytest.raises(errors.ConnectError):
        post(sent, f"http://{'x' * 64}.example/api", deadline_s=PATIENCE_S)


def test_address_families_alternate_from_the_resolvers_first() -> None:
    four = [address((f"192.0.2.{n}", 80)) for n in range(3)]
    six = [address((f"2001:db8::{n}", 80), socket.AF_INET6) for n in range(2)]

    assert interleaved([*six, *four]) == [six[0], four[0], six[1], four[1], four[2]]
    assert interleaved([four[0], *six]) == [four[0], six[0], six[1]]
    assert interleaved([]) == []
