"""The pages of Convoy's lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    JsonObject = dict[str, Any]


class NotAList(Exception):
    """Convoy's answer is not in the form of its lists, or its list does not end."""


def pages(ask: Callable[..., Any]) -> Iterator[list[JsonObject]]:
    """`ask` gives the `data` of a page, for the cursor that it gets. Raises NotAList."""
    cursor: JsonObject = {}
    seen: set[str] = set()
    while True:
        content, following = _read(ask(**cursor))
        yield content
        if following is None:
            return
        if following in seen:
            raise NotAList("Convoy's list does not end: a page's cursor came twice")
        seen.add(following)
        cursor = {"next_page_cursor": following}


def _read(page: Any) -> tuple[list[JsonObject], str | None]:  # noqa: ANN401  # any JSON
    """The entries, and the cursor of the next page."""
    try:
        content, pagination = page["content"] or [], page["pagination"]
        following = pagination["next_page_cursor"] if pagination["has_next_page"] else None
    except (KeyError, TypeError) as error:
        raise NotAList(f"not in the form of Convoy's lists: {error!r}") from error
    if not isinstance(content, list) or not isinstance(following, str | None):
        raise NotAList("not in the form of Convoy's lists")
    return content, following
