"""Clients of AWS, made by botocore: boto3 would load what it has for S3 first."""

import os
from pathlib import Path

import botocore.session
from botocore import exceptions
from botocore.config import Config
from botocore.loaders import Loader

DATA = Path(__file__).parents[2] / "aws_data"
"""In the zip, botocore's data, cut down by infra/package/aws_data.py; elsewhere there is none."""


def client(service: str, config: Config) -> object:
    """botocore's client of `service`. Raises botocore.exceptions.BotoCoreError."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _OneService(service))
    # botocore reads the region from AWS_DEFAULT_REGION alone; Lambda and the other SDKs set this.
    region = os.environ.get("AWS_REGION")
    made: object = session.create_client(service, region_name=region, config=config)
    return made


def missing(error: exceptions.BotoCoreError) -> str | None:
    """What the environment does not have, and what to do; None where it is something else."""
    match error:
        case exceptions.NoRegionError():
            return "no AWS region is known; set AWS_REGION in the environment."
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError():
            return f"{error}; set AWS credentials in the environment, or run under a role."
        case _:
            return None


class _OneService(Loader):
    def __init__(self, service: str) -> None:
        super().__init__(extra_search_paths=[str(DATA)])
        self._service = service

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002
        """Whether there is this one, botocore would ask by a look into the folders of all."""
        return [self._service]

    def is_builtin_path(self, path: str) -> bool:
        """With endpoints of somebody else's, botocore would not ask its rules for them."""
        return path.startswith(str(DATA)) or super().is_builtin_path(path)
