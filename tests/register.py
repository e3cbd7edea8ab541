"""The tests' register: the todo, and the resources of `app/register.py`.

The app's modules take RESOURCES at their import: import this module before them.
"""

from app import register
from tests.todo import TODO

OWN = register.RESOURCES
"""Only those of `app/register.py`: a process that a test starts has these."""

RESOURCES = register.RESOURCES = (TODO, *(each for each in OWN if each is not TODO))
