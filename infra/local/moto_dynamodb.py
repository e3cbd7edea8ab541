"""moto's DynamoDB on a port of loopback: `python -m infra.local.moto_dynamodb PORT`."""

from __future__ import annotations

import sys
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import create_backend_app
from starlette.datastructures import Headers
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from infra.local.processes import HOST
from infra.loopback import STATUS, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class OneAtATime:
    """Serves this machine alone, one request after the other.

    A transaction of moto copies its tables, and puts the copies back if it fails. Beside another
    thread's writes the copy fails, or takes those writes back.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app, self._turn = app, Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        reason = refusal(request.method, request.path, Headers(dict(request.headers)))
        if reason is not None:
            return Response(f"{reason}\n", STATUS, mimetype="text/plain")(environ, start_response)
        # No request waits for the body of another.
        environ["wsgi.input"] = BytesIO(request.get_data(cache=False))
        with self._turn:
            answer = Response.from_app(self._app, environ, buffered=True)
        return answer(environ, start_response)


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True  # without it an answer on a kept connection can wait 40 ms


def build() -> WSGIApplication:
    return OneAtATime(create_backend_app("dynamodb"))


def main() -> None:
    port = int(sys.argv[1])
    make_server(HOST, port, build(), threaded=True, request_handler=_Handler).serve_forever()


if __name__ == "__main__":
    main()
