"""Reads a request's body as Convoy does, and answers in Convoy's words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from infra.fake_convoy.project import JsonObject


class Refusal(Exception):
    """An error answer, in Convoy's words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def refusal_answer(_: Request, refusal: Exception) -> Response:
    status = refusal.status if isinstance(refusal, Refusal) else 500
    return JSONResponse({"status": False, "message": str(refusal)}, status)


async def body_of(request: Request, *, invalid: str | None = None) -> JsonObject:
    raw = await request.body()
    if not raw:
        raise Refusal(400, invalid or "body must not be empty")
    try:
        body = json.loads(raw)
    except ValueError as error:
        at = getattr(error, "pos", 0)
        where = f" (at character {at + 1})" if at < len(raw.rstrip()) else ""
        message = f"body contains badly-formed JSON{where}"
        raise Refusal(400, invalid or message) from error
    if not isinstance(body, dict):
        raise Refusal(400, invalid or "body contains incorrect JSON type (at character 1)")
    return body


_GAP = re.compile(r"[\s,:]*")


def raw_field(text: str, name: str) -> str:
    """The text of a field's value in a JSON object, with its white space, escapes and digits."""
    decoder, raw = json.JSONDecoder(), ""
    at = text.index("{") + 1
    while True:
        at = _end(_GAP.match(text, at))
        if text[at] == "}":
            return raw
        field, at = decoder.raw_decode(text, at)
        start = _end(_GAP.match(text, at))
        _, at = decoder.raw_decode(text, start)
        if field == name:
            raw = text[start:at]


def _end(match: re.Match[str] | None) -> int:
    assert match is not None  # noqa: S101  # the pattern matches the empty string too
    return match.end()


def compact(raw: str) -> str:
    """JSON without the white space around its values, as Go's encoder writes raw JSON."""
    return re.sub(r'("(?:\\.|[^"\\])*")|\s+', r"\1", raw)


def require(body: JsonObject, **messages: str) -> None:
    """Refuse a missing or empty field. A null is empty too, except in `data`, which is any JSON."""
    empty = [name for name in messages if body.get(name, "") == ""]
    empty += [name for name in messages if name != "data" and body.get(name, "") is None]
    missing = [f"{name}:{message}" for name, message in messages.items() if name in empty]
    if missing:
        raise Refusal(400, ", ".join(missing))


def ok(message: str, data: object, status: int = 200) -> Response:
    return JSONResponse({"status": True, "message": message, "data": data}, status)


def created(message: str, data: object) -> Response:
    return ok(message, data, 201)
