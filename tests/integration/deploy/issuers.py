"""Issuers of JWTs, over HTTPS on this machine."""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support import JsonObject

DISCOVERY = "/.well-known/openid-configuration"
RSA = {"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": "sXch", "e": "AQAB"}


class Issuers:
    """Each issuer is a path of one server. A path of `silent` is never answered."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.silent: set[str] = set()
        self.ended = threading.Event()

    def add(self, name: str, *keys: JsonObject, **described: Any) -> str:
        """An issuer with these keys. `described` are members of its discovery document."""
        issuer = f"{self.url}/{name}"
        document = {"issuer": issuer, "jwks_uri": f"{issuer}/keys"} | described
        self.answers[f"/{name.rstrip('/')}{DISCOVERY}"] = (200, json.dumps(document).encode())
        self.answers[f"/{name}/keys"] = (200, json.dumps({"keys": keys}).encode())
        return issuer


@contextmanager
def serve(folder: Path) -> Iterator[Issuers]:
    """The issuers. `folder` gets `authority.pem`, whose certificates a client has to trust."""
    authority, issuers = trustme.CA(), Issuers()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path in issuers.silent:
                issuers.ended.wait()
                return
            status, body = issuers.answers.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    issuers.url = f"https://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuers
    finally:
        issuers.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
