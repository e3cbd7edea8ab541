"""Making a project in your own Convoy: its output and its errors."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from infra.local import new_project

if TYPE_CHECKING:
    from typing import Any

ANSWER = {"organisation_id": "o", "api_key": "personal"}
MADE = {"data": {"api_key": {"key": "CO.new"}, "project": {"uid": "p1"}}}


def run(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception, stdin: str = ""
) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def post(url: str, **about: Any) -> httpx.Response:
        asked.append({"url": url, **about})
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(httpx, "post", post)
    monkeypatch.setattr(sys, "argv", ["new_project", "--url", "http://convoy/api"])
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin or json.dumps(ANSWER)))
    new_project.main()
    return asked


def test_it_prints_the_settings_of_the_new_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (asked,) = run(monkeypatch, httpx.Response(201, json=MADE))

    assert asked["url"] == "http://convoy/api/v1/projects"
    assert asked["params"] == {"orgID": "o"}
    assert asked["headers"] == {"authorization": "Bearer personal"}
    assert asked["json"]["type"] == "outgoing"
    assert capsys.readouterr().out.splitlines() == [
        "CONVOY_API_KEY=CO.new",
        "CONVOY_PROJECT_ID=p1",
        "CONVOY_BASE_URL=http://convoy/api",
    ]


@pytest.mark.parametrize(
    "before",
    [
        '{"time":"2026-11-24T12:00:00Z","level":"WARN","msg":"SetMaxOpenConnections not set"}\n',
        "WARN SetMaxOpenConnections not set {or 0}\n",
        "{not json\n",
    ],
)
def test_lines_around_the_answer_are_ignored(monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    (asked,) = run(
        monkeypatch,
        httpx.Response(201, json=MADE),
        before + json.dumps(ANSWER, indent=4) + "\n" + before,
    )

    assert asked["params"] == {"orgID": "o"}
    assert asked["headers"] == {"authorization": "Bearer personal"}


def test_an_answer_without_an_organisation_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, httpx.Response(201, json=MADE), '{"api_key": "personal"}')

    assert "personal" not in str(ended.value)


@pytest.mark.parametrize(
    ("answer", "stdin", "problem"),
    [
        (httpx.Response(400, text="project limit"), "", "made no project: 400 project limit"),
        (httpx.ConnectError("refused"), "", "http://convoy/api does not answer: refused"),
        (httpx.Response(201, json=MADE), "\n", "stdin is empty. Check whether the command"),
        (httpx.Response(201, json=MADE), "nonsense", "stdin has no JSON object"),
        (httpx.Response(201, json=MADE), "[]", "stdin has no JSON object"),
        (httpx.Response(201, json=MADE), "{}", "stdin has no JSON object"),
        (httpx.Response(201, json=MADE), '{"api_key": "personal"', "stdin has no JSON object"),
        (
            httpx.Response(201, json=MADE),
            '{"api_key": "personal"}',
            "stdin has no JSON object",
        ),
    ],
)
def test_each_failure_has_an_error_message(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception, stdin: str, problem: str
) -> None:
    with pytest.raises(SystemExit, match=f"^error: .*{problem}"):
        run(monkeypatch, answer, stdin)
