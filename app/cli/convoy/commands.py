"""Every command of the group. The group imports this module when one of them is wanted."""

from app.cli.convoy import (
    delivering,
    endpoints,
    resending,
    setting_up,
    triggering,
    watching,
)

__all__ = [
    "delivering",
    "endpoints",
    "resending",
    "setting_up",
    "triggering",
    "watching",
]
