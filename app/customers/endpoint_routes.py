"""The routes of a customer's endpoints: each turns a request into a call of a use case."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from app.customers import schemas
from app.customers.deliveries import Deliveries
from app.customers.endpoints import Endpoints
from app.customers.ownership import ID_FORM
from app.http.parameters import location, problems
from app.http.problems import DATA_ONLY, Answer

Act = Callable[..., Awaitable[Any]]
"""Calls a use case, which blocks, with the owner of a request and further arguments."""

PATH = "/webhooks/endpoints"

FORM: dict[str, Any] = {"pattern": f"^{ID_FORM}$"}
"""Of an id, for the document. An id of another form is answered like one that is unknown."""

PathId = Annotated[str, Path(alias="id", json_schema_extra=FORM)]


def endpoint_router(
    endpoints: Endpoints, deliveries: Deliveries, event_types: Sequence[str], act: Act
) -> APIRouter:
    """`event_types` are those that a customer may choose."""
    router = APIRouter(prefix=PATH, responses=problems(401, 413, 500, 503))
    bodies = schemas.bodies(event_types)
    _add_reads(router, endpoints, act)
    _add_create(router, endpoints, bodies.new, act)
    _add_update(router, endpoints, bodies.update, act)
    _add_secrets(router, endpoints, act)
    _add_sending(router, endpoints, deliveries, act)
    return router


def _add_reads(router: APIRouter, endpoints: Endpoints, act: Act) -> None:
    @router.get("", name="list_endpoints", response_model=schemas.Endpoints)
    async def read_all(request: Request) -> Answer:
        """The caller's endpoints, oldest first."""
        return Answer({"data": await act(endpoints.all, request)})

    @router.get(
        "/{id}",
        name="get_endpoint",
        response_model=schemas.OneEndpoint,
        responses=problems(404),
    )
    async def read_one(request: Request, endpoint_id: PathId) -> Answer:
        return Answer({"data": await act(endpoints.one, request, endpoint_id)})


def _add_create(router: APIRouter, endpoints: Endpoints, new: Any, act: Act) -> None:  # noqa: ANN401
    @router.post(
        "",
        name="create_endpoint",
        status_code=201,
        response_model=schemas.MadeEndpoint,
        responses=problems(400, 409, 415, 422),
        description="Without `event_types` the endpoint gets every present event type, except"
        " `ping` and those of reads. If an earlier request for this URL stopped halfway, this one"
        " finishes it.",
    )
    async def create(request: Request, body: new) -> Answer:
        made, secret = await act(endpoints.create, request, body.model_dump(exclude_unset=True))
        headers = {"Location": location(request, f"{PATH}/{made['id']}")}
        return Answer({"data": made, "secret": secret}, 201, headers)


def _add_update(router: APIRouter, endpoints: Endpoints, update: Any, act: Act) -> None:  # noqa: ANN401
    @router.put(
        "/{id}",
        name="update_endpoint",
        response_model=schemas.OneEndpoint,
        responses=problems(400, 404, 409, 415, 422),
        description="Replace the fields that the body has; keep the others.",
    )
    async def replace(request: Request, endpoint_id: PathId, body: update) -> Answer:
        changes = body.model_dump(exclude_unset=True)
        return Answer({"data": await act(endpoints.update, request, endpoint_id, changes)})

    @router.delete(
        "/{id}",
        name="delete_endpoint",
        status_code=204,
        response_class=Response,
        responses=problems(404),
    )
    async def delete(request: Request, endpoint_id: PathId) -> Response:
        await act(endpoints.delete, request, endpoint_id)
        return Response(status_code=204, headers=DATA_ONLY)


def _add_secrets(router: APIRouter, endpoints: Endpoints, act: Act) -> None:
    @router.get(
        "/{id}/secret",
        name="get_endpoint_secret",
        response_model=schemas.OneSecret,
        responses=problems(404),
    )
    async def secret(request: Request, endpoint_id: PathId) -> Answer:
        """The newest secret."""
        return Answer({"data": {"secret": await act(endpoints.secret, request, endpoint_id)}})

    @router.post(
        "/{id}/rotate",
        name="rotate_endpoint_secret",
        response_model=schemas.OneSecret,
        responses=problems(400, 404, 409, 415, 422),
    )
    async def rotate(request: Request, endpoint_id: PathId, body: schemas.Rotation) -> Answer:
        """Make a new secret."""
        made = await act(endpoints.rotate, request, endpoint_id, body.overlap_h)
        return Answer({"data": {"secret": made}})


def _add_sending(router: APIRouter, endpoints: Endpoints, deliveries: Deliveries, act: Act) -> None:
    @router.post(
        "/{id}/test",
        name="test_endpoint",
        status_code=202,
        response_model=schemas.OneTest,
        responses=problems(404, 409),
        description="Send a `ping` to this endpoint alone. Its delivery has the event type `test`.",
    )
    async def test(request: Request, endpoint_id: PathId) -> Answer:
        return Answer({"data": {"event": await act(endpoints.test, request, endpoint_id)}}, 202)

    @router.post(
        "/{id}/recover",
        name="recover_endpoint",
        response_model=schemas.OneRecovery,
        responses=problems(400, 404, 409, 415, 422),
        description="Send again what failed for good or was discarded, from a time on.",
    )
    async def recover(request: Request, endpoint_id: PathId, body: schemas.Recovery) -> Answer:
        resent, more = await act(deliveries.recover, request, endpoint_id, body.since)
        return Answer({"data": {"resent": resent, "more": more}})
