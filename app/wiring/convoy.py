"""The clients of Convoy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from app.convoy.exchange import Exchange
from app.convoy.proxies import Proxy, ProxyUnusable
from app.convoy.publisher import MAX_ANSWER_BYTES, ConvoyPublisher
from app.settings import SettingsError
from app.wiring.clients import tracer
from app.wiring.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.convoy.api_key import ApiKey
    from app.settings import ConvoySettings


def publisher_of(settings: ConvoySettings, api_key: ApiKey) -> ConvoyPublisher:
    """Raises SettingsError as `exchange_of` does."""
    deadline_s = settings.convoy_deadline_s
    convoy = exchange_of(settings, api_key, deadline_s=deadline_s, max_bytes=MAX_ANSWER_BYTES)
    return ConvoyPublisher(convoy, now)


def exchange_of(
    settings: ConvoySettings,
    api_key: ApiKey,
    *,
    deadline_s: float,
    max_bytes: int,
    left_s: Callable[[], float] = lambda: math.inf,
) -> Exchange:
    """Raises SettingsError if the environment names an unusable proxy for Convoy."""
    try:
        proxy = Proxy.of_environment(settings.convoy_base_url)
    except ProxyUnusable as error:
        raise SettingsError(str(error)) from error
    return Exchange(
        base_url=settings.convoy_base_url,
        project_id=settings.convoy_project_id,
        api_key=api_key,
        proxy=proxy,
        deadline_s=deadline_s,
        max_bytes=max_bytes,
        left_s=left_s,
        observe=tracer().around if settings.tracing == "Active" else lambda exchange: exchange,
    )
