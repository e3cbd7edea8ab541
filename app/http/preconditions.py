"""Conditional requests (RFC 9110, 13): If-Match comes first, then If-None-Match.

No answer has Last-Modified, so a condition on a date is ignored, as 13.2.2 has it.
"""

import re
from typing import Annotated

from fastapi import Header
from pydantic.json_schema import SkipJsonSchema
from starlette.exceptions import HTTPException

from app.domain.versions import ANY, Versions
from app.http.problems import BadInput

IfMatch = Annotated[
    list[str] | SkipJsonSchema[None],
    Header(description='Versions as ETags: act only if the version is one of these; "*" is any.'),
]
IfNoneMatch = Annotated[
    list[str] | SkipJsonSchema[None],
    Header(description='Versions as ETags: act only if the version is none of these, nor "*".'),
]


def etag(version: int) -> str:
    return f'"{version}"'


_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_SPACE = "[ \t]*"
_ENTITY_TAGS = re.compile(f"{_SPACE}{_ENTITY_TAG}(?:{_SPACE},{_SPACE}{_ENTITY_TAG})*{_SPACE}")
_STRONG = re.compile(r'(?<!W/)"([1-9][0-9]{0,15})"')
_WEAK = re.compile(r'"([1-9][0-9]{0,15})"')


def versions_of(if_match: list[str] | None, if_none_match: list[str] | None) -> Versions:
    """If-Match compares strongly: a weak tag is no version. If-None-Match compares weakly.

    A foreign tag is no version. Raises BadInput.
    """
    if if_match is None and if_none_match is None:
        return ANY
    only = None if if_match is None else _listed("If-Match", if_match, _STRONG)
    if if_none_match is None:
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


def check_list(if_match: list[str] | None, if_none_match: list[str] | None) -> None:
    """The list, which a creation is sent to, is always there, and has no version.

    Raises BadInput, and HTTPException (412).
    """
    versions = versions_of(if_match, if_none_match)
    if versions.only is not None:
        raise HTTPException(412, "If-Match: the list has no ETag. Leave the header out.")
    if versions.none_of is None:
        raise HTTPException(412, "If-None-Match: the list is there. Leave the header out.")
