"""What an operator types at night: the commands, queries and reasons of the documents exist."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import shlex
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from typer.main import get_command

from app.cli import outbox_tables
from app.cli.main import cli
from app.convoy import errors
from app.convoy.status_codes import outcome_of
from app.customers import audit
from app.domain.events import Event
from app.outbox.deliveries import DeliveryReport
from app.outbox.event_list import Shown, Stuck, finding
from app.outbox.metrics import Metrics
from app.outbox.outcomes import Accepted
from app.outbox.relay_run import Report
from app.outbox.rows import Row
from app.runtime import logs
from tests.integration.cli.test_help import parse
from tests.paths import ROOT
from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import JsonObject

PAGES = {page.name: page.read_text() for page in ROOT.glob("docs/*.md")}
EVENT = Event("e1", "ann", "created", NOW, {})
RUNBOOK = [*(name for name in PAGES if name.startswith("runbook")), "missed-events.md"]
CALLED = r"(?:\.venv/bin/hookctl|\.local/app-8080|sh \.local/app-prod)"
GROUPS = "outbox|redrive|relay|republish|convoy"


def _commands() -> Iterator[tuple[str, str]]:
    for name, text in PAGES.items():
        if "Written by `make docs`" in text:
            continue
        # Elsewhere, text may name a command without what it needs.
        prose = text if name in RUNBOOK else ""
        for line in re.findall(rf"^ *(?:\$ |{CALLED} )+((?:{GROUPS})\b.*)", text, re.MULTILINE):
            yield name, re.split(r" #| \||;|&&| >", line)[0]
        prose = re.sub(r"^ *```.*?^ *```", "", prose, flags=re.DOTALL | re.MULTILINE)
        for code in re.findall(r"`([^`]+)`", prose):
            words = " ".join(code.split())
            if re.match(rf"(?:hookctl )?(?:{GROUPS})(?: [a-z-]|$)", words):
                yield name, words.removeprefix("hookctl ")


def test_each_command_of_the_documents_is_one_of_hookctl() -> None:
    found, top = sorted(set(_commands())), get_command(cli)

    assert {name for name, _ in found} >= {"operate.md", *RUNBOOK} - {"runbook-requests.md"}
    for _, command in found:
        # Places to fill in.
        given = command.replace("_ID", "").replace("--event-type …", "--event-type created")
        given = given.replace("endpoints --", "endpoints list --")  # the default, as typed out
        given = re.sub(r"URL|https://…\S*|(?<=--url )…", "https://ann.example", given)
        parse(top, shlex.split(given))


def _queries() -> Iterator[str]:
    for name in RUNBOOK:
        blocks = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", PAGES[name], re.DOTALL | re.MULTILINE)
        yield from (text for language, text in blocks if not language)


WORDS = {
    "and", "as", "asc", "by", "coalesce", "count", "desc", "fields", "filter", "in", "ispresent",
    "like", "not", "or", "parse", "sort", "stats",
}  # fmt: skip
"""Commands and functions of Logs Insights."""


def _fields(query: str) -> set[str]:
    """The fields that a query reads, without those that it makes itself."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"|/[^/\n]*/|\.\.\.", " ", query)
    made = {name for names in re.findall(r"\bas ([\w, ]+)", plain) for name in names.split(", ")}
    used = set(re.findall(r"(?<![\w.@])[A-Za-z_][\w.]*", plain))
    return used - made - {name.split()[0] for name in made} - WORDS


def test_each_field_of_a_query_is_in_a_line_of_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    known = {field for line in _lines(caplog) for field in _paths(line)}
    queries = list(_queries())

    assert len(queries) >= 6
    for query in queries:
        assert _fields(query) <= known, query
    for field in re.findall(r"\$\.([\w.]+)", PAGES["runbook.md"]):
        assert field in known


def _paths(line: JsonObject, before: str = "") -> Iterator[str]:
    for name, value in line.items():
        yield before + name
        if isinstance(value, dict):
            yield from _paths(value, f"{before}{name}.")


