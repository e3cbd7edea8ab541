"""Runs the stand-in for Convoy on a port of loopback."""

from __future__ import annotations

import argparse
from pathlib import Path

from infra.fake_convoy import application, server


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.fake_convoy", description=__doc__)
    parser.add_argument("--journal", type=Path, help="a file that keeps the project after a kill")
    parser.add_argument(
        "--keep-queues",
        action="store_true",
        help="keep the queues in the journal too, as a Redis that syncs each write",
    )
    parser.add_argument("--port", type=int, default=8002)
    options = parser.parse_args()
    app = application.build(options.journal, keep_queues=options.keep_queues)
    server.serve(app, options.port)


if __name__ == "__main__":
    main()
