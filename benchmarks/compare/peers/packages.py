"""The floor, with the SDK of Convoy, which brings httpx, and with settings."""

import work  # isort: skip  # it turns garbage collection off

from pydantic import BaseModel, ConfigDict

BaseModel.model_config = ConfigDict(defer_build=True)  # as app/runtime/cold_start.py does
from pydantic_settings import BaseSettings

import sdk  # app/convoy/sdk.py


class Settings(BaseSettings):
    convoy_api_key: str
    convoy_project_id: str


BaseModel.model_config = ConfigDict()
client = sdk.AuthenticatedClient(base_url="", token=Settings().convoy_api_key)

from floor import api
