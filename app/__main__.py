"""`python -m app`: the operator's command."""

from app.commands import cli

cli(prog_name="python -m app")
