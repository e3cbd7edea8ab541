"""Where this API's paths begin: behind a stage, a custom domain, a nested resource or a proxy."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Set

    from app.http.callers import Event


class Paths:
    """`roots`: the first parts of this API's own paths. `base_path`: the setting BASE_PATH."""

    def __init__(self, roots: Set[str], base_path: str = "") -> None:
        self._roots = frozenset(roots)
        self._base_path = base_path

    def split(self, event: Event) -> tuple[str, str]:
        """The prefix of an event's path, and this API's path. Both are decoded.

        The gateway's route tells where this API's path begins, if the route ends in `{proxy+}` or
        names one of the roots. Otherwise the path may begin with the stage. What is left may begin
        with `base_path`.
        """
        whole = _decoded_path(event)
        own = _own_parts(event, self._roots)
        if own is not None:
            prefix = whole.rstrip("/").rsplit("/", own)[0]
            if "//" in f"{prefix}/":
                prefix = ""  # a Location that begins with // would name a host
        else:
            stage = event["requestContext"].get("stage", "$default")
            prefix = "" if stage == "$default" else _leading(f"/{stage}", whole)
        path = whole[len(prefix) :]
        if not prefix.endswith(self._base_path):
            base = _leading(self._base_path, path)
            prefix, path = prefix + base, path[len(base) :]
        return prefix, path or "/"


def _decoded_path(event: Event) -> str:
    """The path that the client sent, decoded once.

    An HTTP API has decoded it already. A REST API, a function URL and a load balancer have not.
    """
    context = event["requestContext"]
    match event.get("version"):
        case "2.0":
            path: str = event["rawPath"]
            return unquote(path) if ".lambda-url." in context.get("domainName", "") else path
        case "1.0":
            return str(event["path"])
        case _:
            # A REST API's `path` has no stage.
            return unquote(context.get("path") or event["path"])


def _own_parts(event: Event, roots: frozenset[str]) -> int | None:
    """How many of the path's last parts are this API's. None: the route does not tell."""
    parts, greedy = _route(event.get("routeKey") or event.get("resource") or "", roots)
    if greedy is None:
        return parts
    matched = (event.get("pathParameters") or {}).get(greedy)
    return (parts or 0) + unquote(matched).strip("/").count("/") + 1 if matched else None


@lru_cache(maxsize=128)
def _route(key: str, roots: frozenset[str]) -> tuple[int | None, str | None]:
    """The number of a route's parts from the first root on, and the name in `{name+}` at its end.

    `GET /order/{id}`, `/{proxy+}`, `$default`: a key of an HTTP API, or a REST API's resource.
    """
    parts = key.rpartition(" ")[2].split("/")[1:]
    if parts == [""]:
        return 0, None
    greedy = parts.pop()[1:-2] if parts and parts[-1].endswith("+}") else None
    first = next((at for at, part in enumerate(parts) if part in roots), None)
    return None if first is None else len(parts) - first, greedy


def _leading(prefix: str, path: str) -> str:
    """The prefix, if it is the path's first parts. Otherwise nothing."""
    return prefix if path == prefix or path.startswith(f"{prefix}/") else ""
