"""The tests' register: the todo, and the resources of `app/register.py`.

The app's modules take RESOURCES at their import: import this module before them.
"""

import sys

from app import register
from tests.todo import TODO

OWN = register.RESOURCES
"""Only those of `app/register.py`: a process that a test starts has these."""

_early = [
    name
    for name, module in sys.modules.items()
    if module is not register and vars(module).get("RESOURCES") is OWN
]
if _early:
    raise ImportError(f"import tests.register before {', '.join(_early)}")

RESOURCES = register.RESOURCES = (TODO, *(each for each in OWN if each is not TODO))
