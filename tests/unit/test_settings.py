"""A missing or wrong setting stops the start, and is named; no secret is shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.settings import LocalSettings, Settings, SettingsError
from infra.local import tables
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

COMPLETE = {
    "CONVOY_API_KEY": "CO.secret",
    "CONVOY_APP_ID": "ann",
    "CONVOY_PROJECT_ID": "p1",
    "CONVOY_BASE_URL": "https://convoy.example.com/api",
    **tables.settings(tables.names()),
}


@pytest.fixture(autouse=True)
def _complete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("name", [name for name in COMPLETE if name != "CONVOY_API_KEY"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=f"{name} is not set") as raised:
        LocalSettings.load()

    assert ".env" in str(raised.value)
    assert str(raised.value).count("\n") == 1


def test_every_missing_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COMPLETE:
        monkeypatch.delenv(name)

    with pytest.raises(SettingsError) as raised:
        LocalSettings.load()

    assert set(re.findall("^[A-Z_]+(?=:| is)", str(raised.value), re.MULTILINE)) == set(COMPLETE)


@pytest.mark.parametrize("owner", [None, "", " "])
def test_lambda_needs_an_app_id_only_for_anonymous_callers(
    monkeypatch: pytest.MonkeyPatch, owner: str | None
) -> None:
    monkeypatch.delenv("CONVOY_APP_ID")
    if owner is not None:
        monkeypatch.setenv("CONVOY_APP_ID", owner)
    assert Settings.load().convoy_app_id == ""
    monkeypatch.setenv("SIGN_IN", "anonymous")

    with pytest.raises(SettingsError, match=r"^SIGN_IN: anonymous needs CONVOY_APP_ID"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONVOY_BASE_URL", "https://convoy.example.com"),
        ("CONVOY_BASE_URL", "convoy.example.com/api"),
        ("CONVOY_BASE_URL", "https://convoy.example.com/x?y=/api"),
        ("CONVOY_BASE_URL", "https:///api"),
        ("CONVOY_BASE_URL", "https://convoy.example.com:port/api"),
        ("CONVOY_BASE_URL", "https://convoy.example.com:99999/api"),
        ("CONVOY_BASE_URL", "https://[::1/api"),
        ("CONVOY_BASE_URL", "https://convoy example.com/api"),
        ("CONVOY_BASE_URL", "ftp://convoy.example.com/api"),
        ("CONVOY_BASE_URL", "https://ann:CO.secret@convoy.example.com/api"),
        ("CONVOY_BASE_URL", "https://CO.secret@convoy.example.com/api"),
        ("CONVOY_BASE_URL", "https://convoy.example.com/api?"),
        ("CONVOY_BASE_URL", "https://convoy.example.com/api#"),
        ("CONVOY_APP_ID", "x" * 1025),
        ("CONVOY_DEADLINE_S", "0"),
        ("CONVOY_DEADLINE_S", "11"),
        ("CONVOY_DEADLINE_S", "nan"),
        ("CONVOY_DEADLINE_S", "soon"),
        ("PUBLISH_READS", "perhaps"),
        ("ACCESS_LOG", "long"),
        ("SIGN_IN", "JWT"),
        ("SIGN_IN", "jwt,iam"),
        ("CONVOY_API_KEY", "CO.sécret"),
        ("CONVOY_API_KEY", "CO.sec\nret"),
        ("METRICS_NAMESPACE", ":todo"),
        ("METRICS_NAMESPACE", "x" * 256),
        ("BASE_PATH", "/"),
        ("BASE_PATH", "/a//b"),
        ("BASE_PATH", "/a b"),
        ("BASE_PATH", "/%76"),
        ("BASE_PATH", "/v1?x"),
        ("BASE_PATH", "https://api.example.com/v1"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=f"^{name}: ") as raised:
        Settings.load()

    assert "CO.sec" not in str(raised.value)


@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_variable_means_its_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, blank: str
) -> None:
    """Also if `.env` has another value: the environment wins."""
    defaults = Settings.load()
    optional = {name.upper() for name, of in Settings.model_fields.items() if not of.is_required()}
    (tmp_path / ".env").write_text("SIGN_IN=iam\nMAX_ENDPOINTS=7\n")

    for name in optional - COMPLETE.keys():
        monkeypatch.setenv(name, blank)

    assert Settings.load() == defaults


@pytest.mark.parametrize("value", ["/shop/v1", "shop/v1", " /shop/v1/ "])
def test_a_base_path_begins_with_a_slash_and_ends_without(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("BASE_PATH", value)

    assert Settings.load().base_path == "/shop/v1"


@pytest.mark.parametrize("sign_in", ["iam", "anonymous"])
def test_a_claim_without_a_token_is_refused(monkeypatch: pytest.MonkeyPatch, sign_in: str) -> None:
    monkeypatch.setenv("SIGN_IN", sign_in)
    monkeypatch.setenv("OWNER_CLAIM", "org_id")

    with pytest.raises(SettingsError, match=f"^OWNER_CLAIM: SIGN_IN={sign_in} has no claims"):
        Settings.load()


@pytest.mark.parametrize("sign_in", ["jwt", "lambda"])
def test_a_claim_has_any_name(monkeypatch: pytest.MonkeyPatch, sign_in: str) -> None:
    monkeypatch.setenv("SIGN_IN", sign_in)
    monkeypatch.setenv("OWNER_CLAIM", " https://issuer.example/org_id ")

    assert Settings.load().owner_claim == "https://issuer.example/org_id"


@pytest.mark.parametrize("url", ["http://convoy:5005/api", "https://[::1]:8002/x/api"])
def test_an_api_root_loses_only_the_space_and_slash_around_it(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CONVOY_BASE_URL", f" {url}/ ")

    assert Settings.load().convoy_base_url == url


@pytest.mark.parametrize("key", [None, "", " "])
@pytest.mark.parametrize("secret", [None, "", " "])
def test_without_a_key_or_a_secret_both_settings_are_named(
    monkeypatch: pytest.MonkeyPatch, key: str | None, secret: str | None
) -> None:
    for name, value in (("CONVOY_API_KEY", key), ("CONVOY_API_KEY_SECRET", secret)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=r"^CONVOY_API_KEY: neither it nor CONVOY_API_KEY_SEC"):
        Settings.load()


def test_a_key_and_a_secret_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVOY_API_KEY_SECRET", "todo/convoy")

    with pytest.raises(SettingsError, match=r"^CONVOY_API_KEY: both it and CONVOY_API_KEY_SECRET"):
        Settings.load()


@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_secret_takes_the_place_of_the_key(
    monkeypatch: pytest.MonkeyPatch, blank: str | None
) -> None:
    monkeypatch.delenv("CONVOY_API_KEY")
    if blank is not None:
        monkeypatch.setenv("CONVOY_API_KEY", blank)
    monkeypatch.setenv("CONVOY_API_KEY_SECRET", " todo/convoy ")

    assert Settings.load().convoy_api_key_secret == "todo/convoy"  # noqa: S105


@pytest.mark.parametrize(
    "placeholder", ["<key>", "changeme", "CHANGE_ME", "change-this", "ReplaceMe", "your-api-key"]
)
def test_a_placeholder_is_no_key(monkeypatch: pytest.MonkeyPatch, placeholder: str) -> None:
    monkeypatch.setenv("CONVOY_API_KEY", placeholder)

    with pytest.raises(SettingsError, match=r"^CONVOY_API_KEY: is a placeholder") as raised:
        Settings.load()

    assert placeholder not in str(raised.value)


@pytest.mark.parametrize("key", ["Bearer CO.secret", "bearer CO.secret", "Bearer", "CO. secret"])
def test_a_key_with_the_word_of_its_header_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("CONVOY_API_KEY", key)

    with pytest.raises(SettingsError, match=r"^CONVOY_API_KEY: must be the key alone") as raised:
        Settings.load()

    assert "secret" not in str(raised.value)


def test_a_newline_after_the_key_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVOY_API_KEY", "CO.secret\n")

    assert Settings.load().convoy_api_key.get_secret_value() == "CO.secret"


def test_the_key_is_not_shown_when_settings_are_printed() -> None:
    assert "CO.secret" not in repr(Settings.load())


def test_a_dotenv_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("CONVOY_APP_ID=bob\nRESOURCES_TABLE=other\nUNRELATED=1\n")
    monkeypatch.delenv("CONVOY_APP_ID")

    settings = Settings.load()

    assert (settings.convoy_app_id, settings.resources_table) == ("bob", "resources")


def test_a_dotenv_file_that_is_not_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CONVOY_APP_ID=bob\n", encoding="utf-16")

    with pytest.raises(SettingsError, match=r"^\.env is not text in UTF-8: invalid start byte"):
        Settings.load()


def test_the_example_of_a_dotenv_file_has_every_setting() -> None:
    names = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert sorted(names) == sorted(name.upper() for name in Settings.model_fields)
