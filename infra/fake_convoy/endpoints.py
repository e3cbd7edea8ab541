"""An endpoint as the stand-in stores it and as Convoy shows it, with its secrets."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from infra.fake_convoy.ids import uid
from infra.fake_convoy.project import PROJECT_ID, shown

if TYPE_CHECKING:
    from datetime import datetime

    from infra.fake_convoy.project import JsonObject

_JSON = "application/json"


def new_endpoint(body: JsonObject, at: str) -> JsonObject:
    return {
        "uid": uid(),
        "project_id": PROJECT_ID,
        "owner_id": body.get("owner_id") or "",
        "url": body["url"],
        "name": body["name"],
        "secrets": [new_secret(body, at)],
        "advanced_signatures": body.get("advanced_signatures", True),
        "description": body.get("description") or "",
        "status": body.get("status", "active"),  # for tests: Convoy sets it by other routes
        "http_timeout": 10,
        "authentication": body.get("authentication"),
        "rate_limit": body.get("rate_limit") or 0,
        "rate_limit_duration": body.get("rate_limit_duration") or 0,
        "content_type": body.get("content_type") or _JSON,
        "created_at": at,
        "updated_at": at,
        "deleted_at": None,
    }


def changed_by(body: JsonObject, endpoint: JsonObject) -> JsonObject:
    """The fields after an update: some are cleared when they are left out, `secret` is ignored."""
    kept = {name: endpoint[name] for name in ("owner_id", "advanced_signatures")}
    sent = {name: body[name] for name in kept if body.get(name) not in {None, ""}}
    return {
        **kept,
        **sent,
        "url": body["url"],
        "name": body["name"],
        "description": body.get("description") or "",
        "authentication": body.get("authentication") or None,
        "rate_limit": body.get("rate_limit") or 0,
        "rate_limit_duration": body.get("rate_limit_duration") or 0,
        "content_type": body.get("content_type") or _JSON,
    }


def new_secret(body: JsonObject, at: str) -> JsonObject:
    value = body.get("secret") or secrets.token_urlsafe(18)
    return {"uid": uid(), "value": value, "expires_at": None, "created_at": at, "signs_until": None}


def signing_secrets(endpoint: JsonObject, now: datetime) -> list[str]:
    """Oldest first."""
    return [each["value"] for each in endpoint["secrets"] if _signs(each, now)]


def shown_endpoint(endpoint: JsonObject, now: datetime) -> JsonObject:
    """A secret that signs no more is shown too, as a deleted one."""
    return endpoint | {"secrets": [_shown_secret(each, now) for each in endpoint["secrets"]]}


def _shown_secret(secret: JsonObject, now: datetime) -> JsonObject:
    fields = {name: value for name, value in secret.items() if name != "signs_until"}
    return fields | {"deleted_at": None if _signs(secret, now) else secret["signs_until"]}


def _signs(secret: JsonObject, now: datetime) -> bool:
    return secret["signs_until"] is None or shown(now) < secret["signs_until"]
