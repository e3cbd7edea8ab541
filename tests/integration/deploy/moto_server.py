"""moto's server. Its CloudFormation skips the resource types that it does not know.

`python -m tests.integration.deploy.moto_server PORT`
"""

from __future__ import annotations

import json
import sys
from typing import Any
from unittest.mock import patch

import yaml
from moto import server
from moto.awslambda import urls
from moto.awslambda.models import LambdaVersion
from moto.awslambda.responses import LambdaResponse
from moto.cloudformation import models as cloudformation
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import EmptyResult
from moto.dynamodb.models.table import Table
from yaml import BaseLoader

from tests.integration.deploy import moto_aliases

_create_table = Table.create_from_cloudformation_json


def _create_unprotected(name: str, resource: Any, *where: str, **more: Any) -> Any:
    """moto reads a parameter's "false" as true."""
    resource["Properties"]["DeletionProtectionEnabled"] = False
    return _create_table(name, resource, *where, **more)


def _parsed(template: str) -> Any:
    if template.startswith("{"):
        return json.loads(template)
    return yaml.load(template, BaseLoader)  # noqa: S506 - it takes !Ref for a plain value


def _with_declared_parameters(change_stack: Any) -> Any:
    """CloudFormation refuses a parameter that the template does not declare; moto takes it."""

    def change(backend: Any, *, template: str, parameters: Any, **more: Any) -> Any:
        keys = [each if isinstance(each, str) else each["ParameterKey"] for each in parameters]
        declared = _parsed(template).get("Parameters", {})
        undeclared = [key for key in keys if key not in declared]
        if undeclared:
            raise ValidationError(
                message=f"Parameters: [{', '.join(undeclared)}] do not exist in the template"
            )
        return change_stack(backend, template=template, parameters=parameters, **more)

    return change


ACCOUNT_LIMIT = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}


def _get_account_settings(_request: Any) -> tuple[int, dict[str, str], str]:
    return 200, {}, json.dumps({"AccountLimit": ACCOUNT_LIMIT})


def main() -> None:
    account = {"{0}/2016-08-19/account-settings/?$": LambdaResponse.dispatch}
    with (
        patch.dict(urls.url_paths, account),
        patch.object(LambdaResponse, "get_account_settings", _get_account_settings, create=True),
        patch.object(
            CloudFormationResponse,
            "update_termination_protection",
            lambda _request: EmptyResult(),
            create=True,
        ),
        patch.object(
            LambdaVersion, "get_cfn_attribute", moto_aliases.version_attribute, create=True
        ),
        patch.multiple(
            CloudFormationBackend,
            create_stack=_with_declared_parameters(CloudFormationBackend.create_stack),
            update_stack=_with_declared_parameters(CloudFormationBackend.update_stack),
        ),
        patch.object(Table, "create_from_cloudformation_json", _create_unprotected),
        # test_linters.py runs cfn-lint, with its accepted exceptions.
        patch.object(cloudformation, "validate_template_cfn_lint", lambda _template: []),
    ):
        server.main(["-H", "127.0.0.1", "-p", sys.argv[1]])


if __name__ == "__main__":
    main()
