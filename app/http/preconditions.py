"""Conditional requests (RFC 9110, 13): If-Match comes first, then If-None-Match.

No answer has Last-Modified, so a condition on a date is ignored, as 13.2.2 has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from app.domain.versions import ANY, Versions
from app.http.problems import BadInput

if TYPE_CHECKING:
    from starlette.requests import Request


def _parameter(name: str, description: str) -> dict[str, Any]:
    tags = {"type": "array", "items": {"type": "string"}}
    return {
        "name": name,
        "in": "header",
        "required": False,
        "schema": tags,
        "description": f"Versions as ETags: {description}",
    }


CONDITIONS = {
    "parameters": [
        _parameter("if-match", 'act only if the version is one of these; "*" is any.'),
        _parameter(
            "if-none-match",
            'act only if the version is none of these; "*" is any. A read of one of them is a 304.',
        ),
    ]
}
"""For the document. FastAPI's own parameters would cost each request 30 microseconds."""


def etag(version: int) -> str:
    return f'"{version}"'


_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_SPACE = "[ \t]*"
_ENTITY_TAGS = re.compile(f"{_SPACE}{_ENTITY_TAG}(?:{_SPACE},{_SPACE}{_ENTITY_TAG})*{_SPACE}")
_STRONG = re.compile(r'(?<!W/)"([1-9][0-9]{0,15})"')
_WEAK = re.compile(r'"([1-9][0-9]{0,15})"')


def versions_of(request: Request) -> Versions:
    """The versions that the request's headers allow. Raises BadInput.

    If-Match compares strongly: a weak tag names no version. If-None-Match compares weakly.
    """
    if_match = request.headers.getlist("if-match")
    if_none_match = request.headers.getlist("if-none-match")
    if not if_match and not if_none_match:
        return ANY
    only = _listed("If-Match", if_match, _STRONG) if if_match else None
    if not if_none_match:
        return Versions(only)
    return Versions(only, _listed("If-None-Match", if_none_match, _WEAK))


def _listed(name: str, values: list[str], tag: re.Pattern[str]) -> frozenset[int] | None:
    """The versions that the header lists; None for `*`."""
    value = ",".join(values)
    if value.strip(" \t") == "*":
        return None
    if _ENTITY_TAGS.fullmatch(value) is None:
        raise BadInput("header", name, 'must be * or a list of ETags such as "3"')
    return frozenset(int(version) for version in tag.findall(value))


def check_list(request: Request) -> None:
    """The list, which a creation is sent to, is always there, and has no version.

    Raises BadInput, and HTTPException (412).
    """
    versions = versions_of(request)
    if versions.only is not None:
        raise HTTPException(412, "If-Match: the list has no ETag. Leave the header out.")
    if versions.none_of is None:
        raise HTTPException(412, "If-None-Match: the list is there. Leave the header out.")
