"""The tutorial's way: FastAPI, Mangum, boto3's resource, convoy-python 0.2.0; no outbox.

An event is lost if the process dies after the write. It is lost if Convoy is down; the client then
gets 500.
"""

import os
import secrets
import time
import uuid

import boto3
from convoy import Convoy
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from mangum import Mangum
from pydantic import BaseModel

OWNER = os.environ["CONVOY_APP_ID"]
app = FastAPI()
table = boto3.resource("dynamodb").Table(os.environ["RESOURCES_TABLE"])
convoy = Convoy(
    {
        "api_key": os.environ["CONVOY_API_KEY"],
        "uri": f"{os.environ['CONVOY_BASE_URL']}/v1/projects/{os.environ['CONVOY_PROJECT_ID']}",
        "project_id": os.environ["CONVOY_PROJECT_ID"],
    }
)


class Draft(BaseModel):
    item: str
    id: int | None = None


def publish(event_type, todo):
    data = {
        "event": f"todo.{event_type}",
        "description": f"Todo {event_type} successfully",
        "id": str(uuid.uuid4()),
        "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "todo": todo,
    }
    event = {"endpoint_id": OWNER, "event_type": event_type, "data": data}
    convoy.event.create({}, event | {"idempotency_key": data["id"]})


def public(item):
    return {
        "id": int(item["id"]),
        "item": item["item"],
        "completed": item["completed"],
        "version": int(item["version"]),
    }


def read(todo_id):
    return table.get_item(Key={"kind/owner": OWNER, "id": todo_id}, ConsistentRead=True)["Item"]


@app.post("/todo", status_code=201)
def create(draft: Draft):
    todo_id = secrets.randbits(53) if draft.id is None else draft.id
    todo = {"id": todo_id, "item": draft.item, "completed": False, "version": 1}
    table.put_item(
        Item={"kind/owner": OWNER, **todo}, ConditionExpression="attribute_not_exists(id)"
    )
    publish("created", todo)
    return {"data": ["Todo added."], "id": todo_id}


@app.put("/todo/{todo_id}")
def update(todo_id: int, draft: Draft):
    todo = public(read(todo_id)) | {"item": draft.item}
    todo["version"] += 1
    table.put_item(
        Item={"kind/owner": OWNER, **todo},
        ConditionExpression="version = :version",
        ExpressionAttributeValues={":version": todo["version"] - 1},
    )
    publish("updated", todo)
    return {"data": f"Todo with id {todo_id} has been updated."}


@app.get("/todo/{todo_id}")
def get(todo_id: int):
    todo = public(read(todo_id))
    publish("retrieved", todo)
    return {"data": todo}


@app.get("/todo")
def everything():
    found = table.query(
        KeyConditionExpression="#owner = :owner",
        ExpressionAttributeNames={"#owner": "kind/owner"},
        ExpressionAttributeValues={":owner": OWNER},
        Limit=101,
        ConsistentRead=True,
    )
    publish("retrieved", None)
    return JSONResponse({"data": [public(item) for item in found["Items"]]})


api = Mangum(app, lifespan="off")
