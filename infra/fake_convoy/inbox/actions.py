"""What the inbox's buttons do: failures that end by themselves, lost jobs, a delivery again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.fake_convoy.answers import Refusal, body_of
from infra.fake_convoy.deliveries import ENDED
from infra.fake_convoy.delivery_routes import delivery_of
from infra.fake_convoy.project import project_of
from infra.fake_convoy.queues import QUEUES
from infra.fake_convoy.worker import worker_of

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_FAILURE_S = 600


async def fail_receiver(request: Request) -> Response:
    """Let the receiver fail for `seconds`; 0 lets it work again."""
    request.app.state.receiver.fail_for(await _seconds(request))
    project_of(request).feed.trouble()
    return Response(status_code=204)


async def fail_convoy(request: Request) -> Response:
    """Let Convoy be down for `seconds`; 0 lets it work again."""
    request.app.state.trouble.begin("down", await _seconds(request))
    return Response(status_code=204)


async def hold_queue(request: Request) -> Response:
    """Let Convoy's worker take no job for `seconds`; 0 lets it go on."""
    request.app.state.trouble.begin("held", await _seconds(request))
    return Response(status_code=204)


async def lose_queue(request: Request) -> Response:
    """Lose every job, and go on: as with a Redis that starts again without its data."""
    project, queues = project_of(request), worker_of(request).queues
    lost = sum(queues.lose(name) for name in QUEUES)
    request.app.state.trouble.begin("held", 0)
    for event in project.events.values():
        project.feed.event(event)
    return JSONResponse({"lost": lost})


async def resend(request: Request) -> Response:
    """Send a delivery that has ended, with or without success, once more."""
    delivery = delivery_of(request)
    if delivery["status"] not in ENDED:
        raise Refusal(409, "The delivery has not ended. Wait for its next attempt.")
    worker_of(request).send(delivery)
    return Response(status_code=204)


async def _seconds(request: Request) -> float:
    seconds = (await body_of(request)).get("seconds")
    if (
        not isinstance(seconds, int | float)
        or isinstance(seconds, bool)
        or not 0 <= seconds <= MAX_FAILURE_S
    ):
        raise Refusal(400, f"seconds must be a number from 0 to {MAX_FAILURE_S}")
    return float(seconds)


routes = [
    Route("/inbox/receiver", fail_receiver, methods=["PUT"]),
    Route("/inbox/convoy", fail_convoy, methods=["PUT"]),
    Route("/inbox/queue", hold_queue, methods=["PUT"]),
    Route("/inbox/queue/lose", lose_queue, methods=["PUT"]),
    Route("/inbox/deliveries/{uid}/resend", resend, methods=["PUT"]),
]
