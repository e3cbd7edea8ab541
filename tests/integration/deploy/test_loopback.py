"""Which requests the local gateway refuses: as `infra.loopback`, in the same words."""

from __future__ import annotations

import json
import shutil
import subprocess

from starlette.datastructures import Headers

from infra.loopback import refusal
from tests.foreign_requests import foreign, own
from tests.paths import ROOT
from tests.support import missing

PORT = 8080
ORIGINS = ["https://portal.example"]

DECIDE = """
const { refusal } = require('./infra/serverless/loopback.js');
const { requests, origins } = JSON.parse(require('node:fs').readFileSync(0));
console.log(JSON.stringify(requests.map((headers) => refusal(headers, origins))));
"""


def decided(*requests: dict[str, str]) -> list[str | None]:
    if shutil.which("node") is None:
        missing("node", "Node.js is missing")
    done = subprocess.run(
        ["node", "--eval", DECIDE],
        cwd=ROOT,
        input=json.dumps({"requests": requests, "origins": ORIGINS}),
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    reasons: list[str | None] = json.loads(done.stdout)
    return reasons


def test_the_local_gateway_decides_as_the_other_servers() -> None:
    requests = [*foreign(PORT).values(), *own(PORT).values()]

    assert decided(*requests) == [refusal("GET", "/", Headers(headers)) for headers in requests]


def test_the_local_gateway_lets_the_origins_of_cors_in() -> None:
    cross_site = {"host": f"localhost:{PORT}", "sec-fetch-site": "cross-site"}
    named, other = (cross_site | {"origin": origin} for origin in (*ORIGINS, "https://x.example"))

    allowed, refused = decided(named, other)

    assert (allowed, refused is None) == (None, False)
