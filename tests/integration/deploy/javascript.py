"""The plugin's JavaScript, called without the framework: one process for many cases."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from tests.integration.deploy import osls
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support import JsonObject

CALL_S = 60.0

_CALL_EACH = """
const call = async (each) => {
  try {
    return { value: await FUNCTION(each) };
  } catch (error) {
    return { error: error.message, kind: error.constructor.name };
  }
};
const answer = async () => {
  const cases = JSON.parse(require('node:fs').readFileSync(0));
  process.stdout.write(JSON.stringify(await Promise.all(cases.map(call))));
};
answer();
"""


def call_each(function: str, cases: Sequence[object], *, project: Path = ROOT) -> list[JsonObject]:
    """Each case's `{"value": …}`, or `{"error": message, "kind": class}` if the function throws.

    Paths in `function`, as in `require('./infra/…')`, are the project's. Skips the test without
    Node.js.
    """
    osls.install_or_skip()
    done = subprocess.run(
        ["node", "-e", _CALL_EACH.replace("FUNCTION", f"({function})")],
        cwd=project,
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        timeout=CALL_S,
    )
    assert done.returncode == 0, done.stderr
    outcomes: list[JsonObject] = json.loads(done.stdout)
    return outcomes
