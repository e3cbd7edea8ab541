"""The routes of todos: requests in, service calls, answers out."""

from fastapi import APIRouter, Request

from app.domain.service import Service
from app.http.parameters import (
    DEFAULT_PAGE,
    NOT_FOUND,
    Cursor,
    IdempotencyKey,
    IfMatch,
    Limit,
    PathId,
    call,
    decode,
    encode,
    etag,
    key_of,
    problems,
    versions_of,
    webhook,
)
from app.http.problems import Answer
from app.http.schemas import Created, Done, NewTodo, OneTodo, Todos, TodoUpdate
from app.todos.model import Todo

router = APIRouter(responses=problems(401, 413, 500, 503))


def _todos(request: Request) -> Service[Todo]:
    service: Service[Todo] = request.app.state.service
    return service


@router.get("/todo", response_model=Todos, responses=problems(400, 422))
async def list_todos(
    request: Request,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Answer:
    """The caller's todos by id. A page may be shorter than `limit`: `next` tells of more."""
    page = await call(request, _todos(request).page, limit=limit, after=decode(cursor))
    body: dict[str, object] = {"data": [todo.public() for todo in page.found]}
    if page.after is not None:
        body["next"] = encode(page.after)
    return Answer(body)


@router.get("/todo/{id}", response_model=OneTodo, responses=problems(404, 422))
async def get_todo(request: Request, todo_id: PathId) -> Answer:
    todo = await call(request, _todos(request).get, todo_id)
    return Answer({"data": todo.public()}, headers={"ETag": etag(todo.version)})


@router.post(
    "/todo",
    status_code=201,
    response_model=Created,
    responses=problems(400, 409, 415, 422),
)
async def create_todo(request: Request, draft: NewTodo, key: IdempotencyKey = None) -> Answer:
    done = await call(
        request,
        _todos(request).create,
        draft.id,
        draft.model_dump(exclude={"id"}, exclude_unset=True),
        key=key_of(key),
    )
    body: dict[str, object] = {"data": ["Todo added."]}
    if draft.id is None:
        body["id"] = done.id
    location = f"{request.scope.get('root_path', '')}/todo/{done.id}"
    headers = {"Location": location, "ETag": etag(done.version), **webhook(done)}
    return Answer(body, 201, headers)


@router.put(
    "/todo/{id}",
    response_model=Done,
    responses=NOT_FOUND | problems(400, 412, 415, 422),
)
async def update_todo(
    request: Request,
    todo_id: PathId,
    change: TodoUpdate,
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Answer:
    """Replace what the body gives; keep the rest."""
    done = await call(
        request,
        _todos(request).update,
        todo_id,
        change.model_dump(exclude_unset=True),
        versions=versions_of(if_match),
        key=key_of(key),
    )
    headers = {"ETag": etag(done.version), **webhook(done)}
    return Answer({"data": f"Todo with id {todo_id} has been updated."}, headers=headers)


@router.delete("/todo/{id}", response_model=Done, responses=NOT_FOUND | problems(400, 412, 422))
async def delete_todo(
    request: Request,
    todo_id: PathId,
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Answer:
    versions = versions_of(if_match)
    done = await call(request, _todos(request).delete, todo_id, versions=versions, key=key_of(key))
    body = {"data": f"Todo with id {todo_id} has been removed."}
    return Answer(body, headers=webhook(done))
