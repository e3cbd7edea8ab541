"""`make audit`: whether a pinned package has a known vulnerability. Needs network.

On AWS boto3 and what it needs are those of Lambda's image, whatever is pinned: it can't see those.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra import tool_env
from infra.run import CommandError, ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OPTIONS = ("--format=json", "--progress-spinner=off", "--disable-pip", "--require-hashes")

VULNERABLE = 1
NOT_AUDITED = 3
"""Whoever can't ask has found nothing, and knows nothing."""

TIMEOUT_S = 300.0


def main() -> int:
    try:
        pip_audit = tool_env.commands("audit") / "pip-audit"
        with tempfile.TemporaryDirectory() as folder:
            lock = Path(folder, "requirements.txt")
            tool_env.export(lock)
            packages = _audited([str(pip_audit), *OPTIONS, "-r", str(lock)])
    except CommandError as error:
        print(f"error: not audited: {error}", file=sys.stderr)
        return NOT_AUDITED
    lines, code = verdict(packages)
    print("\n".join(lines))
    return code


def verdict(packages: Iterable[dict[str, Any]]) -> tuple[list[str], int]:
    """What pip-audit's report comes to: its lines, and the exit code."""
    known = {package["name"]: package for package in packages}
    vulnerable = [
        f"{name} {package['version']}: {found['id']}, mended in {_versions(found)}"
        for name, package in sorted(known.items())
        for found in package.get("vulns", ())
    ]
    skipped = {
        name: package["skip_reason"] for name, package in known.items() if "skip_reason" in package
    }
    lines = [
        *vulnerable,
        f"{len(known) - len(skipped)} packages audited; vulnerabilities: {len(vulnerable)}.",
    ]
    if skipped:
        lines.append(f"error: {len(skipped)} could not be, such as: {next(iter(skipped.values()))}")
    return lines, VULNERABLE if vulnerable else NOT_AUDITED if skipped else 0


def _versions(found: dict[str, Any]) -> str:
    return ", ".join(found["fix_versions"]) or "no version yet"


def _audited(command: Sequence[str]) -> list[dict[str, Any]]:
    """What it reports, found something or not. Raises CommandError when there is no report."""
    done = ended(command, "pip-audit", TIMEOUT_S)
    if not done.stdout:
        raise CommandError((done.stderr.strip().splitlines() or ["pip-audit told nothing"])[-1])
    packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    return packages


if __name__ == "__main__":
    sys.exit(main())
