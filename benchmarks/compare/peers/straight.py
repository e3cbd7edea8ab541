"""This project's POST in one function: all of its work, and none of its layers.

It limits the body, names the caller and the path's prefix, checks the conditions and the idempotency
key, makes the event and the items, writes the metric's line, and logs with the request's id.
"""

import work  # isort: skip  # it turns garbage collection off

import json
import sys
import time
from contextvars import ContextVar
from hashlib import sha256
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

BaseModel.model_config = ConfigDict(defer_build=True)  # as app/runtime/cold_start.py does
import fastapi.openapi.models

BaseModel.model_config = ConfigDict()

from fastapi import FastAPI, HTTPException, Request, Response
from mangum import Mangum
from pydantic_core import to_json

MAX_ID, MAX_BODY = 2**53 - 1, 128 * 1024
OWNER = sha256(work.OWNER.encode()).hexdigest()[:16]
METRIC = json.dumps(
    {
        "Namespace": "todo",
        "Dimensions": [["outcome"]],
        "Metrics": [{"Name": "PublishLatency", "Unit": "Milliseconds"}],
    },
    separators=(",", ":"),
)

request_id = ContextVar("request_id", default=None)
app = FastAPI(openapi_url=None, telemetry={"tracing": False, "metrics": False, "logs": False})


def _without_nul(text):
    if "\0" in text:
        raise ValueError("must not have a null character")
    return text


class Draft(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[int, Field(ge=0, le=MAX_ID)] | None = None
    item: Annotated[str, Field(min_length=1, max_length=10_000), AfterValidator(_without_nul)]
    completed: bool = False


@app.post("/todo", status_code=201)
async def create(request: Request, body: Draft) -> Response:
    for name in ("if-match", "if-none-match"):
        if request.headers.getlist(name):
            raise HTTPException(412)
    if request.headers.getlist("idempotency-key"):
        raise HTTPException(501)
    started = time.monotonic()
    todo_id, webhook = work.create(body.item, body.id)
    _record(webhook["Webhook-Id"], todo_id, started)
    headers = webhook | {
        "Location": f"{request.scope['root_path']}/todo/{todo_id}",
        "ETag": '"1"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    content = to_json({"data": ["Todo added."], "id": todo_id})
    return Response(content, 201, headers, "application/json")


def _record(event_id, todo_id, started):
    values = {
        "outcome": "accepted",
        "PublishLatency": round((time.monotonic() - started) * 1000, 3),
        "event_type": "created",
        "event_id": event_id,
        "resource": f"todo/{todo_id}",
        "owner": OWNER,
        "actor": None,
        "request_id": request_id.get(),
    }
    aws = f'{{"Timestamp":{int(time.time() * 1000)},"CloudWatchMetrics":[{METRIC}]}}'
    sys.stdout.write(f'{{"_aws":{aws},{json.dumps(values, separators=(",", ":"))[1:]}\n')


_mangum = Mangum(app, lifespan="off")


def api(event, context):
    token = request_id.set(context.aws_request_id)
    try:
        if len(event["body"]) > MAX_BODY or "requestContext" not in event:
            raise HTTPException(413)
        return _mangum(event, context)
    finally:
        request_id.reset(token)


work.started()
