"""Ports of the servers that tests start as processes."""

from __future__ import annotations

import os

from infra.local.ports import unused_ports

_ports = unused_ports(20_000 + 1_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]))


def own_port() -> int:
    """A port that no other worker's test gets."""
    return next(_ports)
