"""AWS clients, made by botocore: boto3 would load its modules for S3 first."""

import os
from pathlib import Path

import botocore.session
from botocore import exceptions, handlers
from botocore.config import Config
from botocore.loaders import Loader

DATA = Path(__file__).parents[2] / "aws_data"
"""botocore's data in the zip, cut down by infra/package/aws_data.py. Only the zip has it."""


OF_CREDENTIALS = ("sts", "sso", "sso-oidc", "signin")
"""The services by which botocore gets the credentials of a profile with a role, or of a sign-in. A
function has its credentials in its environment: the zip has no data of these."""


def client(service: str, config: Config) -> object:
    """botocore's client of `service`. Raises botocore.exceptions.BotoCoreError."""
    session = session_for(service)
    session.register_component("data_loader", _OneService(service))
    # botocore only reads AWS_DEFAULT_REGION; Lambda and the other SDKs use AWS_REGION.
    region = os.environ.get("AWS_REGION") or None
    made: object = session.create_client(service, region_name=region, config=config)
    return made


def session_for(service: str) -> botocore.session.Session:
    """A session with those of botocore's handlers that concern `service`, or its credentials.

    botocore has 127, and inspects and copies each: the others take half of a client's time.
    """
    concerned = {"", "*", service, *OF_CREDENTIALS}
    session = botocore.session.Session(include_builtin_handlers=False)
    for event, *handler in handlers.BUILTIN_HANDLERS:
        if event.partition(".")[2].partition(".")[0] in concerned:
            session.register(event, handler[0])
    return session


def missing_setting(error: exceptions.BotoCoreError) -> str | None:
    """What the environment lacks, and what to do. None: the error has another cause."""
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
        """botocore asks for all services to check that one exists: it would read every folder."""
        return [self._service, *OF_CREDENTIALS]

    def is_builtin_path(self, path: str) -> bool:
        """botocore uses its endpoint rules only with built-in data."""
        return path.startswith(str(DATA)) or super().is_builtin_path(path)
