"""What each client reads or computes anew, done once: botocore's models (73 of a client's 85 ms),
names of its events and parameters of its handlers (1.4 of the 5 ms that it then takes), and the
machine's certificates for a client of httpx (30 ms)."""

from __future__ import annotations

import inspect
import os
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

import httpx
from botocore import hooks
from botocore.hooks import BaseEventHooks, EventAliaser
from botocore.loaders import JSONFileLoader
from httpx._transports import default as httpx_transport

if TYPE_CHECKING:
    import ssl

    import pytest

_read = JSONFileLoader.load_file


@cache
def _parsed(path: str) -> Any:
    return _read(JSONFileLoader(), path)


# It keeps each name that it has looked up. No session is given other aliases.
_aliaser: Any = EventAliaser(BaseEventHooks())
_aliased = _aliaser._alias_event_name

_accepts_kwargs: Any = hooks.accepts_kwargs


def _accepts(handler: object) -> Any:
    """Whether it has `**kwargs`, without its whole signature."""
    if isinstance(handler, FunctionType):
        return handler.__code__.co_flags & inspect.CO_VARKEYWORDS
    return _accepts_kwargs(handler)


_trusting = httpx.create_ssl_context


@cache
def _trusted(_files: tuple[str | None, ...]) -> ssl.SSLContext:
    return _trusting()


def _context(verify: object = True, **about: Any) -> ssl.SSLContext:  # noqa: FBT002  # as httpx has it
    if verify is not True or about.get("cert") or not about.get("trust_env", True):
        return _trusting(verify=verify, **about)  # type: ignore[arg-type]
    return _trusted((os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")))


def read_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(JSONFileLoader, "load_file", lambda _, path: _parsed(path))
    patch.setattr(EventAliaser, "_alias_event_name", lambda _, name: _aliased(name))
    patch.setattr(hooks, "accepts_kwargs", _accepts)
    patch.setattr(httpx_transport, "create_ssl_context", _context)
