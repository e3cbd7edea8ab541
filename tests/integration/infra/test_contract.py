"""The committed documents match the code, and changes that break clients are reported."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from infra.docs import commands, contract, pages, payload_types, signatures
from tests.document import DOCUMENT
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHECK_S = 120
TODO = "components/schemas/NewTodo"


def test_the_committed_documents_match_the_code() -> None:
    """In another process: this one's register has the todo, even if the app has no todo."""
    command = [sys.executable, "-m", "infra.docs.contract", "--check"]
    checked = subprocess.run(  # noqa: S603
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=CHECK_S
    )

    assert checked.returncode == 0, checked.stderr


def test_a_page_that_lost_its_block_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    (tmp_path / "api.md").write_text("# The API\n")

    with pytest.raises(ValueError, match=r"api\.md has 0 blocks"):
        pages.written(DOCUMENT)


def at(document: Any, path: str) -> Any:
    for key in path.split("/"):
        document = document[key.replace("~", "/")]
    return document


BREAKING: dict[str, Callable[[Any], object]] = {
    "/paths//todo/{id}/get is gone": lambda new: at(new, "paths/~todo~{id}").pop("get"),
    "/paths//todo/post/responses/201 is gone": lambda new: at(
        new, "paths/~todo/post/responses"
    ).pop("201"),
    "/components/schemas/TodoOut/properties/completed is gone": lambda new: at(
        new, "components/schemas/TodoOut/properties"
    ).pop("completed"),
    "/components/schemas/NewTodo/required was ['item'], is ['item', 'id']": lambda new: at(
        new, f"{TODO}/required"
    ).append("id"),
    "/components/schemas/NewTodo/properties/item/maxLength was 10000, is 10": lambda new: at(
        new, f"{TODO}/properties/item"
    ).update(maxLength=10),
    "/components/schemas/NewTodo/properties/item/enum is new": lambda new: at(
        new, f"{TODO}/properties/item"
    ).update(enum=["a"]),
    "/components/schemas/TodoOut/properties/id/type was 'integer', is 'string'": lambda new: at(
        new, "components/schemas/TodoOut/properties/id"
    ).update(type="string"),
    "/paths//todo/get/parameters/query sort is required": lambda new: at(
        new, "paths/~todo/get/parameters"
    ).append({"in": "query", "name": "sort", "required": True}),
    "/paths//todo/get/parameters/query limit is gone": lambda new: at(
        new, "paths/~todo/get/parameters"
    ).pop(0),
    "/components/schemas/TodoOut/properties/version/type was 'integer', is 'string'": lambda new: (
        at(new, "components/schemas/TodoOut/properties/version").update(type="string")
    ),
    "/components/schemas/TodoOut/properties/version is gone": lambda new: at(
        new, "components/schemas/TodoOut/properties"
    ).pop("version"),
    "/components/schemas/Problem/properties/title/type was 'string', is 'integer'": lambda new: at(
        new, "components/schemas/Problem/properties/title"
    ).update(type="integer"),
    "/components/schemas/NewTodo/properties/id/multipleOf is new": lambda new: at(
        new, f"{TODO}/properties/id"
    ).update(multipleOf=2),
    "/components/schemas/TodoOut/additionalProperties is new": lambda new: at(
        new, "components/schemas/TodoOut"
    ).update(additionalProperties=False),
    "/paths//todo/get/requestBody is new": lambda new: at(new, "paths/~todo/get").update(
        requestBody={"required": True}
    ),
    "/paths///get/parameters is new": lambda new: at(new, "paths/~/get").update(
        parameters=[{"in": "query", "name": "a", "required": True}]
    ),
    "/security is new": lambda new: new.update(security=[{"jwt": []}]),
    "/webhooks/created is gone": lambda new: new["webhooks"].pop("created"),
    "/components/schemas/Fault/properties/in/enum has no 'query' any more": lambda new: at(
        new, "components/schemas/Fault/properties/in/enum"
    ).remove("query"),
}


@pytest.mark.parametrize(("message", "change"), BREAKING.items(), ids=list(BREAKING))
def test_a_change_that_breaks_clients_is_reported(
    message: str, change: Callable[[Any], object]
) -> None:
    new = copy.deepcopy(DOCUMENT)
    change(new)

    assert message in list(contract.breaking(DOCUMENT, new))


def test_an_addition_breaks_no_client() -> None:
    new = copy.deepcopy(DOCUMENT)
    new["info"]["version"] = "9.9.9"
    new["paths"]["/more"] = {"get": {"responses": {}}}
    at(new, f"{TODO}/properties")["due"] = {"type": "string", "maxLength": 10}
    at(new, "paths/~todo/get/parameters").append({"in": "query", "name": "sort"})
    at(new, "paths/~todo/get")["summary"] = "Other words"

    assert list(contract.breaking(DOCUMENT, new)) == []


def test_a_breaking_document_is_written_only_if_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = copy.deepcopy(DOCUMENT)
    older["paths"]["/gone"] = {"get": {}}
    monkeypatch.setattr(contract, "OPENAPI", tmp_path / "openapi.json")
    monkeypatch.setattr(contract, "EVENTS", tmp_path / "events.md")
    monkeypatch.setattr(commands, "COMMANDS", tmp_path / "commands.md")
    for page in pages.PAGES:
        shutil.copy(pages.DOCS / f"{page}.md", tmp_path)
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    monkeypatch.setattr(signatures, "VECTORS", tmp_path / "signatures.json")
    monkeypatch.setattr(payload_types, "TYPESCRIPT", tmp_path / "events.d.ts")
    monkeypatch.setattr(payload_types, "PYTHON", tmp_path / "events.py")
    contract.OPENAPI.write_text(contract.text(older))

    monkeypatch.setattr(sys, "argv", ["contract", "--check"])
    with pytest.raises(
        SystemExit, match=r"^error: outdated: \S+/openapi\.json, \S+/events\.md, .*make docs"
    ):
        contract.main()
    monkeypatch.setattr(sys, "argv", ["contract"])
    with pytest.raises(SystemExit, match="/paths//gone is gone\nThis breaks clients"):
        contract.main()
    assert json.loads(contract.OPENAPI.read_text()) == older

    monkeypatch.setattr(sys, "argv", ["contract", "--accept-breaking"])
    contract.main()
    assert json.loads(contract.OPENAPI.read_text()) == DOCUMENT
    assert contract.EVENTS.exists()
    assert commands.COMMANDS.exists()

    monkeypatch.setattr(sys, "argv", ["contract", "--check"])
    with pytest.raises(SystemExit) as ended:
        contract.main()
    assert ended.value.code is None
