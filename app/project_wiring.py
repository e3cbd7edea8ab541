"""Beside app/wiring.py, for the commands about Convoy: a cold start does without these parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from app.project import DEADLINE_S, MAX_ANSWER_BYTES, Project
from app.wiring import api_key_of, exchange_of, publisher_of

if TYPE_CHECKING:
    from app.config import ConvoySettings
    from app.convoy.publisher import ConvoyPublisher


@dataclass(frozen=True, slots=True)
class Convoy:
    """Convoy's project, and what publishes to it."""

    project: Project
    publisher: ConvoyPublisher

    @classmethod
    def build(cls, settings: ConvoySettings) -> Self:
        """Raises SettingsError as `app.wiring.Parts.build` does."""
        api_key = api_key_of(settings)
        convoy = exchange_of(settings, api_key, deadline_s=DEADLINE_S, max_bytes=MAX_ANSWER_BYTES)
        project = Project(
            convoy, base_url=settings.convoy_base_url, project_id=settings.convoy_project_id
        )
        return cls(project, publisher_of(settings, api_key))

    def close(self) -> None:
        self.publisher.close()
        self.project.close()
