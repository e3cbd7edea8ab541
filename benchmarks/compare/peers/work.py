"""The calls of every peer except the tutorial's, with boto3's client and urllib3.

With WITH_OUTBOX=1 the event commits with its change, and leaves the outbox after Convoy's 201.
Without, an event is lost if the process dies or Convoy is down.
"""

import json
import os
import secrets
import time
import uuid

import boto3
import urllib3
from botocore.config import Config

TODOS, OUTBOX = os.environ["RESOURCES_TABLE"], os.environ["OUTBOX_TABLE"]
WITH_OUTBOX = os.environ["WITH_OUTBOX"] == "1"
OWNER = os.environ["CONVOY_APP_ID"]
URL = f"{os.environ['CONVOY_BASE_URL']}/v1/projects/{os.environ['CONVOY_PROJECT_ID']}/events/fanout"
HEADERS = {
    "Authorization": f"Bearer {os.environ['CONVOY_API_KEY']}",
    "Content-Type": "application/json",
}

# Tuned like the app's client: the peers make the same calls, and the rest is compared.
dynamodb = boto3.client(
    "dynamodb",
    config=Config(tcp_keepalive=True, user_agent="bare", parameter_validation=False),
)
http = urllib3.PoolManager(timeout=2.0, retries=False)


def create(item, todo_id=None):
    """The todo's id, and the headers about its event."""
    todo_id = secrets.randbits(53) if todo_id is None else todo_id
    unseen = {
        "ConditionExpression": "attribute_not_exists(#id)",
        "ExpressionAttributeNames": {"#id": "id"},
    }
    todo = {"id": todo_id, "item": item, "completed": False, "version": 1}
    return todo_id, _change(todo, "created", unseen)


def update(item, todo_id):
    """The todo's new version, and the headers about its event."""
    before = _read(todo_id)
    seen = {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": str(before["version"])}},
    }
    todo = before | {"item": item, "version": before["version"] + 1}
    return todo["version"], _change(todo, "updated", seen)


def get(todo_id):
    todo = _read(todo_id)
    publish(_event("retrieved", todo))
    return todo


def everything():
    found = dynamodb.query(
        TableName=TODOS,
        KeyConditionExpression="#owner = :owner",
        ExpressionAttributeNames={"#owner": "kind/owner"},
        ExpressionAttributeValues={":owner": {"S": OWNER}},
        Limit=101,
        ConsistentRead=True,
    )
    publish(_event("retrieved", None))
    return [_public(item) for item in found["Items"]]


def publish(event):
    body = {
        "owner_id": OWNER,
        "event_type": event["event"].rpartition(".")[2],
        "idempotency_key": event["id"],
        "data": event,
    }
    content = json.dumps(body, separators=(",", ":")).encode()
    try:
        return http.request("POST", URL, body=content, headers=HEADERS).status == 201
    except urllib3.exceptions.HTTPError:
        return False


def _change(todo, event_type, condition):
    event = _event(event_type, todo)
    item = {
        **_key(todo["id"]),
        "item": {"S": todo["item"]},
        "completed": {"BOOL": todo["completed"]},
        "version": {"N": str(todo["version"])},
    }
    put = {"TableName": TODOS, "Item": item, **condition}
    if not WITH_OUTBOX:
        dynamodb.put_item(**put)
        accepted = publish(event)
        return {"Webhook-Id": event["id"], "Webhook-Status": "accepted" if accepted else "lost"}
    row = {
        "event_id": {"S": event["id"]},
        "owner": {"S": OWNER},
        "event_type": {"S": event_type},
        "data": {"S": json.dumps(event, separators=(",", ":"))},
        "due_at": {"N": str(int(time.time() * 1000) + 60_000)},
        "state": {"S": "waiting"},
    }
    new = {
        "TableName": OUTBOX,
        "Item": row,
        "ConditionExpression": "attribute_not_exists(event_id)",
    }
    dynamodb.transact_write_items(
        ClientRequestToken=event["id"], TransactItems=[{"Put": put}, {"Put": new}]
    )
    accepted = publish(event)
    if accepted:
        dynamodb.delete_item(
            TableName=OUTBOX,
            Key={"event_id": {"S": event["id"]}},
            ConditionExpression="attribute_exists(event_id)",
        )
    return {"Webhook-Id": event["id"], "Webhook-Status": "accepted" if accepted else "pending"}


def _event(event_type, todo):
    event = {
        "event": f"todo.{event_type}",
        "description": f"Todo {event_type} successfully",
        "id": str(uuid.uuid4()),
        "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    return event if todo is None else event | {"todo": todo}


def _read(todo_id):
    answer = dynamodb.get_item(TableName=TODOS, Key=_key(todo_id), ConsistentRead=True)
    return _public(answer["Item"])


def _key(todo_id):
    return {"kind/owner": {"S": OWNER}, "id": {"N": str(todo_id)}}


def _public(item):
    return {
        "id": int(item["id"]["N"]),
        "item": item["item"]["S"],
        "completed": item["completed"]["BOOL"],
        "version": int(item["version"]["N"]),
    }
