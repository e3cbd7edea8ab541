"""The operator's command: `hookctl`, or `python -m app`."""

from __future__ import annotations

import signal


def main() -> None:
    # While the modules are imported, Ctrl-C ends the process without a traceback.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from app.cli.called import called_as  # noqa: PLC0415
    from app.cli.completing import prepare  # noqa: PLC0415
    from app.cli.main import cli  # noqa: PLC0415

    signal.signal(signal.SIGINT, before)
    prepare()
    cli(prog_name=called_as())


if __name__ == "__main__":
    main()
