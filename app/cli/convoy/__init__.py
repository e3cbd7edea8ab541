"""The operator's commands about Convoy: set its project up, see what it delivers, send it again."""

from app.cli.convoy import delivering, setting_up, watching
from app.cli.convoy.group import convoy

__all__ = ["convoy", "delivering", "setting_up", "watching"]
