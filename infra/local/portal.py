"""The local API with its pages: the portal at `/portal/`, and the API reference at `/docs/`.

uvicorn --factory infra.local.portal:local_api
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from app.wiring import api
from infra import reference
from infra.local.static_pages import StaticPages
from infra.loopback import OnlyThisMachine

if TYPE_CHECKING:
    from starlette.types import ASGIApp

PORTAL = Path(__file__).parents[2] / "examples" / "portal"
PATH = "/portal"
REFERENCE = "/docs"


def local_api() -> ASGIApp:
    """Ends the process with a message if the settings are wrong."""
    pages = {place for path in (PATH, REFERENCE) for place in (path, f"{path}/")}
    return OnlyThisMachine(with_reference(with_portal(api.local_api())), pages)


def with_portal(app: ASGIApp) -> ASGIApp:
    files = {file.name: file for file in PORTAL.iterdir()}
    return StaticPages(app, PATH, files, _policy())


def with_reference(app: ASGIApp) -> ASGIApp:
    return StaticPages(
        app,
        REFERENCE,
        reference.FILES,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'",
    )


def _policy() -> str:
    """The content security policy of the page's own `meta` element."""
    page = (PORTAL / "index.html").read_text()
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    if found is None:
        raise ValueError(f"{PORTAL}/index.html has no Content-Security-Policy")
    return found[1]