def _lines(caplog: pytest.LogCaptureFixture) -> Iterator[JsonObject]:
    """One line of each kind: metrics, an audit's, a warning's, Lambda's own."""
    metrics: list[str] = []
    record = Metrics(metrics.append, lambda: NOW, "N", lambda: (None, None))
    record.record_attempt("accepted", EVENT, 1.0)
    record.record_pass(Report(0, 0, 0, 0, 0, 0.0, None, deliveries=DeliveryReport(0, 0, 0, 0, 0)))
    yield from map(json.loads, metrics)
    with caplog.at_level(logging.INFO):
        logging.getLogger("app").warning("failed", extra={"event_id": "e1"})
        route = SimpleNamespace(name="update_endpoint")
        request = SimpleNamespace(scope={"route": route}, path_params={"id": "1"})
        asyncio.run(audit.logged(cast("Any", request), "ann", asyncio.sleep(0)))
    handlers = logging.getLogger().handlers[:]
    try:
        logs.configure(stream := io.StringIO())
        for each in caplog.records:
            logging.getLogger().handle(each)
    finally:
        logging.getLogger().handlers[:] = handlers
    yield from map(json.loads, stream.getvalue().splitlines())
    yield from LAMBDA


LAMBDA: list[JsonObject] = [
    # A call that raised: `log_error` of awslambdaric, with AWS_LAMBDA_LOG_FORMAT=JSON.
    {
        "timestamp": "2026-11-27T02:15:14Z", "level": "ERROR", "errorMessage": "DynamoDB …",
        "errorType": "StoreUnavailable", "requestId": "r-1", "stackTrace": [],
    },
    # A call that ran out of time: `platform.report` (Lambda's Telemetry API, schema 2022-12-13).
    {"time": "", "type": "platform.report", "record": {"requestId": "r-1", "status": "timeout"}},
]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric runs only on Linux")
def test_lambdas_line_of_a_failed_call_has_the_fields_that_the_queries_read() -> None:
    code = """from awslambdaric import bootstrap
bootstrap.log_error(bootstrap.make_error("m", "t", [], "r-1"),
    type("Sink", (), {"log_error": lambda self, lines: print(*lines)})())"""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        env=os.environ | {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
        capture_output=True,
        check=True,
    )

    assert json.loads(done.stdout).keys() == LAMBDA[0].keys()


def _beginnings() -> re.Pattern[str]:
    """The reasons in the first column of the tables of OutboxAge and ParkedRows."""
    text = PAGES["runbook-events.md"].partition("## OutboxAge")[2].partition("## FailedDel")[0]
    cells = re.findall(r"^ +\| ([^|]+) \|", text, re.MULTILINE)
    return re.compile(
        "|".join(_pattern(each) for c in cells for each in re.findall("`([^`]+)`", c))
    )


def _pattern(written: str) -> str:
    """`…` at the beginning stands for a part of a word, at the end for the rest."""
    status = r"\d+: " if written.startswith("not Convoy") else ""
    return status + re.escape(written.rstrip(" …")).replace("…", r"\w*") + r"(?!\w)"


def _reasons() -> Iterator[str]:
    for status in (400, 401, 403, 404, 405, 407, 408, 429, 500, 502, 503, 504):
        outcome = outcome_of(httpx.Response(status, json={"message": "x"}), NOW)
        assert not isinstance(outcome, Accepted)
        yield outcome.reason
    page = outcome_of(httpx.Response(200, html="<p>"), NOW)
    assert not isinstance(page, Accepted)
    yield page.reason
    bases = {errors.NoAnswer, errors.DeadlinePassed, errors.NotSent}
    kinds = {each for each in vars(errors).values() if isinstance(each, type)} - bases
    yield from (f"{each.__name__}: x" for each in kinds)
    for shown in ("Pending", "Processing", "Failure"):
        stuck = finding([Shown("u", "e1", shown, NOW, NOW)], NOW + timedelta(hours=1))
        assert isinstance(stuck, Stuck)
        yield stuck.reason
    for maybe_accepted in (True, False):
        row = Row(EVENT, due_at=NOW, maybe_accepted=maybe_accepted)
        yield re.findall(r"^Reason +(.+)$", outbox_tables.details(row, NOW).plain, re.MULTILINE)[0]


def test_each_reason_of_a_row_is_in_the_runbook() -> None:
    pattern = _beginnings()

    assert [each for each in _reasons() if not pattern.match(each)] == []
