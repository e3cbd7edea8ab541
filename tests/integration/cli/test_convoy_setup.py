"""`convoy setup`: what it makes, changes and prints."""

from __future__ import annotations

import io
import re
import stat
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values

from app.http.webhooks import DIALECT
from infra.fake_convoy.resources import PROJECT
from infra.local import tables
from tests.integration.cli.shell import DONE, NOT_DONE, USAGE, lines, run, soon
from tests.support import WEBHOOKS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stand_in import Convoy

URL = "http://127.0.0.1:9/webhooks"


def settings(stdout: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.+)$", stdout, re.MULTILINE))


def test_setup_makes_event_types_an_endpoint_and_its_subscription(
    convoy: Convoy,
) -> None:
    result = run("convoy", "setup", "--url", URL)

    assert result.exit_code == DONE
    types = {each["name"]: each for each in convoy.ask("GET", "/event-types")}
    assert types.keys() == {"*", *(event_type.name for event_type in WEBHOOKS.event_types)}
    for event_type in WEBHOOKS.event_types:
        schema = types[event_type.name]["json_schema"]
        assert schema.pop("$schema") == DIALECT
        assert schema == WEBHOOKS.schema(event_type)
    (endpoint,) = convoy.ask("GET", "/endpoints")["content"]
    assert (endpoint["url"], endpoint["owner_id"]) == (URL, "house")
    assert endpoint["advanced_signatures"] is True
    (subscription,) = convoy.ask("GET", "/subscriptions")["content"]
    assert subscription["endpoint_metadata"]["uid"] == endpoint["uid"]


def test_stdout_has_the_settings_and_stderr_has_what_was_made(convoy: Convoy) -> None:
    result = run("convoy", "setup", "--url", URL)

    (endpoint,) = convoy.ask("GET", "/endpoints")["content"]
    secret = endpoint["secrets"][0]["value"]
    assert result.stdout == f"CONVOY_APP_ID=house\nCONVOY_ENDPOINT_SECRET={secret}\n"
    assert "Made: event type created.\n" in result.stderr
    assert f"Made: endpoint {URL}.\n" in result.stderr
    assert "Made: subscription to all event types.\n" in result.stderr


def test_a_second_run_changes_nothing_and_prints_the_same_settings(convoy: Convoy) -> None:
    first, second = (run("convoy", "setup", "--url", URL) for _ in range(2))

    assert second.stdout == first.stdout
    assert second.stderr.startswith("All is in place already.\n")
    assert len(convoy.ask("GET", "/event-types")) == len(WEBHOOKS.event_types) + 1
    assert len(convoy.ask("GET", "/endpoints")["content"]) == 1
    assert len(convoy.ask("GET", "/subscriptions")["content"]) == 1


def test_a_changed_event_type_is_corrected(convoy: Convoy) -> None:
    run("convoy", "setup", "--url", URL)
    (created,) = [e for e in convoy.ask("GET", "/event-types") if e["name"] == "created"]
    convoy.ask("PUT", f"/event-types/{created['uid']}", json={"description": "other"})

    result = run("convoy", "setup", "--url", URL)

    assert result.stderr.startswith("Changed: event type created.\n")
    assert created in convoy.ask("GET", "/event-types")


def test_an_existing_endpoint_gets_its_missing_subscription(
    convoy: Convoy,
) -> None:
    endpoint = convoy.endpoint("house", URL, subscribed=False)

    (output,) = lines(run("convoy", "setup", "--url", URL, "--json"))

    assert output["endpoint_id"] == endpoint
    assert [each for each in output["made"] if "event type " not in each] == [
        "subscription to all event types"
    ]


def test_two_owners_have_separate_endpoints_at_one_url(convoy: Convoy) -> None:
    for owner in ("ann", "bob"):
        output = settings(run("convoy", "setup", "--url", URL, "--owner", owner).stdout)
        assert output["CONVOY_APP_ID"] == owner

    owners = [each["owner_id"] for each in convoy.ask("GET", "/endpoints")["content"]]
    assert owners == ["bob", "ann"]


def test_without_an_owner_a_new_one_is_made(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVOY_APP_ID")

    made = settings(run("convoy", "setup", "--url", URL).stdout)["CONVOY_APP_ID"]

    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made)
    assert [each["owner_id"] for each in convoy.ask("GET", "/endpoints")["content"]] == [made]


