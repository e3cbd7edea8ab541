"""moto's server. Its CloudFormation skips the resource types that it does not know.

`python -m tests.integration.deploy.moto_server PORT`
"""

from __future__ import annotations

import sys
from typing import Any
from unittest.mock import patch

from moto import server
from moto.cloudformation import models as cloudformation
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import EmptyResult
from moto.dynamodb.models.table import Table

_create_table = Table.create_from_cloudformation_json


def _create_unprotected(name: str, resource: Any, *where: str, **more: Any) -> Any:
    """moto reads a parameter's "false" as true."""
    resource["Properties"]["DeletionProtectionEnabled"] = False
    return _create_table(name, resource, *where, **more)


def main() -> None:
    with (
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
