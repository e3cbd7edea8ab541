"""The gateway in front of a function's application: it names the caller, who is the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.http import gateway

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.settings import Settings


def put_behind_gateway(app: FastAPI, settings: Settings) -> None:
    anonymous = settings.convoy_app_id if settings.allow_anonymous else None
    app.add_middleware(gateway.Gateway, anonymous=anonymous)
