"""`python -m app`: the operator's command."""

import signal

# Until all of it is imported, Ctrl-C ends it without a traceback.
before = signal.signal(signal.SIGINT, signal.SIG_DFL)

from app.cli.main import cli

signal.signal(signal.SIGINT, before)
cli(prog_name="python -m app")
