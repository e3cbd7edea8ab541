"""The routes of a type of resource: each turns a request into a call of its service."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.domain.events import title
from app.domain.service import Service
from app.http import cursors
from app.http.parameters import (
    DEFAULT_PAGE,
    KEY_AND_CONDITIONS,
    NOT_FOUND,
    Cursor,
    Limit,
    OwnerOf,
    PathId,
    Responses,
    Run,
    key_of,
    location,
    problems,
    webhook,
)
from app.http.preconditions import CONDITIONS, check_list, etag, versions_of
from app.http.problems import DATA_ONLY, Answer
from app.http.resource_schemas import Schemas, schemas_of
from app.http.schemas import Created, Done

NOT_MODIFIED: Responses = {304: {"description": "Not Modified"}}


def resource_router(service: Service[Any], owner_of: OwnerOf, run: Run) -> APIRouter:
    """The five routes of the service's type of resource. Starlette tries them in this order."""
    router = APIRouter(prefix=f"/{service.type.name}", responses=problems(401, 413, 500, 503))
    schemas = schemas_of(service.type)
    _add_create(router, schemas, service, owner_of, run)
    _add_list(router, schemas, service, owner_of, run)
    _add_read(router, schemas, service, owner_of, run)
    _add_update(router, schemas, service, owner_of, run)
    _add_delete(router, service, owner_of, run)
    return router


def _add_list(
    router: APIRouter, schemas: Schemas, service: Service[Any], owner_of: OwnerOf, run: Run
) -> None:
    name, public = service.type.name, service.type.public

    @router.get(
        "",
        name=f"list_{name}s",
        response_model=schemas.page,
        responses=problems(400, 422),
        description=f"The caller's {name}s, ordered by id. A page may be shorter than `limit`: if"
        " it has `next`, there are more.",
    )
    async def read_page(
        request: Request, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
    ) -> Answer:
        page = await run(service.page, owner_of(request), limit=limit, after=cursors.decode(cursor))
        body: dict[str, object] = {"data": [public(each) for each in page.found]}
        if page.after is not None:
            body["next"] = cursors.encode(page.after)
        return Answer(body)


def _add_read(
    router: APIRouter, schemas: Schemas, service: Service[Any], owner_of: OwnerOf, run: Run
) -> None:
    name, public = service.type.name, service.type.public

    @router.get(
        "/{id}",
        name=f"get_{name}",
        response_model=schemas.one,
        responses=NOT_MODIFIED | problems(400, 404, 412, 422),
        openapi_extra=CONDITIONS,
    )
    async def read_one(request: Request, resource_id: PathId) -> Response:
        versions = versions_of(request)
        found = await run(service.get, owner_of(request), resource_id, versions=versions)
        headers = {"ETag": etag(found.version)}
        if versions.excludes(found.version):
            return Response(status_code=304, headers=DATA_ONLY | headers)
        return Answer({"data": public(found)}, headers=headers)


def _add_create(
    router: APIRouter, schemas: Schemas, service: Service[Any], owner_of: OwnerOf, run: Run
) -> None:
    name, new = service.type.name, schemas.new

    @router.post(
        "",
        name=f"create_{name}",
        status_code=201,
        response_model=Created,
        responses=problems(400, 409, 412, 415, 422),
        openapi_extra=KEY_AND_CONDITIONS,
    )
    async def create(
        request: Request,
        body: new,  # type: ignore[valid-type]
    ) -> Answer:
        check_list(request)
        draft: Any = body
        fields = draft.model_dump(exclude={"id"}, exclude_unset=True)
        done = await run(service.create, owner_of(request), draft.id, fields, key=key_of(request))
        answer: dict[str, object] = {"data": [f"{title(name)} added."]}
        if draft.id is None:
            answer["id"] = done.id
        place = location(request, f"/{name}/{done.id}")
        headers = {"Location": place, "ETag": etag(done.version), **webhook(done)}
        return Answer(answer, 201, headers)


def _add_update(
    router: APIRouter, schemas: Schemas, service: Service[Any], owner_of: OwnerOf, run: Run
) -> None:
    name, update = service.type.name, schemas.update

    @router.put(
        "/{id}",
        name=f"update_{name}",
        response_model=Done,
        responses=NOT_FOUND | problems(400, 412, 415, 422) | _refusals(service),
        openapi_extra=KEY_AND_CONDITIONS,
        description="Replace the fields that the body has; keep the others.",
    )
    async def replace(
        request: Request,
        resource_id: PathId,
        body: update,  # type: ignore[valid-type]
    ) -> Answer:
        change: Any = body
        done = await run(
            service.update,
            owner_of(request),
            resource_id,
            change.model_dump(exclude_unset=True),
            versions=versions_of(request),
            key=key_of(request),
        )
        headers = {"ETag": etag(done.version), **webhook(done)}
        message = f"{title(name)} with id {resource_id} has been updated."
        return Answer({"data": message}, headers=headers)


def _add_delete(router: APIRouter, service: Service[Any], owner_of: OwnerOf, run: Run) -> None:
    name = service.type.name

    @router.delete(
        "/{id}",
        name=f"delete_{name}",
        response_model=Done,
        responses=NOT_FOUND | problems(400, 412, 422) | _refusals(service),
        openapi_extra=KEY_AND_CONDITIONS,
    )
    async def delete(request: Request, resource_id: PathId) -> Answer:
        versions, key = versions_of(request), key_of(request)
        done = await run(service.delete, owner_of(request), resource_id, versions=versions, key=key)
        message = f"{title(name)} with id {resource_id} has been removed."
        return Answer({"data": message}, headers=webhook(done))


def _refusals(service: Service[Any]) -> Responses:
    """The answer of the resource's rule, if it has one."""
    return problems(409) if service.type.check else {}
