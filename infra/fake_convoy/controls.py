"""Controls for tests and load generators. Convoy itself has none of them.

    PUT    /_control/worker  {"running": false, "queues": ["matching"], "lag_s": 0.5}
    PUT    /_control/lose    {"queue": "intake", "count": 3}, or {"fraction": 0.5}
    GET    /_control/queues
    PUT    /_control/faults  {"status": 503, "times": 2}, or a list of faults; DELETE removes all
    PUT    /_control/reset

Without `queues` or `queue`, a control is for every `infra.fake_convoy.queues.Queue`. A stopped
stage finishes its present job, and takes no other. A lost job leaves its event or delivery as it
is. `lag_s`: seconds that each job waits in each queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.fake_convoy.answers import Refusal
from infra.fake_convoy.faults import InjectedFault
from infra.fake_convoy.project import project_of
from infra.fake_convoy.queues import QUEUES
from infra.fake_convoy.worker import worker_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from infra.fake_convoy.queues import Queue


async def worker(request: Request) -> Response:
    about, queues = await request.json(), worker_of(request).queues
    if "lag_s" in about:
        queues.lag_s = about["lag_s"]
    if "running" in about:
        change = queues.start if about["running"] else queues.stop
        change(*_existing(about.get("queues") or QUEUES))
    return Response(status_code=204)


async def lose(request: Request) -> Response:
    about, queues = await request.json(), worker_of(request).queues
    how = {"count": about.get("count"), "fraction": about.get("fraction")}
    wanted = [about["queue"]] if about.get("queue") else QUEUES
    return JSONResponse({"lost": sum(queues.lose(name, **how) for name in _existing(wanted))})


async def waiting(request: Request) -> Response:
    return JSONResponse(worker_of(request).queues.waiting())


async def faults(request: Request) -> Response:
    wanted = await request.json() if request.method == "PUT" else []
    each = wanted if isinstance(wanted, list) else [wanted]
    request.app.state.faults.set(*(InjectedFault(**about) for about in each))
    return Response(status_code=204)


async def reset(request: Request) -> Response:
    worker_of(request).queues.clear()
    request.app.state.receiver.fail_for(0)
    request.app.state.trouble.end()
    request.app.state.faults.set()
    project_of(request).clear()
    return Response(status_code=204)


def _existing(names: list[Queue] | tuple[Queue, ...]) -> list[Queue]:
    """The names. Raises Refusal if one is no queue."""
    unknown = set(names) - set(QUEUES)
    if unknown:
        raise Refusal(400, f"no such queue: {', '.join(sorted(unknown))}. Use {', '.join(QUEUES)}")
    return list(names)


routes = [
    Route("/_control/worker", worker, methods=["PUT"]),
    Route("/_control/lose", lose, methods=["PUT"]),
    Route("/_control/queues", waiting),
    Route("/_control/faults", faults, methods=["PUT", "DELETE"]),
    Route("/_control/reset", reset, methods=["PUT"]),
]
