"""The parts as `uvicorn` gets them, outside Lambda."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app import wiring
from app.config import Settings
from tests.support import deployment

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support import Convoy


def test_of_a_pass_of_the_relay_time_is_kept_for_a_publish_and_a_write_that_do_not_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, convoy: Convoy
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (deployment(convoy, "house") | {"CONVOY_DEADLINE_S": "7"}).items():
        monkeypatch.setenv(name, value)
    config: Any = wiring.DYNAMODB
    attempts, pause_s = config.retries["total_max_attempts"], 1.0
    write_s = attempts * (config.connect_timeout + config.read_timeout) + (attempts - 1) * pause_s

    with closing(wiring.Parts.build(Settings.load())) as parts:
        assert parts.relay().reserve_s == 7 + write_s


@pytest.mark.parametrize(("publish_reads", "published"), [("true", 2), ("false", 0)])
def test_outside_lambda_all_is_the_app_ids_and_reads_are_published_as_set(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    convoy: Convoy,
    dynamodb: DynamoDBClient,
    publish_reads: str,
    published: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in deployment(convoy, "house").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PUBLISH_READS", publish_reads)
    app = wiring.local_api()

    with TestClient(app) as client, closing(app.state.service.delivery.publisher.inner.inner):
        assert client.get("/").status_code == 200
        assert client.get("/todo").status_code == 200
        created = client.post("/todo", json={"item": "x"})

    assert 0 <= created.json()["id"] < 2**53
    assert len(created.headers["webhook-id"]) == 36
    owners = [event["owner_id"] for event in convoy.events()]
    assert owners == ["house"] * (published + 1)
