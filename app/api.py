"""The HTTP contract: routes in, service calls, answers out."""

import base64
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

from fastapi import APIRouter, FastAPI, Header, Path, Query, Request
from pydantic import BeforeValidator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from app import problems
from app.problems import MEDIA_TYPE, BadInput, title
from app.schemas import Created, Done, Message, NewTodo, OneTodo, Problem, Todos, TodoUpdate
from app.service import Committed, TodoService
from app.todos import MAX_ID

MAX_PAGE = 1000
DEFAULT_PAGE = 100

Responses = dict[int | str, dict[str, Any]]

P = ParamSpec("P")
Result = TypeVar("Result")


_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _problems(*statuses: int) -> Responses:
    """By reference: FastAPI would make a validator for each of these, at each cold start."""
    return {status: {"description": title(status), "content": _PROBLEM} for status in statuses}


NOT_FOUND: Responses = {404: {"model": Done, "description": "Not Found"}}

router = APIRouter(responses=_problems(401, 500))


def build(
    service: TodoService,
    owner_of: Callable[[Request], str],
    run: Callable[..., Awaitable[object]] = run_in_threadpool,
) -> FastAPI:
    """The application. `owner_of` tells whose todos a request is about.

    `run` makes the service's calls, which block: unless told, on threads of their own.
    """
    app = FastAPI(
        routes=router.routes,
        title="Todos with webhooks",
        version="0.1.0",
        redirect_slashes=False,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.service = service
    app.state.owner_of = owner_of
    app.state.run = run
    problems.install(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with the webhooks, and the schema that is known by reference alone."""
    from app import catalogue  # noqa: PLC0415  # who asks for no document does not wait for it

    document = FastAPI.openapi(app)
    document["webhooks"] = catalogue.webhooks()
    problem = Problem.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    schemas = document["components"]["schemas"] | problem.pop("$defs") | {"Problem": problem}
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


async def inline(call: Callable[..., Result], *args: object, **kwargs: object) -> Result:
    """Where a process has one request at a time, as in Lambda, nobody waits for one that blocks."""
    return call(*args, **kwargs)


async def _call(
    request: Request,
    use_case: Callable[Concatenate[TodoService, str, P], Result],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Result:
    """A use case of the service, for the request's owner."""
    state = request.app.state
    owner = state.owner_of(request)
    result: Result = await state.run(use_case, state.service, owner, *args, **kwargs)
    return result


def _canonical(value: object) -> object:
    # pydantic would also take " 1", "+1", "1_0" and "1.0".
    if isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,15}", value) is None:
        raise PydanticCustomError("digits", "must be a whole number, in digits alone")
    return value


PathId = Annotated[int, Path(alias="id", ge=0, le=MAX_ID), BeforeValidator(_canonical)]
IfMatch = Annotated[
    list[str] | SkipJsonSchema[None],
    Header(description='Versions, as ETags: act only on one of these, or on "*".'),
]


IdempotencyKey = Annotated[
    str | SkipJsonSchema[None],
    Header(
        json_schema_extra={"pattern": "^[!-~]{1,255}$"},
        alias="Idempotency-Key",
        description="Of your choice, 1 to 255 ASCII characters: a request that comes again under it"
        " within 24 hours is not done again, and gets the first answer.",
    ),
]


@router.get("/", response_model=Message)
async def ping(request: Request) -> JSONResponse:
    """Say hello, and publish a `ping`."""
    await _call(request, TodoService.ping)
    return JSONResponse({"message": "Wilkomen!"})


@router.get("/todo", response_model=Todos, responses=_problems(400, 422, 503))
async def list_todos(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE), BeforeValidator(_canonical)] = DEFAULT_PAGE,
    cursor: Annotated[
        str | SkipJsonSchema[None], Query(description="`next` of the page before.")
    ] = None,
) -> JSONResponse:
    """The caller's todos by id. A page may be shorter than `limit`: `next` tells of more."""
    page = await _call(request, TodoService.page, limit=limit, after=_decode(cursor))
    body: dict[str, object] = {"data": [todo.public() for todo in page.todos]}
    if page.after is not None:
        body["next"] = _encode(page.after)
    return JSONResponse(body)


