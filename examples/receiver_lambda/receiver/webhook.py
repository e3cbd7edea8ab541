"""Takes the events that Convoy delivers."""

from __future__ import annotations

import base64
import json
import logging
import time
from typing import Any

from . import clients
from .signature import verified

log = logging.getLogger()


def handler(request: dict[str, Any], _context: object) -> dict[str, int]:
    """`request` is API Gateway's, payload 2.0.

    An exception is a 500 of the gateway: Convoy tries again, and Lambda counts the error.
    """
    method = request["requestContext"]["http"]["method"]
    if method != "POST":
        # Convoy asks with HEAD before it takes the URL of an endpoint.
        return {"statusCode": 204 if method == "HEAD" else 405}
    now = time.time()
    text = request.get("body", "")
    # The bytes as they came: JSON that was parsed and rewritten differs.
    body = base64.b64decode(text) if request["isBase64Encoded"] else text.encode()
    header = request["headers"].get("x-convoy-signature", "")
    if not any(verified(each, body, header, now) for each in clients.endpoint_secrets(now)):
        return {"statusCode": 401}
    event = json.loads(body)
    if isinstance(event, dict):  # ignore unknown events: new types may be added
        state = clients.state()
        progress = state.progress()
        news = state.apply(event, now=now, since="" if progress is None else progress.since)
        log.info("event", extra={"event_id": event.get("id"), "news": news})
    return {"statusCode": 204}
