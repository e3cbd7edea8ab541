"""The calls of every peer except the tutorial's, with botocore's client and urllib3.

CALLS=ours makes this project's calls: the change, its event and the event's row in the outbox commit
in one transaction. Something else must then settle the outbox. With CALLS=ack the row leaves the
outbox after Convoy's 201, and there is no log. With CALLS=none an event is lost if the process dies,
or if Convoy is down. With CALLS=commit nothing is published: as by this project while Convoy is down.
"""

import gc

gc.disable()  # until `started`: imported objects stay

import json
import os

os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"

import secrets
import time
import uuid

import botocore.handlers
import botocore.session
import urllib3
from botocore.config import Config
from botocore.loaders import Loader

TODOS, OUTBOX = os.environ["RESOURCES_TABLE"], os.environ["OUTBOX_TABLE"]
EVENTS = os.environ["EVENTS_TABLE"]
CALLS = os.environ["CALLS"]
OWNER = os.environ["CONVOY_APP_ID"]
COLLECTION = f"todo/{OWNER}"
URL = f"{os.environ['CONVOY_BASE_URL']}/v1/projects/{os.environ['CONVOY_PROJECT_ID']}/events/fanout"
HEADERS = {
    "Authorization": f"Bearer {os.environ['CONVOY_API_KEY']}",
    "Content-Type": "application/json",
}
KEPT_S = 30 * 24 * 3600
UNSEEN = {
    "ConditionExpression": "attribute_not_exists(#id)",
    "ExpressionAttributeNames": {"#id": "id"},
}

to_json = json.JSONEncoder(separators=(",", ":")).encode


class _OneService(Loader):
    def list_available_services(self, type_name):
        return ["dynamodb"]


# Tuned like the app's client: the peers make the same calls, and the rest is compared.
session = botocore.session.Session(include_builtin_handlers=False)
for name, *handler in botocore.handlers.BUILTIN_HANDLERS:
    if "." not in name:  # those of other services
        session.register(name, handler[0])
data = [os.environ["AWS_DATA_PATH"]] if "AWS_DATA_PATH" in os.environ else []
session.register_component("data_loader", _OneService(extra_search_paths=data))
dynamodb = session.create_client(
    "dynamodb",
    config=Config(
        connect_timeout=1,
        read_timeout=3,
        retries={"mode": "standard", "total_max_attempts": 2},
        tcp_keepalive=True,
        user_agent="bare",
        parameter_validation=False,
    ),
)
http = urllib3.PoolManager(timeout=2.0, retries=False)


def started():
    """A handler calls it after its imports."""
    gc.freeze()
    gc.enable()


def create(item, todo_id=None):
    """The todo's id, and the headers about its event."""
    todo_id = secrets.randbits(53) if todo_id is None else todo_id
    todo = {"id": todo_id, "item": item, "completed": False, "version": 1}
    put = {"Put": {"TableName": TODOS, "Item": _item(todo), **UNSEEN}}
    tombstone = {"TableName": TODOS, "Key": _key(-1 - todo_id), **UNSEEN}
    return todo_id, _change(todo, "created", put, {"ConditionCheck": tombstone})


def update(item, todo_id):
    """The todo's new version, and the headers about its event."""
    before = _read(todo_id)
    todo = before | {"item": item, "version": before["version"] + 1}
    values = _item(todo)
    update = {
        "TableName": TODOS,
        "Key": _key(todo_id),
        "UpdateExpression": "SET #0 = :0, #1 = :1, #2 = :2",
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {
            **{"#0": "item", "#1": "completed", "#2": "version"},
            "#version": "version",
        },
        "ExpressionAttributeValues": {
            **{":0": values["item"], ":1": values["completed"], ":2": values["version"]},
            ":version": {"N": str(before["version"])},
        },
    }
    return todo["version"], _change(todo, "updated", {"Update": update})


def get(todo_id):
    todo = _read(todo_id)
    publish(_event("retrieved", todo))
    return todo


def everything():
    found = dynamodb.query(
        TableName=TODOS,
        KeyConditionExpression="#collection = :collection AND #id > :after",
        ExpressionAttributeNames={"#collection": "kind/owner", "#id": "id"},
        ExpressionAttributeValues={":collection": {"S": COLLECTION}, ":after": {"N": "-1"}},
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
    content = to_json(body).encode()
    try:
        return http.request("POST", URL, body=content, headers=HEADERS).status == 201
    except urllib3.exceptions.HTTPError:
        return False


def _change(todo, event_type, write, *checks):
    event = _event(event_type, todo)
    if CALLS == "none":
        ((kind, request),) = write.items()
        (dynamodb.put_item if kind == "Put" else dynamodb.update_item)(**request)
    else:
        parts = [*_entries(event, event_type), write, *(checks if CALLS != "ack" else ())]
        dynamodb.transact_write_items(ClientRequestToken=event["id"], TransactItems=parts)
    accepted = CALLS != "commit" and publish(event)
    if accepted and CALLS == "ack":
        dynamodb.delete_item(
            TableName=OUTBOX,
            Key={"event_id": {"S": event["id"]}},
            ConditionExpression="attribute_exists(event_id)",
        )
    otherwise = "lost" if CALLS == "none" else "pending"
    return {"Webhook-Id": event["id"], "Webhook-Status": "accepted" if accepted else otherwise}


def _entries(event, event_type):
    """The event's rows in the log and in the outbox."""
    now = time.time()
    row = {
        "event_id": {"S": event["id"]},
        "owner": {"S": OWNER},
        "event_type": {"S": event_type},
        "occurred_at": {"N": str(int(now * 1000))},
        "data": {"S": to_json(event)},
    }
    waiting = {
        "due_at": {"N": str(int(now * 1000) + 60_000)},
        "state": {"S": "waiting"},
        "attempts": {"N": "0"},
        "refusals": {"N": "0"},
        "reason": {"S": ""},
    }
    new = {"ConditionExpression": "attribute_not_exists(event_id)"}
    outbox = {"Put": {"TableName": OUTBOX, "Item": row | waiting, **new}}
    if CALLS == "ack":
        return [outbox]
    expires = {"expires_at": {"N": str(int(now) + KEPT_S)}}
    return [{"Put": {"TableName": EVENTS, "Item": row | expires, **new}}, outbox]


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
    return {"kind/owner": {"S": COLLECTION}, "id": {"N": str(todo_id)}}


def _item(todo):
    return {
        **_key(todo["id"]),
        "item": {"S": todo["item"]},
        "completed": {"BOOL": todo["completed"]},
        "version": {"N": str(todo["version"])},
    }


def _public(item):
    return {
        "id": int(item["id"]["N"]),
        "item": item["item"]["S"],
        "completed": item["completed"]["BOOL"],
        "version": int(item["version"]["N"]),
    }
