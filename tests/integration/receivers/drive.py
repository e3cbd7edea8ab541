"""Calls the functions of examples/receiver.py in the tests' own process.

Another process would import FastAPI again, for each test.
"""

from __future__ import annotations

import asyncio
import base64
import os
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx

from examples.receiver import Received, app, verified

if TYPE_CHECKING:
    from tests.support import JsonObject

RUN_S = 60.0
"""Seconds for all questions, in each language."""


def answers(asked: JsonObject) -> JsonObject:
    valid = [
        verified(each["secret"], base64.b64decode(each["body_base64"]), each["header"], each["now"])
        for each in asked["vectors"]
    ]
    news = []
    for order in asked["orders"]:
        received = Received()
        news.append([_take(received, asked["history"][at]) for at in order])
    attempts = asked["attempts"]
    with patch.dict(os.environ, CONVOY_ENDPOINT_SECRET=attempts["secret"]):
        tried = asyncio.run(asyncio.wait_for(_tried(attempts["requests"]), RUN_S))
    return {"valid": valid, "news": news, **tried}


def _take(received: Received, event: dict[str, Any]) -> bool:
    is_news = received.is_news(event)
    if is_news:
        received.record(event)
    return is_news


async def _tried(requests: list[dict[str, str]]) -> dict[str, list[Any]]:
    """The answers to requests at once. The work of each event fails the first time."""
    failed: set[str] = set()
    worked: list[str] = []

    async def work(event: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        if event["id"] not in failed:
            failed.add(event["id"])
            raise RuntimeError("expected")
        worked.append(event["id"])

    transport = httpx.ASGITransport(app(work), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as http:
        answers = await asyncio.gather(
            *(
                http.post(
                    "/webhooks",
                    content=each["body"],
                    headers={"x-convoy-signature": each["header"]},
                )
                for each in requests
            )
        )
    return {"statuses": [each.status_code for each in answers], "worked": worked}
