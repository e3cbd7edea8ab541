"""botocore's data, cut down to what the functions ask of AWS: a client is made in half the time.

A service's model has all its operations, and the list of endpoints all services: botocore parses
them whole. app/runtime/aws.py lets botocore find first what is written here; for all else botocore
has its own, the rules for endpoints too, which only their own version of botocore is sure to
understand.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import botocore

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

Json = dict[str, Any]


def write(out: Path) -> None:
    """Below `out`, as botocore's own is below its `data`."""
    (out / API).mkdir(parents=True)
    _dump(out / API / "service-2.json", _model())
    _dump(out / "endpoints.json", _endpoints())


def _model() -> Json:
    """Of DynamoDB: its operations, their shapes, and no documentation."""
    model: Json = _undocumented(_load(API / "service-2"))
    operations = {name: model["operations"][name] for name in sorted(OPERATIONS)}
    wanted: set[str] = set()
    for operation in operations.values():
        for each in (operation["input"], operation["output"], *operation["errors"]):
            _reach(each["shape"], model["shapes"], wanted)
    shapes = {name: model["shapes"][name] for name in sorted(wanted)}
    return model | {"operations": operations, "shapes": shapes}


def _reach(name: str, shapes: Json, wanted: set[str]) -> None:
    if name in wanted:
        return
    wanted.add(name)
    shape = shapes[name]
    parts = [shape[part] for part in ("key", "member", "value") if part in shape]
    for part in [*parts, *shape.get("members", {}).values()]:
        _reach(part["shape"], shapes, wanted)


def _undocumented(value: Any) -> Any:  # noqa: ANN401
    match value:
        case dict():
            # A member may have that name: then it is no text.
            return {
                key: _undocumented(each)
                for key, each in value.items()
                if key != "documentation" or not isinstance(each, str)
            }
        case list():
            return [_undocumented(each) for each in value]
    return value


def _endpoints() -> Json:
    endpoints = _load(Path("endpoints"))
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in SERVICES & services.keys()}
    return endpoints


def _load(name: Path) -> Json:
    (path,) = DATA.glob(f"{name}.json*")
    content = path.read_bytes()
    loaded: Json = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    return loaded


def _dump(path: Path, content: Json) -> None:
    path.write_text(json.dumps(content, separators=(",", ":"), sort_keys=True))
