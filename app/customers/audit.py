"""One line of the log for each change, each read of a secret and each resend: who did what."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from app.customers.ownership import is_id
from app.outbox.metrics import hashed
from app.runtime import logs

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from fastapi import Request

log = logging.getLogger(__name__)

READS = {"list_endpoints", "get_endpoint", "list_deliveries", "get_delivery"}
"""Names of the routes that leave no line."""


async def logged(request: Request, owner: str, call: Awaitable[Any]) -> Any:  # noqa: ANN401
    """The result of the call. The line's `outcome` is `done`, or the name of the error.

    The formatter adds the request's id.
    """
    action = request.scope["route"].name
    if action in READS:
        return await call
    given, outcome = request.path_params.get("id", ""), "done"
    try:
        result = await call
        if action == "create_endpoint":
            given = result[0]["id"]
    except BaseException as error:
        outcome = type(error).__name__
        raise
    else:
        return result
    finally:
        actor = logs.actor.get()
        about = {
            "action": action,
            "delivery" if action == "resend_delivery" else "endpoint": (
                given if is_id(given) else None
            ),
            "owner": hashed(owner),
            "actor": None if actor is None else hashed(actor),
            "outcome": outcome,
        }
        log.info("%s: %s", action, outcome, extra=about)
