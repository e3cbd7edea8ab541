"""Lambda's entry points."""

from app.runtime import cold_start  # isort: skip  # before the imports that it makes faster

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from mangum import Mangum

from app.http.gateway import without_address
from app.runtime.logs import request_id_context
from app.wiring.api import lambda_components

if TYPE_CHECKING:
    from app.outbox.relay import Relay


class Context(Protocol):
    """The part of Lambda's context that the relay uses."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


_app, _components = lambda_components()

# Mangum base64-encodes every other type.
_mangum = Mangum(
    _app,
    lifespan="off",
    text_mime_types=["text/", "application/json", "application/problem+json"],
)


def api(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Mangum's own type
    """Answer one request, in the form of a gateway's or a load balancer's event."""
    with request_id_context(context.aws_request_id):
        return _mangum(without_address(event), context)


def relay(_event: object, context: Context) -> dict[str, object]:
    """Run one pass over the outbox, for a schedule. It ends before the function's time is up."""

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    with request_id_context(context.aws_request_id):
        report = _relay().run(time_left)
        _components.metrics.record_pass(report)
        return report.as_dict()


@cache
def _relay() -> "Relay":
    from app.wiring.relay import RelayComponents  # noqa: PLC0415  # the API's start does not need it

    return RelayComponents.build(_components).relay


cold_start.finish()
