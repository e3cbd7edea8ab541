"""AWS Lambda Powertools' resolver; with VALIDATE=1, its validation by pydantic."""

import os
from typing import Annotated

import work
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydantic import BaseModel, Field

VALIDATE = os.environ["VALIDATE"] == "1"

app = APIGatewayHttpResolver(enable_validation=VALIDATE)


class Draft(BaseModel):
    item: Annotated[str, Field(min_length=1, max_length=10_000)]
    id: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    completed: bool = False


class Todo(BaseModel):
    id: int
    item: str
    completed: bool
    version: int


def _created(item, todo_id):
    todo_id, webhook = work.create(item, todo_id)
    headers = webhook | {"Location": f"/todo/{todo_id}", "ETag": '"1"'}
    body = {"data": ["Todo added."], "id": todo_id}
    return Response(201, "application/json", body, headers)


def _updated(item, todo_id):
    version, webhook = work.update(item, todo_id)
    body = {"data": f"Todo with id {todo_id} has been updated."}
    return Response(200, "application/json", body, webhook | {"ETag": f'"{version}"'})


if VALIDATE:

    @app.post("/todo")
    def create(draft: Draft) -> Response[dict]:
        return _created(draft.item, draft.id)

    @app.put("/todo/<todo_id>")
    def update(todo_id: int, draft: Draft) -> Response[dict]:
        return _updated(draft.item, todo_id)

    @app.get("/todo/<todo_id>")
    def get(todo_id: int) -> dict[str, Todo]:
        return {"data": work.get(todo_id)}

    @app.get("/todo")
    def everything() -> dict[str, list[Todo]]:
        return {"data": work.everything()}

else:

    @app.post("/todo")
    def create():
        body = app.current_event.json_body
        return _serialized(_created(body["item"], body.get("id")))

    @app.put("/todo/<todo_id>")
    def update(todo_id):
        return _serialized(_updated(app.current_event.json_body["item"], int(todo_id)))

    @app.get("/todo/<todo_id>")
    def get(todo_id):
        return {"data": work.get(int(todo_id))}

    @app.get("/todo")
    def everything():
        return {"data": work.everything()}


def _serialized(response):
    response.body = app._serializer(response.body)
    return response


def api(event, context):
    return app.resolve(event, context)


work.started()
