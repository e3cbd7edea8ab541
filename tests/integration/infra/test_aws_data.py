"""What the zip has of botocore's data is enough, and is what botocore itself has."""

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
    """What the app calls of DynamoDB's `self._client`, and what it pages through."""
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


def test_it_has_each_operation_that_the_app_calls_and_no_other(data: Path) -> None:
    assert set(dynamodb(data).operation_names) == aws_data.OPERATIONS
    operations = {xform_name(name) for name in aws_data.OPERATIONS}
    assert operations == set(clients_methods()) - {"get_paginator"}


def test_it_has_each_service_that_the_app_asks(data: Path) -> None:
    asked = {name for source in SOURCES for name in re.findall(r'\baws\.client\("(\w+)"', source)}

    assert asked == aws_data.SERVICES


@pytest.mark.parametrize("operation", sorted(aws_data.OPERATIONS))
def test_an_operation_takes_answers_and_fails_as_in_full(data: Path, operation: str) -> None:
    cut = dynamodb(data).operation_model(operation)
    full = dynamodb().operation_model(operation)

    assert cut.http == full.http
    assert cut.endpoint_discovery == full.endpoint_discovery
    assert shape(cut.input_shape) == shape(full.input_shape)
    assert shape(cut.output_shape) == shape(full.output_shape)
    assert [shape(each) for each in cut.error_shapes] == [shape(each) for each in full.error_shapes]


def shape(told: Shape | None, above: tuple[str, ...] = ()) -> Any:
    """All that botocore reads of a shape, down to where it holds itself."""
    assert told is not None
    if told.name in above:
        return told.name
    below = (*above, told.name)
    parts: Any = None
    match told:
        case StructureShape():
            parts = {name: shape(member, below) for name, member in told.members.items()}
        case ListShape():
            parts = shape(told.member, below)
        case MapShape():
            parts = (shape(told.key, below), shape(told.value, below))
    return (told.name, told.type_name, told.serialization, told.metadata, parts)


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
    """The URL of the first request, after the endpoint's rules were asked."""
    client: Any = aws.client(service, Config())
    asked = {
        "dynamodb": lambda: client.get_item(TableName="t", Key={}),
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
