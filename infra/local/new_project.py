"""Makes a project in a Convoy of one's own, and prints the settings that lead to it.

On stdin is what `convoy bootstrap --with-api-key --format json` told: infra/local/compose.yaml.
Without a licence Convoy has two projects at the most.
"""

from __future__ import annotations

import argparse
import json
import sys

import httpx

CONFIG = {
    # Convoy's own default is ten attempts, 100 s apart: too slow to look at.
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
    parser.add_argument("--name", default="todos", help="the project's")
    options = parser.parse_args()
    try:
        told = json.load(sys.stdin)
        answer = httpx.post(
            f"{options.url}/v1/projects",
            params={"orgID": told["organisation_id"]},
            headers={"authorization": f"Bearer {told['api_key']}"},
            json={"name": options.name, "type": "outgoing", "config": CONFIG},
            timeout=30,
            trust_env=False,
        )
    except (ValueError, KeyError, TypeError) as error:
        sys.exit(f"error: stdin is not what `convoy bootstrap --with-api-key` tells: {error!r}")
    except httpx.HTTPError as error:
        sys.exit(f"error: {options.url} does not answer: {error}")
    if answer.status_code != httpx.codes.CREATED:
        sys.exit(f"error: Convoy made no project: {answer.status_code} {answer.text}")
    made = answer.json()["data"]
    print(f"CONVOY_API_KEY={made['api_key']['key']}")
    print(f"CONVOY_PROJECT_ID={made['project']['uid']}")
    print(f"CONVOY_BASE_URL={options.url}")


if __name__ == "__main__":
    main()
