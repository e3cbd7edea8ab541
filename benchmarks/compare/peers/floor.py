"""The floor: FastAPI, Mangum and pydantic, with nothing of this project.

The routes have the project's bodies, headers and parameters, and return a finished answer.
"""

import work  # isort: skip  # it turns garbage collection off

from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

BaseModel.model_config = ConfigDict(defer_build=True)  # as app/runtime/cold_start.py does
import fastapi.openapi.models

BaseModel.model_config = ConfigDict()

from fastapi import FastAPI, Path, Query, Request, Response
from mangum import Mangum
from mangum.handlers import HTTPGateway
from pydantic_core import to_json

MAX_ID = 2**53 - 1

app = FastAPI(openapi_url=None, telemetry={"tracing": False, "metrics": False, "logs": False})


class Draft(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[int, Field(ge=0, le=MAX_ID)] | None = None
    item: Annotated[str, Field(min_length=1, max_length=10_000)]
    completed: bool = False


class Update(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    item: Annotated[str, Field(min_length=1, max_length=10_000)] | None = None
    completed: bool | None = None


Id = Annotated[int, Path(alias="id", ge=0, le=MAX_ID)]


@app.post("/todo", status_code=201)
async def create(request: Request, body: Draft) -> Response:
    _read(request)
    todo_id, webhook = work.create(body.item, body.id)
    headers = webhook | {"Location": f"/todo/{todo_id}", "ETag": '"1"'}
    return _answer({"data": ["Todo added."], "id": todo_id}, 201, headers)


@app.put("/todo/{id}")
async def update(request: Request, todo_id: Id, body: Update) -> Response:
    _read(request)
    version, webhook = work.update(body.item, todo_id)
    body = {"data": f"Todo with id {todo_id} has been updated."}
    return _answer(body, 200, webhook | {"ETag": f'"{version}"'})


@app.get("/todo/{id}")
async def get(request: Request, todo_id: Id) -> Response:
    todo = work.get(todo_id)
    return _answer({"data": todo}, 200, {"ETag": f'"{todo["version"]}"'})


@app.get("/todo")
async def everything(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query()] = None,
) -> Response:
    return _answer({"data": work.everything()}, 200, {})


def _read(request):
    """The headers of a change: the project reads them from the request too."""
    for name in ("idempotency-key", "if-match", "if-none-match"):
        request.headers.getlist(name)


def _answer(body, status, headers):
    return Response(to_json(body), status, headers, "application/json")


class HttpApi(HTTPGateway):
    """As in handler.py: Mangum makes the scope twice."""

    @cached_property
    def scope(self):
        return super().scope


api = Mangum(app, lifespan="off", custom_handlers=[HttpApi])

work.started()
