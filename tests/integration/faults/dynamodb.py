"""Moto's server in a separate process: its data outlives the process that wrote it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext

HOST = "127.0.0.1"
START_S = 60.0
"""Seconds to wait for the server to answer; it takes about one."""


@contextmanager
def in_a_process(processes: ForkServerContext) -> Iterator[str]:
    """Serve on a free port; gives the URL."""
    ours, theirs = processes.Pipe(duplex=False)
    server = processes.Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    theirs.close()
    try:
        assert ours.poll(START_S), "moto's server did not start"
        yield f"http://{HOST}:{ours.recv()}"
    finally:
        ours.close()
        server.kill()
        server.join()
        server.close()


def _serve(port: Connection) -> None:
    # Imported only here: moto patches botocore, and the killed processes must not have that.
    import pytest  # noqa: PLC0415
    from moto.moto_server.werkzeug_app import create_backend_app  # noqa: PLC0415
    from werkzeug.serving import make_server  # noqa: PLC0415

    from tests.integration import moto_tables  # noqa: PLC0415

    moto_tables.make_quick(pytest.MonkeyPatch())
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # One thread serves the connections in their order. Everything that a killed process had sent is
    # done before a later request is answered.
    server = make_server(HOST, 0, create_backend_app("dynamodb"), threaded=False)
    port.send(server.server_port)
    port.close()
    server.serve_forever()
