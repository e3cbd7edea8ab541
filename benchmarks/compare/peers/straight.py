"""This project's successful POST in one function, without its layers: a lower bound of its work.

It limits the body, refuses null characters, reads the headers of a change, makes the event and the
items, and writes the metric's line with the request's id. It handles no failure.
"""

import sys
import time
from contextvars import ContextVar
from hashlib import sha256
from typing import Annotated

import work
from fastapi import FastAPI, HTTPException, Request, Response
from floor import Draft, HttpApi
from mangum import Mangum
from pydantic import AfterValidator, Field
from pydantic_core import to_json

MAX_BODY = 128 * 1024
OWNER = sha256(work.OWNER.encode()).hexdigest()[:16]
METRIC = work.to_json(
    {
        "Namespace": "todo",
        "Dimensions": [["outcome"]],
        "Metrics": [{"Name": "PublishLatency", "Unit": "Milliseconds"}],
    }
)

request_id = ContextVar("request_id", default=None)
app = FastAPI(openapi_url=None, telemetry={"tracing": False, "metrics": False, "logs": False})


def _without_nul(text):
    if "\0" in text:
        raise ValueError("must not have a null character")
    return text


class Body(Draft):
    item: Annotated[str, Field(min_length=1, max_length=10_000), AfterValidator(_without_nul)]


@app.post("/todo", status_code=201)
async def create(request: Request, body: Body) -> Response:
    for name in ("idempotency-key", "if-match", "if-none-match"):
        if request.headers.getlist(name):
            raise HTTPException(501)
    started = time.monotonic()
    todo_id, webhook = work.create(body.item, body.id)
    _record(webhook, todo_id, time.monotonic() - started)
    headers = webhook | {
        "Location": f"{request.scope['root_path']}/todo/{todo_id}",
        "ETag": '"1"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    answer = {"data": ["Todo added."], "id": todo_id}
    return Response(to_json(answer), 201, headers, "application/json")


def _record(webhook, todo_id, took_s):
    values = {
        "outcome": webhook["Webhook-Status"],
        "PublishLatency": round(took_s * 1000, 3),
        "event_type": "created",
        "event_id": webhook["Webhook-Id"],
        "resource": f"todo/{todo_id}",
        "owner": OWNER,
        "actor": None,
        "request_id": request_id.get(),
    }
    aws = f'{{"Timestamp":{int(time.time() * 1000)},"CloudWatchMetrics":[{METRIC}]}}'
    sys.stdout.write(f'{{"_aws":{aws},{work.to_json(values)[1:]}\n')


_mangum = Mangum(app, lifespan="off", custom_handlers=[HttpApi])


def api(event, context):
    token = request_id.set(context.aws_request_id)
    try:
        if len(event["body"].encode()) > MAX_BODY:
            return {"statusCode": 413}
        return _mangum(event, context)
    finally:
        request_id.reset(token)
