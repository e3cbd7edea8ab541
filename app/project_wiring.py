"""Beside app/wiring.py, for the commands about Convoy: a cold start does without these parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from app.convoy.exchange import Exchange
from app.convoy.publisher import ConvoyPublisher
from app.project import DEADLINE_S, MAX_ANSWER_BYTES, Project
from app.wiring import api_key_of, now, proxy_of

if TYPE_CHECKING:
    from app.config import ConvoySettings


@dataclass(frozen=True, slots=True)
class Convoy:
    """Convoy's project, and what publishes to it."""

    project: Project
    publisher: ConvoyPublisher

    @classmethod
    def build(cls, settings: ConvoySettings) -> Self:
        """Raises SettingsError as `app.wiring.Parts.build` does."""
        base_url, project_id = settings.convoy_base_url, settings.convoy_project_id
        proxy = proxy_of(settings)
        api_key = api_key_of(settings)
        exchange = Exchange(
            base_url=base_url,
            project_id=project_id,
            api_key=api_key,
            proxy=proxy,
            deadline_s=DEADLINE_S,
            max_bytes=MAX_ANSWER_BYTES,
        )
        publisher = ConvoyPublisher(
            base_url=base_url,
            project_id=project_id,
            api_key=api_key,
            proxy=proxy,
            deadline_s=settings.convoy_deadline_s,
            clock=now,
        )
        return cls(Project(exchange, base_url=base_url, project_id=project_id), publisher)

    def close(self) -> None:
        self.publisher.close()
        self.project.close()
