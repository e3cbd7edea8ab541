"""The resources of this API. Each line here adds its routes, events, webhooks and documents."""

from typing import Any

from app.domain.resource import ResourceType
from app.resources.todo import TODO

RESOURCES: tuple[ResourceType[Any], ...] = (TODO,)
