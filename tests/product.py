"""The first resource of `app/register.py`: a test of a process that it starts sends this one."""

from __future__ import annotations

from app.http.examples import examples_of
from tests.register import OWN

RESOURCE = OWN[0]
PATH = f"/{RESOURCE.name}"
NEW = examples_of(RESOURCE)
"""The body of a creation, without an id."""

CHANGED = dict([next(iter(NEW.items()))])
"""The body of an update."""
