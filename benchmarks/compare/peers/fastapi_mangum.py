"""FastAPI and Mangum, as their documents show them.

The routes are `async`, although their calls block: a function answers one request at a time, and
needs no thread for it.
"""

import work  # isort: skip  # it turns garbage collection off

from typing import Annotated

from fastapi import FastAPI, Header, Path, Response
from mangum import Mangum
from pydantic import BaseModel, Field

app = FastAPI()


class Draft(BaseModel):
    item: Annotated[str, Field(min_length=1, max_length=10_000)]
    id: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    completed: bool = False


class Update(BaseModel):
    item: Annotated[str, Field(min_length=1, max_length=10_000)]
    completed: bool | None = None


class Todo(BaseModel):
    id: int
    item: str
    completed: bool
    version: int


class Created(BaseModel):
    data: list[str]
    id: int


class Done(BaseModel):
    data: str


class OneTodo(BaseModel):
    data: Todo


class Todos(BaseModel):
    data: list[Todo]


TodoId = Annotated[int, Path(ge=0, le=2**53 - 1)]


@app.post("/todo", status_code=201)
async def create(
    draft: Draft,
    response: Response,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Created:
    todo_id, webhook = work.create(draft.item, draft.id)
    response.headers.update(webhook | {"Location": f"/todo/{todo_id}", "ETag": '"1"'})
    return Created(data=["Todo added."], id=todo_id)


@app.put("/todo/{todo_id}")
async def update(
    todo_id: TodoId,
    draft: Update,
    response: Response,
    if_match: Annotated[list[str] | None, Header()] = None,
) -> Done:
    version, webhook = work.update(draft.item, todo_id)
    response.headers.update(webhook | {"ETag": f'"{version}"'})
    return Done(data=f"Todo with id {todo_id} has been updated.")


@app.get("/todo/{todo_id}")
async def get(todo_id: TodoId, response: Response) -> OneTodo:
    todo = work.get(todo_id)
    response.headers["ETag"] = f'"{todo["version"]}"'
    return OneTodo(data=todo)


@app.get("/todo")
async def everything() -> Todos:
    return Todos(data=work.everything())


api = Mangum(app, lifespan="off")

work.started()