def test_an_endpoint_that_a_customer_made_at_the_url_is_not_taken_unasked(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer knows its secret, and would get the events."""
    monkeypatch.delenv("CONVOY_APP_ID")
    owner = "mallory\nCONVOY_API_KEY=evil\\"
    convoy.ask("POST", "/endpoints", json={"name": "a", "url": URL, "owner_id": owner})

    refused = run("convoy", "setup", "--url", URL)

    assert (refused.exit_code, refused.stdout) == (NOT_DONE, "")
    shown = "mallory\N{REPLACEMENT CHARACTER}CONVOY_API_KEY=evil\\ has an endpoint at this URL"
    assert refused.stderr.startswith(shown)
    assert len(refused.stderr.splitlines()) == 2
    assert len(convoy.ask("GET", "/event-types")) == 1
    made = settings(run("convoy", "setup", "--url", URL, "--owner", "me").stdout)
    assert made["CONVOY_APP_ID"] == "me"


def test_setup_needs_no_table_names(convoy: Convoy, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tables.settings(tables.names()):
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


def test_other_settings_in_the_file_stay(convoy: Convoy, tmp_path: Path) -> None:
    written = tmp_path / "old.env"
    written.write_text("# ours\nCONVOY_APP_ID=before\nPUBLISH_READS=false\n")

    run("convoy", "setup", "--url", URL, "--env-file", str(written))

    first, second, third, fourth = written.read_text().splitlines()
    assert (first, third) == ("# ours", "PUBLISH_READS=false")
    assert second.replace("'", "") == "CONVOY_APP_ID=house"
    assert fourth.startswith("CONVOY_ENDPOINT_SECRET=")


def test_events_are_signed_with_the_printed_secret(convoy: Convoy) -> None:
    assert run("convoy", "setup", "--url", convoy.receiver).exit_code == DONE

    assert run("convoy", "ping", wait=soon).exit_code == DONE  # 401 if it did not verify


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "example.com/hook", "http://", "", "http://[", "http://x:999999/", "http://x:0/",
     "http://x/\n"],
)  # fmt: skip
def test_an_invalid_url_is_wrong_usage_and_changes_nothing(convoy: Convoy, url: str) -> None:
    result = run("convoy", "setup", "--url", url)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "--url" in result.stderr
    assert "must be an http or https URL" in result.stderr
    assert len(convoy.ask("GET", "/event-types")) == 1
    assert convoy.ask("GET", "/endpoints")["content"] == []


def test_an_unwritable_file_is_wrong_usage_and_changes_nothing(
    convoy: Convoy, tmp_path: Path
) -> None:
    for path in (tmp_path / "no" / ".env", tmp_path):
        result = run("convoy", "setup", "--url", URL, "--env-file", str(path))

        assert (result.exit_code, result.stdout) == (USAGE, "")
        assert "--env-file" in result.stderr
    assert convoy.ask("GET", "/endpoints")["content"] == []


@pytest.mark.parametrize("owner", ["", " ", "ann\nCONVOY_API_KEY=evil", "\x1b[31m"])
def test_a_blank_owner_or_one_with_control_characters_is_wrong_usage(
    convoy: Convoy, owner: str
) -> None:
    result = run("convoy", "setup", "--url", URL, "--owner", owner)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "--owner" in result.stderr


@pytest.mark.parametrize(
    "owner", ["auth0|1", "o'neil #1 $x", 'a "b" \\c', "Größer", "arn:aws:iam::1:user/a"]
)
def test_dotenv_reads_an_owner_unchanged_from_stdout_and_file(
    convoy: Convoy, tmp_path: Path, owner: str
) -> None:
    written = tmp_path / "written.env"
    command = ["convoy", "setup", "--url", URL, "--owner", owner]

    printed = run(*command).stdout
    run(*command, "--env-file", str(written))

    assert dotenv_values(stream=io.StringIO(printed))["CONVOY_APP_ID"] == owner
    assert dotenv_values(written)["CONVOY_APP_ID"] == owner


def test_with_json_the_file_is_written_too(convoy: Convoy, tmp_path: Path) -> None:
    written = tmp_path / ".env"

    (output,) = lines(run("convoy", "setup", "--url", URL, "--json", "--env-file", str(written)))

    assert dotenv_values(written)["CONVOY_ENDPOINT_SECRET"] == output["secret"]


def test_an_endpoint_without_an_owner_is_not_used(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONVOY_APP_ID")
    convoy.ask("POST", "/endpoints", json={"name": "nobody's", "url": URL})

    output = settings(run("convoy", "setup", "--url", URL).stdout)

    assert len(output["CONVOY_APP_ID"]) == 36


def test_an_endpoint_that_receivers_can_not_use_is_code_1(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = {"header": "X-Signature", "versions": [{"hash": "SHA512", "encoding": "base64"}]}
    monkeypatch.setitem(PROJECT["config"], "signature", signature)
    simple = {"name": "a", "url": URL, "owner_id": "house", "advanced_signatures": False}
    convoy.ask("POST", "/endpoints", json=simple | {"status": "paused"})

    result = run("convoy", "setup", "--url", URL)

    assert result.exit_code == NOT_DONE
    assert "CONVOY_APP_ID=house\n" in result.stdout
    assert "But the endpoint is paused, and Convoy discards its deliveries" in result.stderr
    assert "But the endpoint has simple signatures" in result.stderr
    assert "But the project signs with X-Signature, SHA512, base64, and receivers" in result.stderr
