"""The todo: its fields with their bounds, and its events, which have the tutorial's names."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from app.domain.events import ResourceEvents
from app.domain.resource import resource_type

MAX_ITEM_LENGTH = 10_000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Todo:
    owner: str
    id: int
    item: Annotated[
        str, Field(min_length=1, max_length=MAX_ITEM_LENGTH, examples=["Write the tests"])
    ]
    completed: bool = False
    version: int = 1


TODO = resource_type("todo", Todo, events=ResourceEvents.of("todo", prefix=""))
