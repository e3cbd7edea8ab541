"""Whether this checkout has the todo, whose requests some commands send."""

from __future__ import annotations

import sys

from app.register import RESOURCES


def require(command: str) -> None:
    """Ends the process with a message if `app/register.py` does not have the todo."""
    if "todo" not in {resource.name for resource in RESOURCES}:
        sys.exit(
            f"error: {command} sends todos, and app/register.py does not have them. Run it in a"
            " checkout of the project that this one was copied from."
        )
