"""`convoy setup --event-type`: the event types of an endpoint; and the advice about addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.convoy_admin.project import Project
from app.settings import ConvoySettings
from app.wiring.convoy_admin import ConvoyComponents
from tests.integration.cli.shell import DONE, USAGE, run, usage_error

if TYPE_CHECKING:
    from tests.stand_in import Convoy
    from tests.support import JsonObject

URL = "http://127.0.0.1:9/webhooks"


def types(convoy: Convoy) -> list[str]:
    """The event types of the one subscription."""
    (subscription,) = convoy.ask("GET", "/subscriptions")["content"]
    filters = convoy.ask("GET", f"/subscriptions/{subscription['uid']}/filters")
    return sorted(each["event_type"] for each in filters)


def test_an_endpoint_gets_the_chosen_event_types_and_no_others(convoy: Convoy) -> None:
    chosen = ["--event-type", "created", "--event-type", "deleted", "--event-type", "created"]

    result = run("convoy", "setup", "--url", convoy.receiver, *chosen)

    assert result.exit_code == DONE
    assert "Made: subscription to created, deleted.\n" in result.stderr
    assert types(convoy) == ["created", "deleted"]
    for event_type in ("created", "updated"):
        event: JsonObject = {"owner_id": "house", "event_type": event_type, "data": {}}
        convoy.ask("POST", "/events/fanout", json=event)
    convoy.wait_for_worker()
    assert [each["event_type"] for each in convoy.deliveries()] == ["created"]


def test_the_choice_is_changed_and_kept(convoy: Convoy) -> None:
    def choose(*names: str) -> str:
        options = [option for name in names for option in ("--event-type", name)]
        result = run("convoy", "setup", "--url", URL, *options)
        assert result.exit_code == DONE
        return result.stderr.splitlines()[0]

    choose("created", "deleted")
    assert choose("created", "updated") == "Changed: subscription: it is to created, updated now."
    assert types(convoy) == ["created", "updated"]
    assert choose() == choose("updated", "created") == "All is in place already."
    assert choose("*") == "Changed: subscription: it is to all event types now."
    assert types(convoy) == ["*", "test"]  # the second row marks a later choice of all


def test_no_wanted_event_falls_between_two_choices(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step of a change, an event that is wanted before and after it is delivered."""
    run("convoy", "setup", "--url", URL)
    seen: list[set[str]] = []
    for name in ("add_filter", "delete_filter"):
        original = getattr(Project, name)

        def change(self: Project, *about: str, original: Any = original) -> Any:
            changed = original(self, *about)
            seen.append(set(types(convoy)))
            return changed

        monkeypatch.setattr(Project, name, change)

    for choice in (["created", "deleted"], ["created", "updated"], ["*"]):
        run("convoy", "setup", "--url", URL, *(o for c in choice for o in ("--event-type", c)))

    assert len(seen) == 3 + 2 + 3
    assert all(each & {"*", "created"} for each in seen)
    assert seen[2] == {"created", "deleted"}  # the catch-all row went last


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (["creatd"], "'creatd' is no event type. Give any of ping, retrieved, created,"),
        (["created", "*"], "'*' is every event type: give it alone"),
    ],
)
def test_an_unknown_event_type_is_wrong_usage_and_changes_nothing(
    convoy: Convoy, chosen: list[str], message: str
) -> None:
    options = [option for each in chosen for option in ("--event-type", each)]

    result = run("convoy", "setup", "--url", URL, *options)

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert message in usage_error(result)
    assert convoy.ask("GET", "/endpoints")["content"] == []


@pytest.mark.parametrize(
    ("base_url", "advised"),
    [
        ("https://convoy.example.com/api", True),
        ("https://us.getconvoy.cloud/api", False),
        ("http://localhost:5005/api", False),
        ("http://127.0.0.1:5005/api", False),
    ],
)
def test_a_convoy_with_a_network_of_ones_own_gets_advice(
    convoy: Convoy, monkeypatch: pytest.MonkeyPatch, base_url: str, advised: bool
) -> None:
    """Convoy's API does not show which addresses its workers may connect to."""
    load = ConvoySettings.load
    settings = load().model_copy(update={"convoy_base_url": base_url})
    built = ConvoyComponents.build
    monkeypatch.setattr(ConvoySettings, "load", lambda: settings)
    monkeypatch.setattr(ConvoyComponents, "build", lambda _: built(load()))

    result = run("convoy", "setup", "--url", URL)

    assert result.exit_code == DONE
    assert ("Check that Convoy can't connect to private addresses." in result.stderr) == advised
