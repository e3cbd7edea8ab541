"""The framework's commands in one process for many calls: `osls_process.js`."""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support import JsonObject

COMMAND_S = 120.0
CERTIFICATES = "NODE_EXTRA_CA_CERTS"
STOP_S = 10.0
SCRIPT = Path(__file__).with_suffix(".js")


def run(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` of the framework, in a process that stays for the next call."""
    process = _process(env.get(CERTIFICATES))
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"cwd": str(cwd), "env": dict(env), "argv": argv}) + "\n")
    process.stdin.flush()
    if not select.select([process.stdout], [], [], COMMAND_S)[0]:
        process.kill()
    line = process.stdout.readline()
    if not line:
        _process.cache_clear()
        raise AssertionError(f"{SCRIPT.name} ended: {argv}")
    said: JsonObject = json.loads(line)
    return subprocess.CompletedProcess(argv, said["code"], said["stdout"], said["stderr"])


@cache
def _process(certificates: str | None) -> subprocess.Popen[str]:
    """One for each file of certificates: Node.js reads it from the environment when it starts."""
    env = {name: value for name, value in os.environ.items() if name != CERTIFICATES}
    process = subprocess.Popen(
        ["node", SCRIPT],
        env=env if certificates is None else env | {CERTIFICATES: certificates},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
