"""Reduces botocore's data to the operations that the functions call: a client takes half the time.

botocore parses a service's model with all its operations, and the endpoints of all services.
app/runtime/aws.py lets botocore find the reduced files first. All other files are botocore's own,
among them the rules for endpoints: only the same version of botocore is sure to read them.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore

if TYPE_CHECKING:
    from collections.abc import Set

DATA = Path(botocore.__file__).parent / "data"

API = Path("dynamodb", "2012-08-10")
OPERATIONS = {
    "BatchWriteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
}
SERVICES = {"dynamodb", "secretsmanager"}

JsonObject = dict[str, Any]


def write(out: Path, operations: Set[str] = OPERATIONS) -> None:
    """Write the files into `out`, in the layout of botocore's `data`."""
    (out / API).mkdir(parents=True)
    _dump(out / API / "service-2.json", _model(operations))
    _dump(out / "endpoints.json", _endpoints())


def _model(names: Set[str]) -> JsonObject:
    """DynamoDB's model: these operations and their shapes, without documentation."""
    model: JsonObject = _undocumented(_load(API / "service-2"))
    operations = {name: _by_name(model["operations"][name]) for name in sorted(names)}
    wanted: set[str] = set()
    for operation in operations.values():
        for each in (operation["input"], operation["output"], *operation["errors"]):
            _reach(each["shape"], model["shapes"], wanted)
    shapes = {name: model["shapes"][name] for name in sorted(wanted)}
    return model | {"operations": operations, "shapes": shapes}


def _by_name(operation: JsonObject) -> JsonObject:
    """Without the expression that looks for tables' ARNs in each transaction: 15 % of its call.

    An ARN would name the account of the endpoint. This project's tables have names.
    """
    return {key: each for key, each in operation.items() if key != "operationContextParams"}


def _reach(name: str, shapes: JsonObject, wanted: set[str]) -> None:
    if name in wanted:
        return
    wanted.add(name)
    shape = shapes[name]
    below = [shape[name] for name in ("key", "member", "value") if name in shape]
    for part in [*below, *shape.get("members", {}).values()]:
        _reach(part["shape"], shapes, wanted)


def _undocumented(value: Any) -> Any:  # noqa: ANN401
    match value:
        case dict():
            # A member may be named `documentation` too: its value is no text.
            return {
                key: _undocumented(each)
                for key, each in value.items()
                if key != "documentation" or not isinstance(each, str)
            }
        case list():
            return [_undocumented(each) for each in value]
    return value


def _endpoints() -> JsonObject:
    endpoints = _load(Path("endpoints"))
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in SERVICES & services.keys()}
    return endpoints


def _load(name: Path) -> JsonObject:
    (path,) = DATA.glob(f"{name}.json*")
    content = path.read_bytes()
    loaded: JsonObject = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    return loaded


def _dump(path: Path, content: JsonObject) -> None:
    path.write_text(json.dumps(content, separators=(",", ":"), sort_keys=True))