@router.get("/todo/{id}", response_model=OneTodo, responses=_problems(404, 422, 503))
async def get_todo(request: Request, todo_id: PathId) -> JSONResponse:
    todo = await _call(request, TodoService.get, todo_id)
    return JSONResponse({"data": todo.public()}, headers={"ETag": _etag(todo.version)})


@router.post(
    "/todo",
    status_code=201,
    response_model=Created,
    responses=_problems(400, 409, 413, 415, 422, 503),
)
async def create_todo(request: Request, draft: NewTodo, key: IdempotencyKey = None) -> JSONResponse:
    done = await _call(
        request,
        TodoService.create,
        draft.id,
        draft.item,
        completed=draft.completed,
        key=_key(key),
    )
    body: dict[str, object] = {"data": ["Todo added."]}
    if draft.id is None:
        body["id"] = done.todo_id
    location = f"{request.scope.get('root_path', '')}/todo/{done.todo_id}"
    headers = {"Location": location, "ETag": _etag(done.version), **_webhook(done)}
    return JSONResponse(body, 201, headers)


@router.put(
    "/todo/{id}",
    response_model=Done,
    responses=NOT_FOUND | _problems(400, 412, 413, 415, 422, 503),
)
async def update_todo(
    request: Request,
    todo_id: PathId,
    change: TodoUpdate,
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Replace what the body gives; keep the rest."""
    done = await _call(
        request,
        TodoService.update,
        todo_id,
        item=change.item,
        completed=change.completed,
        versions=_versions(if_match),
        key=_key(key),
    )
    headers = {"ETag": _etag(done.version), **_webhook(done)}
    return JSONResponse({"data": f"Todo with id {todo_id} has been updated."}, headers=headers)


@router.delete(
    "/todo/{id}", response_model=Done, responses=NOT_FOUND | _problems(400, 412, 422, 503)
)
async def delete_todo(
    request: Request,
    todo_id: PathId,
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> JSONResponse:
    versions = _versions(if_match)
    done = await _call(request, TodoService.delete, todo_id, versions=versions, key=_key(key))
    body = {"data": f"Todo with id {todo_id} has been removed."}
    return JSONResponse(body, headers=_webhook(done))


def _webhook(done: Committed) -> dict[str, str]:
    status = "accepted" if done.accepted else "pending"
    replayed = {"Idempotency-Replayed": "true"} if done.replayed else {}
    return {"Webhook-Id": done.event_id, "Webhook-Status": status, **replayed}


def _etag(version: int) -> str:
    return f'"{version}"'


_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_SPACE = "[ \t]*"
_ENTITY_TAGS = re.compile(f"{_SPACE}{_ENTITY_TAG}(?:{_SPACE},{_SPACE}{_ENTITY_TAG})*{_SPACE}")
_VERSION = re.compile(r'(?<!W/)"([1-9][0-9]{0,15})"')


def _versions(if_match: list[str] | None) -> frozenset[int] | None:
    """The versions that `If-Match` allows; None for any. A weak or foreign tag matches nothing."""
    if if_match is None:
        return None
    value = ",".join(if_match)
    if value.strip(" \t") == "*":
        return None
    if _ENTITY_TAGS.fullmatch(value) is None:
        raise BadInput("header", "If-Match", 'must be * or a list of ETags such as "3"')
    return frozenset(int(version) for version in _VERSION.findall(value))


def _key(value: str | None) -> str | None:
    if value is not None and re.fullmatch("[!-~]{1,255}", value) is None:
        raise BadInput("header", "Idempotency-Key", "must be 1 to 255 visible ASCII characters")
    return value


def _encode(after: int) -> str:
    return base64.urlsafe_b64encode(f"after:{after}".encode()).decode()


def _decode(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        after = int(base64.urlsafe_b64decode(cursor).removeprefix(b"after:"))
    except ValueError:
        after = -1
    if not 0 <= after <= MAX_ID or _encode(after) != cursor:
        raise BadInput("query", "cursor", "must be the `next` of an earlier page, unchanged")
    return after
