"""moto's server. Its CloudFormation skips the resource types that it does not know.

`python -m tests.integration.deploy.moto_server PORT`
"""

from __future__ import annotations

import json
import sys
from typing import Any
from unittest.mock import patch

from moto import server
from moto.awslambda import urls
from moto.awslambda.responses import LambdaResponse
from moto.cloudformation import models as cloudformation
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import EmptyResult
from moto.dynamodb.models.table import Table

_create_table = Table.create_from_cloudformation_json


def _create_unprotected(name: str, resource: Any, *where: str, **more: Any) -> Any:
    """moto reads a parameter's "false" as true."""
    resource["Properties"]["DeletionProtectionEnabled"] = False
    return _create_table(name, resource, *where, **more)


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
        patch.object(Table, "create_from_cloudformation_json", _create_unprotected),
        # test_linters.py runs cfn-lint, with its accepted exceptions.
        patch.object(cloudformation, "validate_template_cfn_lint", lambda _template: []),
    ):
        server.main(["-H", "127.0.0.1", "-p", sys.argv[1]])


if __name__ == "__main__":
    main()
