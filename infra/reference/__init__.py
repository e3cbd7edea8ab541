"""The page of the API reference: Swagger UI, from a package, with the OpenAPI document."""

from __future__ import annotations

from pathlib import Path

import fastapi_offline

_PAGE = Path(__file__).parent / "page"
_VIEWER = Path(fastapi_offline.__file__).parent / "static"

FILES = {
    **{file.name: file for file in _PAGE.iterdir()},
    **{name: _VIEWER / name for name in ("swagger-ui-bundle.js", "swagger-ui.css")},
}
"""The files of the page, which lie in one folder, by name."""
