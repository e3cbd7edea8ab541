"""`convoy setup`: what it makes of a project, and what it tells of it."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

import pytest

from app import catalogue
from app.events import CATALOGUE
from tests.unit.commands.shell import DONE, USAGE, lines, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Convoy

URL = "http://127.0.0.1:9/webhooks"


def settings(stdout: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.+)$", stdout, re.MULTILINE))


def test_it_makes_event_types_with_schemas_an_endpoint_and_its_subscription(
    convoy: Convoy,
) -> None:
    result = run("convoy", "setup", "--url", URL)

    assert result.exit_code == DONE
    types = {each["name"]: each for each in convoy.ask("GET", "/event-types")}
    assert types.keys() == {event_type.name for event_type in CATALOGUE}
    for event_type in CATALOGUE:
        schema = types[event_type.name]["json_schema"]
        assert schema.pop("$schema") == catalogue.DIALECT
        assert schema == catalogue.schema(event_type)
    (endpoint,) = convoy.ask("GET", "/endpoints")["content"]
    assert (endpoint["url"], endpoint["owner_id"]) == (URL, "house")
    assert endpoint["advanced_signatures"] is True
    (subscription,) = convoy.ask("GET", "/subscriptions")["content"]
    assert subscription["endpoint_metadata"]["uid"] == endpoint["uid"]


def test_stdout_is_the_settings_that_follow_and_stderr_what_was_made(convoy: Convoy) -> None:
    result = run("convoy", "setup", "--url", URL)

    (endpoint,) = convoy.ask("GET", "/endpoints")["content"]
    secret = endpoint["secrets"][0]["value"]
    assert result.stdout == f"CONVOY_APP_ID=house\nCONVOY_ENDPOINT_SECRET={secret}\n"
    assert "Made: event type created.\n" in result.stderr
    assert f"Made: endpoint {URL}.\n" in result.stderr
    assert "Made: subscription to all event types.\n" in result.stderr


def test_run_twice_it_finds_all_in_place_and_tells_the_same_settings(convoy: Convoy) -> None:
    first, second = (run("convoy", "setup", "--url", URL) for _ in range(2))

    assert second.stdout == first.stdout
    assert second.stderr.startswith("All is in place already.\n")
    assert len(convoy.ask("GET", "/event-types")) == len(CATALOGUE)
    assert len(convoy.ask("GET", "/endpoints")["content"]) == 1
    assert len(convoy.ask("GET", "/subscriptions")["content"]) == 1


def test_an_event_type_that_somebody_changed_is_put_right(convoy: Convoy) -> None:
    run("convoy", "setup", "--url", URL)
    (created,) = [e for e in convoy.ask("GET", "/event-types") if e["name"] == "created"]
    convoy.ask("PUT", f"/event-types/{created['uid']}", json={"description": "other"})

    result = run("convoy", "setup", "--url", URL)

    assert result.stderr.startswith("Changed: event type created.\n")
    assert created in convoy.ask("GET", "/event-types")


def test_a_subscription_that_is_missing_is_made_for_an_endpoint_that_is_there(
    convoy: Convoy,
) -> None:
    endpoint = convoy.endpoint("house", URL, subscribed=False)

    (told,) = lines(run("convoy", "setup", "--url", URL, "--json"))

    assert told["endpoint_id"] == endpoint
    assert [each for each in told["made"] if "event type " not in each] == [
        "subscription to all event types"
    ]


def test_each_owner_has_an_endpoint_of_their_own_at_the_same_url(convoy: Convoy) -> None:
    for owner in ("ann", "bob"):
        told = settings(run("convoy", "setup", "--url", URL, "--owner", owner).stdout)
        assert told["CONVOY_APP_ID"] == owner

    owners = [each["owner_id"] for each in convoy.ask("GET", "/endpoints")["content"]]
    assert owners == ["ann", "bob"]


def test_without_an_owner_one_is_drawn_and_found_again(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVOY_APP_ID")

    first, second = (settings(run("convoy", "setup", "--url", URL).stdout) for _ in range(2))

    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first["CONVOY_APP_ID"])
    assert second == first


def test_the_tables_need_no_names_yet(convoy: Convoy, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TODOS_TABLE", "OUTBOX_TABLE", "IDEMPOTENCY_TABLE"):
        monkeypatch.delenv(name)

    assert run("convoy", "setup", "--url", URL).exit_code == DONE


def test_the_settings_are_written_into_a_file_that_only_its_owner_can_read(
    convoy: Convoy, tmp_path: Path
) -> None:
    written = tmp_path / "new.env"

    result = run("convoy", "setup", "--url", URL, "--env-file", str(written))

    assert (result.exit_code, result.stdout) == (DONE, "")
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    printed = run("convoy", "setup", "--url", URL).stdout
    assert written.read_text().replace("'", "") == printed


def test_what_else_is_in_the_file_stays(convoy: Convoy, tmp_path: Path) -> None:
    written = tmp_path / "old.env"
    written.write_text("# ours\nCONVOY_APP_ID=before\nPUBLISH_READS=false\n")

    run("convoy", "setup", "--url", URL, "--env-file", str(written))

    first, second, third, fourth = written.read_text().splitlines()
    assert (first, third) == ("# ours", "PUBLISH_READS=false")
    assert second.replace("'", "") == "CONVOY_APP_ID=house"
    assert fourth.startswith("CONVOY_ENDPOINT_SECRET=")


def test_the_secret_that_it_tells_is_the_one_that_events_are_signed_with(convoy: Convoy) -> None:
    assert run("convoy", "setup", "--url", convoy.receiver).exit_code == DONE

    assert run("convoy", "ping").exit_code == DONE  # 401 if it did not verify


@pytest.mark.parametrize("url", ["ftp://x", "example.com/hook", "http://", ""])
def test_a_url_that_can_not_be_is_wrong_usage_and_changes_nothing(convoy: Convoy, url: str) -> None:
    result = run("convoy", "setup", "--url", url)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "--url" in result.stderr
    assert "must be an http or https URL" in result.stderr
    assert convoy.ask("GET", "/event-types") == []
