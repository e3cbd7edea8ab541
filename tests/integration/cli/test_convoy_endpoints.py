"""`convoy endpoints`: listed, shown, paused, resumed, given a new secret, deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from app.cli.main import cli
from infra.fake_convoy.project import utc_now
from tests.integration.cli.shell import DONE, NOT_DONE, USAGE, lines, run, usage_error

if TYPE_CHECKING:
    from tests.stand_in import Convoy

URL = "http://127.0.0.1:9/hook"


def secrets(convoy: Convoy, endpoint: str) -> list[str]:
    """Oldest first, without those that sign no more."""
    found = convoy.ask("GET", f"/endpoints/{endpoint}")["secrets"]
    return [each["value"] for each in found if each["deleted_at"] is None]


def status(convoy: Convoy, endpoint: str) -> str:
    found: str = convoy.ask("GET", f"/endpoints/{endpoint}")["status"]
    return found


def test_the_endpoints_are_listed_without_their_secrets(convoy: Convoy) -> None:
    mine = convoy.endpoint("ann", "https://a.example/hook")
    convoy.endpoint("bob", "https://b.example/hook")
    every = [e["secrets"][0]["value"] for e in convoy.ask("GET", "/endpoints")["content"]]

    person, script = run("convoy", "endpoints"), run("convoy", "endpoints", "--json")

    assert (person.exit_code, script.exit_code) == (DONE, DONE)
    assert all(len(line) <= 80 for line in person.stdout.splitlines())
    assert mine in person.stdout
    assert "https://b.example/hook" in person.stdout
    assert lines(script)[1] == {
        "endpoint_id": mine, "owner": "ann", "name": "ann", "url": "https://a.example/hook",
        "status": "active",
    }  # fmt: skip
    for secret in every:
        assert secret not in person.output + script.output


def test_the_endpoints_of_one_owner(convoy: Convoy) -> None:
    convoy.endpoint("ann")
    convoy.endpoint("bob")

    (output,) = lines(run("convoy", "endpoints", "--owner", "bob", "--json"))

    assert output["owner"] == "bob"


def test_without_an_endpoint_the_list_says_how_to_make_one(convoy: Convoy) -> None:
    assert "convoy setup --url" in run("convoy", "endpoints").stdout
    assert run("convoy", "endpoints", "--json").output == ""


@pytest.mark.parametrize("options", [[], ["--json"], ["--owner", "ann"]])
def test_without_a_command_the_endpoints_are_listed(convoy: Convoy, options: list[str]) -> None:
    convoy.endpoint("ann")

    assert run("convoy", "endpoints", *options).stdout == (
        run("convoy", "endpoints", "list", *options).stdout
    )


def test_the_help_names_the_commands_of_endpoints() -> None:
    text = run("convoy", "endpoints", "--help").stdout

    assert all(f" {name} " in text for name in ("list", "show", "pause", "resume", "rotate"))


def test_an_endpoint_is_shown_with_its_event_types_and_without_its_secret(convoy: Convoy) -> None:
    run("convoy", "setup", "--url", URL, "--event-type", "created", "--event-type", "deleted")
    (listed,) = convoy.ask("GET", "/endpoints")["content"]

    person = run("convoy", "endpoints", "show", listed["uid"])
    (script,) = lines(run("convoy", "endpoints", "show", listed["uid"], "--json"))

    assert person.exit_code == DONE
    assert "event types  created, deleted\n" in person.stdout
    assert f"url          {URL}\n" in person.stdout
    assert script == {
        "endpoint_id": listed["uid"], "owner": "house", "name": "127.0.0.1", "url": URL,
        "status": "active", "description": "", "created_at": listed["created_at"],
        "event_types": ["created", "deleted"],
    }  # fmt: skip
    assert listed["secrets"][0]["value"] not in person.output


def test_an_endpoint_to_all_types_or_to_none_says_so(convoy: Convoy) -> None:
    every, none = convoy.endpoint("ann"), convoy.endpoint("bob", subscribed=False)

    assert "event types  all\n" in run("convoy", "endpoints", "show", every).stdout
    shown = run("convoy", "endpoints", "show", none).stdout
    assert "event types  none: it gets no event\n" in shown


def test_a_paused_endpoint_stays_paused_when_it_is_paused_again(convoy: Convoy) -> None:
    """Convoy's own call is a toggle."""
    endpoint = convoy.endpoint("ann")

    first, second = (run("convoy", "endpoints", "pause", endpoint) for _ in range(2))

    assert (first.exit_code, second.exit_code) == (DONE, DONE)
    assert status(convoy, endpoint) == "paused"
    assert (
        first.stdout
        == second.stdout
        == (
            f"{convoy.receiver} is paused.\n"
            f"Convoy discards its deliveries until: hookctl convoy endpoints resume {endpoint}\n"
        )
    )


