"""`python -m app`: the operator's command."""

import signal

# While the modules are imported, Ctrl-C ends the process without a traceback.
before = signal.signal(signal.SIGINT, signal.SIG_DFL)

from app.cli.main import cli

signal.signal(signal.SIGINT, before)
cli(prog_name="python -m app")
