"""A bare handler: a Lambda without a framework that checks almost nothing."""

import json

import work


def api(event, _context):
    method, path = event["requestContext"]["http"]["method"], event["rawPath"]
    match method:
        case "POST":
            todo_id, webhook = work.create(_item(event))
            body = {"data": ["Todo added."], "id": todo_id}
            return _answer(201, body, webhook | {"Location": f"/todo/{todo_id}", "ETag": '"1"'})
        case "PUT":
            todo_id = int(path.removeprefix("/todo/"))
            version, webhook = work.update(_item(event), todo_id)
            body = {"data": f"Todo with id {todo_id} has been updated."}
            return _answer(200, body, webhook | {"ETag": f'"{version}"'})
        case "GET" if path == "/todo":
            return _answer(200, {"data": work.everything()}, {})
        case "GET":
            return _answer(200, {"data": work.get(int(path.removeprefix("/todo/")))}, {})
    return _answer(404, {"detail": "Not Found"}, {})


def _item(event):
    item = json.loads(event["body"])["item"]
    if not isinstance(item, str) or not 1 <= len(item) <= 10_000:
        raise ValueError(item)
    return item


def _answer(status, body, headers):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **headers},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


work.started()
