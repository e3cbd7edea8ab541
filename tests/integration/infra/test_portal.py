"""The files of the local API's pages, and the policies that they are served with."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.testclient import TestClient

from infra.local.portal import PORTAL, with_portal, with_reference


def test_the_pages_policy_allows_no_foreign_or_inline_script() -> None:
    answer = TestClient(with_portal(Starlette())).get("/portal/")
    policy = answer.headers["content-security-policy"]

    for directive in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    ):
        assert directive in policy
        assert directive in answer.text  # on any host: as the page's own meta element
    assert "connect-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_the_reference_runs_no_script_but_its_own_and_calls_no_other_host() -> None:
    client = TestClient(with_reference(Starlette()))
    policy = client.get("/docs").headers["content-security-policy"]

    assert "default-src 'none'; script-src 'self'" in policy
    assert "connect-src 'self';" in policy
    assert "unsafe" not in policy
    for name in ("reference.js", "swagger-ui-bundle.js", "swagger-ui.css"):
        assert client.get(f"/docs/{name}").status_code == 200


def test_the_portal_is_nothing_but_its_own_files() -> None:
    assert {file.suffix for file in PORTAL.iterdir()} == {".html", ".css", ".js"}
    for file in PORTAL.glob("*.js"):
        for line in file.read_text().splitlines():
            assert not line.startswith("import ") or "from './" in line, (file, line)
