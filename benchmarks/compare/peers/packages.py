"""The floor, and this project's other packages: the SDK of Convoy with httpx, and the settings."""

import floor  # isort: skip  # it turns garbage collection off

import sdk  # app/convoy/sdk.py
from pydantic_settings import BaseSettings

api = floor.api


class Settings(BaseSettings):
    convoy_api_key: str
    convoy_project_id: str


client = sdk.AuthenticatedClient(base_url="", token=Settings().convoy_api_key)
