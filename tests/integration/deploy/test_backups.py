"""The lines of docs/backups.md, run as they are, against moto instead of AWS."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from infra.local import tables
from infra.restore.copying import Copy
from infra.restore.putting_back import Outcome, PutBack
from tests.paths import ROOT
from tests.stand_in import deployment
from tests.support import OWNER
from tests.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.components import TodoService
    from tests.stand_in import Convoy
    from tests.todo import Todo

BACKUPS = (ROOT / "docs" / "backups.md").read_text()
RELAYS, COMMAND = "exec env", '.venv/bin/python -m tests.run -m app "$@"'
"""The first and the last words of the file that docs/runbook.md's lines write. The command has the
todo in its register, whatever the app has."""
RESTORED = "prod-restored-todos"

AWS = """#!{python}
import json, re, sys
from pathlib import Path
import jmespath
service, command, *rest = sys.argv[1:]
named = {{}}
for name, value in zip(rest, [*rest[1:], "--"]):
    if name.startswith("--"):
        given = True if value.startswith("--") else value
        if given is not True and given[0] in "[{{":
            given = json.loads(given)
        named[re.sub("-(.)", lambda found: found[1].upper(), name[1:])] = given
query, form = named.pop("Query", "@"), named.pop("Output", "json")
if service == "lambda":
    answer = {{"Environment": {{"Variables": json.loads(Path("settings").read_text())}}}}
else:
    import botocore.session
    client = botocore.session.get_session().create_client(service)
    if named.get("BackupType") == "SYSTEM":
        named["BackupType"] = "USER"  # moto keeps no backup of a deleted table
    answer = getattr(client, command.replace("-", "_"))(**named)
    first = command == "describe-table" and not Path("asked").exists()
    if first:
        Path("asked").touch()
        answer["Table"]["TableStatus"] = "CREATING"
