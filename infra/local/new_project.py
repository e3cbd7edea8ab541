"""Makes a project in your own Convoy, and prints the settings for it.

Reads the output of `convoy bootstrap --with-api-key --format json` from stdin: see
infra/local/compose.yaml. Without a licence, Convoy has at most two projects.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any

import httpx

CONFIG = {
    # Convoy's default, ten attempts 100 s apart, is too slow to watch.
    "strategy": {"type": "linear", "duration": 3, "retry_count": 5},
    "signature": {
        "header": "X-Convoy-Signature",
        "versions": [{"hash": "SHA256", "encoding": "hex"}],
    },
    "ratelimit": {"count": 1000, "duration": 60},
    "ssl": {"enforce_secure_endpoints": False},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:5005/api", help="Convoy's API root")
    parser.add_argument("--name", default="webhooks", help="the project's name")
    options = parser.parse_args()
    user = bootstrapped(sys.stdin.read())
    try:
        answer = httpx.post(
            f"{options.url}/v1/projects",
            params={"orgID": user["organisation_id"]},
            headers={"authorization": f"Bearer {user['api_key']}"},
            json={"name": options.name, "type": "outgoing", "config": CONFIG},
            timeout=30,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        sys.exit(f"error: {options.url} does not answer: {error}. Start Convoy, or give its --url.")
    if answer.status_code != httpx.codes.CREATED:
        sys.exit(f"error: Convoy made no project: {answer.status_code} {answer.text}")
    made = answer.json()["data"]
    print(f"CONVOY_API_KEY={made['api_key']['key']}")
    print(f"CONVOY_PROJECT_ID={made['project']['uid']}")
    print(f"CONVOY_BASE_URL={options.url}")


def bootstrapped(output: str) -> dict[str, Any]:
    """The answer of `convoy bootstrap`: its output may hold log lines too, some of them JSON."""
    for line in re.finditer(r"^\s*\{", output, re.MULTILINE):
        try:
            answer, _ = json.JSONDecoder().raw_decode(output, line.end() - 1)
        except ValueError:
            continue
        if {"organisation_id", "api_key"} <= answer.keys():
            found: dict[str, Any] = answer
            return found
    if not output.strip():
        sys.exit("error: stdin is empty. Check whether the command before the pipe failed.")
    # Show nothing of stdin: it may hold a key.
    sys.exit(
        "error: stdin has no JSON object with organisation_id and api_key. Pipe in the output of"
        " the first `convoy bootstrap --with-api-key --format json`: Convoy refuses a second one."
    )


if __name__ == "__main__":
    main()
