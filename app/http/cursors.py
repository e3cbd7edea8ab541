"""The cursor of a page: the id after which the page begins, in base64."""

import base64

from app.domain.resource import MAX_ID
from app.http.problems import BadInput


def encode(after: int) -> str:
    return base64.urlsafe_b64encode(f"after:{after}".encode()).decode()


def decode(cursor: str | None) -> int | None:
    """The id; None without a cursor. Raises BadInput."""
    if cursor is None:
        return None
    try:
        after = int(base64.urlsafe_b64decode(cursor).removeprefix(b"after:"))
    except ValueError:
        after = -1
    if not 0 <= after <= MAX_ID or encode(after) != cursor:
        raise BadInput("query", "cursor", "must be the `next` of an earlier page, unchanged")
    return after