found = jmespath.search(query, answer)
print(found if form == "text" else json.dumps(found, default=str))
"""
"""The part of the AWS CLI that the lines use. A new table is not ready when first asked for."""


@dataclass(frozen=True)
class Terminal:
    folder: Path

    def paste(self, block: str) -> subprocess.CompletedProcess[str]:
        """Run a block of the document in a shell that goes on after a failure."""
        return subprocess.run(
            ["sh", "-c", f"{block}\necho ended with $?"],
            cwd=self.folder,
            env=os.environ
            | {
                "AWS_DEFAULT_REGION": os.environ["AWS_REGION"],
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            check=True,
        )


@pytest.fixture
def terminal(
    tmp_path: Path, dynamodb: DynamoDBClient, dynamodb_url: str, convoy: Convoy
) -> Iterator[Terminal]:
    for name, text in {"aws": AWS.format(python=sys.executable), "sleep": "#!/bin/sh\n"}.items():
        script = tmp_path / "bin" / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(text)
        script.chmod(0o700)
    stage = deployment(convoy, OWNER) | {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url}
    (tmp_path / "settings").write_text(json.dumps(stage))
    settings = " ".join(shlex.quote(f"{name}={value}") for name, value in stage.items())
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "app-prod").write_text(f"{RELAYS} {settings} {COMMAND}\n")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    dynamodb.update_continuous_backups(
        TableName=TABLES["ResourcesTable"],
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    yield Terminal(tmp_path)
    if RESTORED in dynamodb.list_tables()["TableNames"]:
        dynamodb.delete_table(TableName=RESTORED)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, dynamodb_url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url)


pytestmark = pytest.mark.parametrize("dynamodb", ["moto_over_http"], indirect=True)


def _block(heading: str, number: int = 0) -> str:
    section = BACKUPS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks: list[str] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return blocks[number]


def test_todos_are_put_back_as_changes_that_receivers_see(
    terminal: Terminal, todo_service: TodoService, dynamodb: DynamoDBClient, convoy: Convoy
) -> None:
    for todo_id, item in enumerate(["Stays", "Is spoiled later", "Is deleted later"]):
        todo_service.create(OWNER, todo_id, {"item": item})
    restored = terminal.paste(_block("A restored table"))
    assert restored.stdout.endswith(f"{RESTORED} is ready\nended with 0\n"), restored.stderr
    spoiled = todo_service.update(OWNER, 1, {"item": "Spoiled"})
    deleted = todo_service.delete(OWNER, 2)
    todo_service.create(OWNER, 3, {"item": "Made since"})
    before = [payload["id"] for payload in convoy.payloads()]

    compared = terminal.paste(_block("Todos as they were"))
    assert [payload["id"] for payload in convoy.payloads()] == before
    done = terminal.paste(_block("Todos as they were", 1))

    counts = "1 already as it was, 1 changed back, 1 created again, 0 refused.\n"
    assert compared.stdout == f"To be put back: {counts}ended with 0\n", compared.stderr
    assert done.stdout == f"Put back: {counts}ended with 0\n", done.stderr
    new = [each["event"] for each in convoy.payloads() if each["id"] not in before]
    assert sorted(new) == ["todo.created", "todo.updated"]
    todos = {each.id: each for each in todo_service.page(OWNER, limit=9, after=None).found}
    assert [todos[number].item for number in range(4)] == [
        "Stays",
        "Is spoiled later",
        "Is deleted later",
        "Made since",
    ]
    assert (todos[1].version, todos[2].version) == (spoiled.version + 1, deleted.version + 1)


def test_a_row_that_cant_be_put_back_is_named_and_stops_no_other(
    terminal: Terminal, todo_service: TodoService, dynamodb: DynamoDBClient
) -> None:
    todo_service.create(OWNER, 1, {"item": "Is spoiled later"})
    table = TABLES["ResourcesTable"]
    dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=RESTORED)
    todo_service.update(OWNER, 1, {"item": "Spoiled"})
    for kind, number in (("todo", 2), ("other", 3)):
        item = {"kind/owner": {"S": f"{kind}/{OWNER}"}, "id": {"N": str(number)}}
        dynamodb.put_item(TableName=RESTORED, Item=item)
    refused: list[str] = []

    job = PutBack(dynamodb, [todo_service], RESTORED, refused.append)
    job.run()

    assert job.counts == {Outcome.CHANGED: 1, Outcome.REFUSED: 2}
    assert {each.partition(" can't")[0] for each in refused} == {
        "other 3: this code has no such resource",
        f"todo 2 of {OWNER}",
    }


def test_a_deleted_table_is_restored_under_its_own_name_with_its_settings(
    terminal: Terminal, dynamodb: DynamoDBClient, todo_service: TodoService
) -> None:
    todo_service.create(OWNER, 1, {"item": "Was there"})
    table = TABLES["ResourcesTable"]
    items = dynamodb.scan(TableName=table)["Items"]
    dynamodb.create_backup(TableName=table, BackupName="last-state")
    dynamodb.delete_table(TableName=table)

    restored, done = (terminal.paste(_block("A lost table", number)) for number in (0, 1))

    assert restored.stdout.endswith(f"{table} is there again\nended with 0\n"), restored.stderr
    assert done.stdout.endswith(f"{table} is as before\nended with 0\n"), done.stderr
    assert dynamodb.scan(TableName=table)["Items"] == items
    _check_settings(dynamodb, table, "expires-at")


def test_each_restored_table_gets_its_own_name_and_its_own_expiry(terminal: Terminal) -> None:
    resources = tables.template()["Resources"]
    beside, again = _block("A restored table"), _block("A lost table", 1)
    (name,) = re.findall("case .*RESTORED=.*", beside)
    (expiry,) = re.findall("case .*EXPIRES=.*", again)
    for logical_id in TABLES:
        ttl = resources[logical_id]["Properties"].get("TimeToLiveSpecification", {})
        setting = re.sub("(?=Table)", "_", logical_id).upper()
        done = terminal.paste(f'TABLE={setting}\n{expiry}\necho "$EXPIRES"')
        assert done.stdout.splitlines()[0] == ttl.get("AttributeName", ""), logical_id
    for setting, part in (("RESOURCES_TABLE", "todos"), ("EVENTS_TABLE", "events")):
        done = terminal.paste(f'STAGE=prod\nTABLE={setting}\n{name}\necho "$RESTORED"')
        assert done.stdout.splitlines()[0] == f"prod-restored-{part}"


def _check_settings(dynamodb: DynamoDBClient, table: str, expires: str) -> None:
    described = dynamodb.describe_table(TableName=table)["Table"]
    tags = dynamodb.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"]
    assert {each["Key"]: each["Value"] for each in tags} == {
        "service": "fastapi-todo-convoy",
        "stage": "prod",
    }
    assert described["DeletionProtectionEnabled"]
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    backups = dynamodb.describe_continuous_backups(TableName=table)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert expiry.get("AttributeName") == expires


def test_a_lost_tables_items_are_copied_with_versions_that_no_receiver_has_seen(
    terminal: Terminal, todo_service: TodoService, dynamodb: DynamoDBClient
) -> None:
    for todo_id in range(20):
        todo_service.create(OWNER, todo_id, {"item": "Before"})
    todo_service.delete(OWNER, 19)
    table = TABLES["ResourcesTable"]
    dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=RESTORED)
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(
            TableName=table, Key={each: item[each] for each in ("kind/owner", "id")}
        )
    todo_service.create(OWNER, 0, {"item": "Since"})

    done = terminal.paste(_block("A lost table", 2))

    counts = "19 copied, 1 kept, which were there already.\n"
    assert done.stdout == f"{counts}ended with 0\n", done.stderr
    again = Copy(dynamodb, RESTORED, table, raise_versions=1_000_000)
    again.run()
    assert (again.copied, again.kept) == (0, 20)
    versions = {each.id: each.version for each in _all(todo_service)}
    assert versions == {0: 1} | dict.fromkeys(range(1, 19), 1_000_001)
    assert todo_service.create(OWNER, 19, {"item": "Again"}).version == 1_000_003


def _all(service: TodoService) -> list[Todo]:
    return list(service.page(OWNER, limit=99, after=None).found)


def test_a_restore_that_fails_ends_its_block_and_changes_nothing(
    terminal: Terminal, dynamodb: DynamoDBClient
) -> None:
    block = _block("A restored table").replace(
        "-restored-todos", ""
    )  # a name that DynamoDB refuses
    tables = dynamodb.list_tables()["TableNames"]

    done = terminal.paste(block.replace("STAGE=prod", "STAGE=p"))

    assert "is ready" not in done.stdout
    assert not done.stdout.endswith("ended with 0\n")
    assert dynamodb.list_tables()["TableNames"] == tables
