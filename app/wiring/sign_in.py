"""The gateway in front of a function's application: its caller is the owner."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from app.http import callers, gateway
from app.http.paths import Paths
from app.outbox.metrics import hashed

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.settings import Settings

log = logging.getLogger(__name__)


def put_behind_gateway(app: FastAPI, settings: Settings) -> None:
    caller_of = callers.caller_of(settings.sign_in, settings.owner_claim, settings.convoy_app_id)
    routes = {getattr(route, "path", "/") for route in app.routes}
    paths = Paths({path.split("/")[1] for path in routes} - {""}, settings.base_path)
    recorded: dict[str, Any] = {"record": _log_caller} if settings.access_log == "full" else {}
    app.add_middleware(gateway.Gateway, caller_of=caller_of, paths=paths, **recorded)


def _log_caller(caller: callers.Caller) -> None:
    """The formatter adds the request's id, which the gateway's access log has too."""
    actor = None if caller.actor is None else hashed(caller.actor)
    log.info("request", extra={"owner": hashed(caller.owner), "actor": actor})
