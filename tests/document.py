"""The OpenAPI document of all resources that the tests have."""

from infra.docs import contract

DOCUMENT = contract.openapi()
