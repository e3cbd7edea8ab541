"""The countable costs of a cold start and of a request, compared with `costs.json`.

The files of the resources are not counted, because each project has its own. After an intended
change, write the new costs into the file. The diff is for the review.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.dynamodb.items import attribute
from app.dynamodb.resource_table import COLLECTION
from benchmarks.compare import processes
from tests.capacity import counted
from tests.integration.artefact.test_artefact import ask
from tests.product import CHANGED, NEW, PATH, RESOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.testclient import TestClient

    from infra.package.build import Target
    from tests.integration.artefact.conftest import Start
    from tests.support import JsonObject

COSTS: JsonObject = json.loads((Path(__file__).parent / "costs.json").read_text())

REQUESTS = {
    "POST": ("POST", PATH, json.dumps(NEW)),
    "PUT": ("PUT", f"{PATH}/1", json.dumps(CHANGED)),
    "GET": ("GET", f"{PATH}/1", None),
    "LIST": ("GET", PATH, None),
    "DELETE": ("DELETE", f"{PATH}/1", None),
    "ping": ("GET", "/", None),
}

IMPORTS = """
import json, sys
sys.path[:0] = {paths!r}
import handler
print(json.dumps([name for name in sys.modules if name != "__main__"]))
"""


@pytest.fixture
def canned() -> Iterator[processes.Backends]:
    with processes.backends("--item", json.dumps(_item())) as canned:
        yield canned


@pytest.fixture
def environment(canned: processes.Backends) -> dict[str, str]:
    return processes.environment(canned.url, canned.url)


def _item() -> JsonObject:
    """The row that DynamoDB answers with."""
    fields = {"id": 1, **NEW, "version": 1}
    key = {COLLECTION: {"S": f"{RESOURCE.name}/everyone"}}
    return key | {name: attribute(value) for name, value in fields.items()}


def test_a_cold_start_imports_these_modules(
    task: Path, runtime: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    script = IMPORTS.format(paths=[str(task), str(runtime)])
    done = subprocess.run(
        [sys.executable, "-s", "-S", "-c", script],
        cwd=tmp_path,  # Python searches it first: it must not be the checkout
        env=environment,
        capture_output=True,
        check=True,
        timeout=60,
    )

    modules = json.loads(done.stdout)
    listed = {
        name for name in modules if not (_is_pythons_own(name) or name.startswith("app.resources."))
    }
    assert sorted(listed) == COSTS["modules"]


def _is_pythons_own(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in sys.stdlib_module_names or name.startswith(
        "_sysconfigdata"
    )


def test_the_zip_has_not_grown(packaged: Callable[[Target], Path], native: Target) -> None:
    with zipfile.ZipFile(packaged(native)) as archive:
        entries = [
            entry
            for entry in archive.infolist()
            if not (entry.is_dir() or entry.filename.startswith("app/resources/"))
        ]

    # Another release of Python or zlib compresses the same files a little differently.
    assert sum(entry.compress_size for entry in entries) <= COSTS["zip"]["bytes"] * 1.02
    assert len(entries) == COSTS["zip"]["files"]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_makes_these_calls_in_this_order(
    name: str, start: Start, canned: processes.Backends
) -> None:
    api = start("handler.api")
    calls = {}
    for turn in ("first", "warm"):
        answer = api.invoke(ask(*REQUESTS[name]))
        assert answer["statusCode"] < 300, answer
        calls[turn] = canned.calls()

    assert calls == COSTS["calls"][name]


@pytest.mark.parametrize("dynamodb", ["dynamodb_local"], indirect=True)
def test_a_request_takes_this_capacity(client: TestClient, dynamodb: DynamoDBClient) -> None:
    """For a todo of 15 characters, in DynamoDB's read and write units.

    DynamoDB Local adds up a table's items in a transaction before it rounds. AWS rounds each item:
    there the second item in the table of todos costs POST and DELETE two units more.
    """
    found = {}
    for name, (method, path, options) in CAPACITY.items():
        with counted(dynamodb) as calls:
            assert client.request(method, path, **options).status_code < 300
        found[name] = [
            [call, sum(units.values()) / (2 if call == "TransactWriteItems" else 1)]
            for call, units in calls
        ]

    assert found == COSTS["capacity"]


ITEM = {"item": "Write the tests"}
CAPACITY: dict[str, tuple[str, str, JsonObject]] = {
    "POST": ("POST", "/todo", {"json": {"id": 1} | ITEM}),
    "POST with a key": (
        "POST",
        "/todo",
        {"json": {"id": 2} | ITEM, "headers": {"Idempotency-Key": "a"}},
    ),
    "the same again": (
        "POST",
        "/todo",
        {"json": {"id": 2} | ITEM, "headers": {"Idempotency-Key": "a"}},
    ),
    "PUT": ("PUT", "/todo/1", {"json": ITEM}),
    "GET": ("GET", "/todo/1", {}),
    "LIST": ("GET", "/todo", {}),
    "DELETE": ("DELETE", "/todo/1", {}),
}
