"""The owner of an endpoint or a delivery. Convoy's API, called with the project's key, shows all.

So each use case begins here, with each id that a customer gives. An id that is unknown, malformed,
or another owner's is NotFound.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.convoy_admin.calls import ConvoyNotFound
from app.customers.errors import NotFound

if TYPE_CHECKING:
    from app.convoy_admin.calls import JsonObject
    from app.convoy_admin.project import Project

ID_FORM = "[0-9A-HJKMNP-TV-Z]{26}"
"""Convoy's ids are ULIDs. Another text is not sent to Convoy."""


def own_endpoints(project: Project, owner: str) -> list[JsonObject]:
    """The owner's endpoints, oldest first, with their secrets. Raises ConvoyError."""
    found = [each for each in project.endpoints(owner) if each.get("owner_id") == owner]
    return sorted(found, key=lambda each: str(each["uid"]))


def own_endpoint(project: Project, owner: str, endpoint_id: str) -> JsonObject:
    """With its secrets. Raises NotFound, ConvoyError."""
    if is_id(endpoint_id):
        try:
            found = project.endpoint(endpoint_id)
        except ConvoyNotFound:
            raise NotFound("endpoint") from None
        if owner and found.get("owner_id") == owner:
            return found
    raise NotFound("endpoint")


def own_delivery(project: Project, owner: str, delivery_id: str) -> tuple[JsonObject, JsonObject]:
    """The delivery and its endpoint. Raises NotFound, ConvoyError.

    The deliveries of a deleted endpoint are NotFound.
    """
    if not is_id(delivery_id):
        raise NotFound("delivery")
    try:
        found = project.delivery(delivery_id)
        return found, own_endpoint(project, owner, found["endpoint_id"])
    except (ConvoyNotFound, NotFound):
        raise NotFound("delivery") from None


def is_id(text: str) -> bool:
    return re.fullmatch(ID_FORM, text) is not None
