"""The zip's reduced copy of botocore's data is complete, and equal to botocore's own."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from app.runtime import aws
from infra.package import aws_data
from infra.package.build import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCES = [path.read_text() for path in (ROOT / "app").rglob("*.py")]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "aws"
    aws_data.write(folder)
    return folder


def dynamodb(*paths: Path) -> ServiceModel:
    loader = Loader(extra_search_paths=[str(path) for path in paths])
    return ServiceModel(loader.load_service_model("dynamodb", "service-2"), "dynamodb")


def clients_methods() -> Iterator[str]:
    """The methods of DynamoDB's client that the app calls, and the operations that it pages."""
    for source in (source for source in SOURCES if "DynamoDBClient" in source):
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(attr="_client"), attr="get_paginator"),
                    args=[ast.Constant(value=str(name))],
                ):
                    yield name
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="_client"), attr=name)):
                    yield name


def test_it_has_exactly_the_operations_that_the_app_calls(data: Path) -> None:
    assert set(dynamodb(data).operation_names) == aws_data.OPERATIONS
    operations = {xform_name(name) for name in aws_data.OPERATIONS}
    assert operations == set(clients_methods()) - {"get_paginator"}


def test_it_has_exactly_the_services_that_the_app_calls(data: Path) -> None:
    asked = {name for source in SOURCES for name in re.findall(r'\baws\.client\("(\w+)"', source)}

    assert asked == aws_data.SERVICES


@pytest.mark.parametrize("operation", sorted(aws_data.OPERATIONS))
def test_an_operation_has_the_same_shapes_as_in_botocore(data: Path, operation: str) -> None:
    cut = dynamodb(data).operation_model(operation)
    full = dynamodb().operation_model(operation)

    assert cut.http == full.http
    assert cut.endpoint_discovery == full.endpoint_discovery
    assert content(cut.input_shape) == content(full.input_shape)
    assert content(cut.output_shape) == content(full.output_shape)
    assert list(map(content, cut.error_shapes)) == list(map(content, full.error_shapes))


def test_no_call_looks_for_arns_of_tables(data: Path) -> None:
    for operation in aws_data.OPERATIONS:
        assert dynamodb(data).operation_model(operation).operation_context_parameters == []


def test_a_transaction_goes_to_the_accounts_endpoint(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCOUNT_ID", "123456789012")
    expected = endpoint("transaction")

    monkeypatch.setattr(aws, "DATA", data)

    assert (
        endpoint("transaction")
        == expected
        == "https://123456789012.ddb.eu-central-1.amazonaws.com/"
    )


def content(shape: Shape | None, above: tuple[str, ...] = ()) -> Any:
    """Everything that botocore reads of a shape. A shape within itself is only its name."""
    assert shape is not None
    if shape.name in above:
        return shape.name
    below = (*above, shape.name)
    inner: Any = None
    match shape:
        case StructureShape():
            inner = {name: content(member, below) for name, member in shape.members.items()}
        case ListShape():
            inner = content(shape.member, below)
        case MapShape():
            inner = (content(shape.key, below), content(shape.value, below))
    return (shape.name, shape.type_name, shape.serialization, shape.metadata, inner)


@pytest.mark.parametrize("service", sorted(aws_data.SERVICES))
@pytest.mark.parametrize("variant", ["", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
@pytest.mark.parametrize(
    "region", ["eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1", "ap-southeast-5"]
)
def test_each_region_has_its_endpoint(
    data: Path,
    region: str,
    variant: str,
    service: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    if variant:
        monkeypatch.setenv(variant, "true")
    expected = endpoint(service)

    monkeypatch.setattr(aws, "DATA", data)

    assert endpoint(service) == expected


def endpoint(service: str) -> str:
    """The URL of a first request, by the endpoint's rules."""
    client: Any = aws.client("dynamodb" if service == "transaction" else service, Config())
    check = {"TableName": "t", "Key": {}, "ConditionExpression": "attribute_exists(id)"}
    asked = {
        "dynamodb": lambda: client.get_item(TableName="t", Key={}),
        "transaction": lambda: client.transact_write_items(
            TransactItems=[{"ConditionCheck": check}]
        ),
        "secretsmanager": lambda: client.get_secret_value(SecretId="s"),
    }
    seen: list[str] = []

    def stop(request: Any, **_: Any) -> None:
        seen.append(request.url)
        raise InterruptedError

    client.meta.events.register("before-send", stop)
    with pytest.raises(InterruptedError):
        asked[service]()
    return seen[0]
