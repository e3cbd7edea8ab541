"""Convoy's project and a publisher, for the `convoy` commands. No cold start imports this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from app.convoy_admin.project import DEADLINE_S, MAX_ANSWER_BYTES, Project
from app.wiring.clients import api_key_of
from app.wiring.convoy import exchange_of, publisher_of

if TYPE_CHECKING:
    from app.convoy.publisher import ConvoyPublisher
    from app.settings import ConvoySettings


@dataclass(frozen=True, slots=True)
class ConvoyComponents:
    """Convoy's project, and a publisher for it."""

    project: Project
    publisher: ConvoyPublisher

    @classmethod
    def build(cls, settings: ConvoySettings) -> Self:
        """Raises SettingsError as `app.wiring.api.Components.build` does."""
        api_key = api_key_of(settings)
        convoy = exchange_of(settings, api_key, deadline_s=DEADLINE_S, max_bytes=MAX_ANSWER_BYTES)
        project = Project(
            convoy, base_url=settings.convoy_base_url, project_id=settings.convoy_project_id
        )
        return cls(project, publisher_of(settings, api_key))

    def close(self) -> None:
        self.publisher.close()
        self.project.close()
