"""Makes a cold start shorter. Import it first; call `finish` when all else is imported.

Until `finish` no garbage is collected: imported objects stay. FastAPI's models of an OpenAPI
document are built when a document is requested, and classes of settings when one of them is read.
pydantic does not read the metadata of each package to find plugins, of which the zip has none.
`make bench` measures the sum.
"""

import gc

gc.disable()

import os

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import BaseModel, ConfigDict

# Each model of the imports below inherits this setting, and so do the classes of app.settings.
BaseModel.model_config = ConfigDict(defer_build=True)
import fastapi.openapi.models
import pydantic_settings

BaseModel.model_config = ConfigDict()

__all__ = ["fastapi", "finish", "pydantic_settings"]


def finish() -> None:
    """Exclude everything allocated so far from garbage collection, and turn collection on."""
    gc.freeze()
    gc.enable()
