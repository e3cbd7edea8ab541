"""The gateway in front of a function's application: its caller is the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.http import callers, gateway
from app.http.paths import Paths

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.settings import Settings


def put_behind_gateway(app: FastAPI, settings: Settings) -> None:
    caller_of = callers.caller_of(settings.sign_in, settings.owner_claim, settings.convoy_app_id)
    routes = {getattr(route, "path", "/") for route in app.routes}
    paths = Paths({path.split("/")[1] for path in routes} - {""}, settings.base_path)
    app.add_middleware(gateway.Gateway, caller_of=caller_of, paths=paths)