@pytest.mark.parametrize("before", ["paused", "inactive", "active"])
def test_a_resumed_endpoint_is_active_whatever_it_was(convoy: Convoy, before: str) -> None:
    body = {"name": "ann", "url": convoy.receiver, "owner_id": "ann", "status": before}
    endpoint = convoy.ask("POST", "/endpoints", json=body)["uid"]

    person = run("convoy", "endpoints", "resume", endpoint)
    (script,) = lines(run("convoy", "endpoints", "resume", endpoint, "--json"))

    assert person.exit_code == DONE
    assert status(convoy, endpoint) == script["status"] == "active"
    assert f"convoy resend --failed --since T --endpoint {endpoint}" in person.stdout


def test_an_endpoint_that_convoy_disabled_is_not_paused(convoy: Convoy) -> None:
    body = {"name": "ann", "url": convoy.receiver, "owner_id": "ann", "status": "inactive"}
    endpoint = convoy.ask("POST", "/endpoints", json=body)["uid"]

    result = run("convoy", "endpoints", "pause", endpoint)

    assert (result.exit_code, result.stdout) == (NOT_DONE, "")
    assert "Convoy refused: 400: current endpoint status - inactive" in result.stderr


def test_a_new_secret_is_printed_and_the_old_one_signs_for_the_overlap(convoy: Convoy) -> None:
    endpoint = convoy.endpoint("ann")
    (old,) = secrets(convoy, endpoint)

    result = run("convoy", "endpoints", "rotate", endpoint, "--overlap-h", "2")

    new = result.stdout.rstrip("\n")
    assert result.exit_code == DONE
    assert secrets(convoy, endpoint) == [old, new]
    assert "The old one signs too, for 2 h more." in result.stderr
    assert old not in result.output
    convoy.clock.read = lambda: utc_now() + timedelta(hours=2, seconds=5)
    assert secrets(convoy, endpoint) == [new]


def test_without_an_overlap_the_old_secret_ends_at_once(convoy: Convoy) -> None:
    endpoint = convoy.endpoint("ann")

    person = run("convoy", "endpoints", "rotate", endpoint, "--overlap-h", "0")
    (script,) = lines(run("convoy", "endpoints", "rotate", endpoint, "--overlap-h", "0", "--json"))

    assert "The old one signs too, for some seconds more." in person.stderr
    assert script == {"endpoint_id": endpoint, "secret": script["secret"], "overlap_h": 0}
    assert secrets(convoy, endpoint) == [script["secret"]]


@pytest.mark.parametrize("hours", ["-1", "169", "1.5"])
def test_an_overlap_of_over_a_week_is_wrong_usage(convoy: Convoy, hours: str) -> None:
    endpoint = convoy.endpoint("ann")

    result = run("convoy", "endpoints", "rotate", endpoint, "--overlap-h", hours)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert "--overlap-h" in usage_error(result)
    assert len(secrets(convoy, endpoint)) == 1


def test_an_endpoint_is_deleted_after_a_question(convoy: Convoy) -> None:
    endpoint = convoy.endpoint("ann")
    command = ["convoy", "endpoints", "delete", endpoint]

    no = CliRunner().invoke(cli, command, input="n\n")
    silent = CliRunner().invoke(cli, command, input="")
    before = run("convoy", "endpoints", "--json").stdout
    yes = CliRunner().invoke(cli, command, input="y\n")

    assert (no.exit_code, silent.exit_code, yes.exit_code) == (NOT_DONE, NOT_DONE, DONE)
    assert f"Delete the endpoint {convoy.receiver} of ann? [y/N]" in no.stderr
    assert endpoint in before
    assert yes.stdout.endswith(f"{convoy.receiver} of ann is deleted.\n")
    assert convoy.ask("GET", "/endpoints")["content"] == []


def test_a_script_deletes_without_a_question(convoy: Convoy) -> None:
    endpoint = convoy.endpoint("ann")

    (output,) = lines(run("convoy", "endpoints", "delete", endpoint, "--yes", "--json"))

    assert (output["endpoint_id"], output["status"]) == (endpoint, "deleted")
    assert convoy.ask("GET", "/endpoints")["content"] == []


@pytest.mark.parametrize("command", ["show", "pause", "resume", "rotate", "delete"])
def test_an_unknown_endpoint_is_code_1_and_another_text_wrong_usage(
    convoy: Convoy, command: str
) -> None:
    endpoint = convoy.endpoint("ann")

    unknown = run("convoy", "endpoints", command, "nope")
    wrong = run("convoy", "endpoints", command, f"{endpoint}/pause")

    assert (unknown.exit_code, unknown.stdout) == (NOT_DONE, "")
    assert unknown.stderr == "Convoy has no endpoint nope. List them: hookctl convoy endpoints\n"
    assert (wrong.exit_code, wrong.stdout) == (USAGE, "")
    assert "is not an endpoint's id" in usage_error(wrong)
    assert status(convoy, endpoint) == "active"
