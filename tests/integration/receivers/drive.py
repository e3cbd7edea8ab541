"""Calls the functions of examples/receiver.py: python -m …drive < questions > answers"""

import asyncio
import base64
import json
import os
import sys
from typing import Any

import httpx

from examples.receiver import Received, app, verified


def main() -> None:
    asked = json.load(sys.stdin)
    valid = [
        verified(each["secret"], base64.b64decode(each["body_base64"]), each["header"], each["now"])
        for each in asked["vectors"]
    ]
    news = []
    for order in asked["orders"]:
        received = Received()
        news.append([_take(received, asked["history"][at]) for at in order])
    tried = asyncio.run(_tried(**asked["attempts"]))
    json.dump({"valid": valid, "news": news, **tried}, sys.stdout)


def _take(received: Received, event: dict[str, Any]) -> bool:
    is_news = received.is_news(event)
    if is_news:
        received.record(event)
    return is_news


async def _tried(secret: str, requests: list[dict[str, str]]) -> dict[str, list[Any]]:
    """The answers to requests at once. The work of each event fails the first time."""
    failed: set[str] = set()
    worked: list[str] = []

    async def work(event: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        if event["id"] not in failed:
            failed.add(event["id"])
            raise RuntimeError("expected")
        worked.append(event["id"])

    os.environ["CONVOY_ENDPOINT_SECRET"] = secret
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


if __name__ == "__main__":
    main()
