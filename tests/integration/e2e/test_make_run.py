"""`make run`: its output, its errors, and its end."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from app.domain.events import PING
from infra.local import dotenv_file, processes
from tests.foreign_requests import foreign, refused_at
from tests.integration.e2e.stacks import STOP_S, end_of, local_stack, own_ports, started
from tests.linux import children_of, ports_of
from tests.product import CHANGED, NEW, PATH, RESOURCE
from tests.support import PATIENCE_S, JsonObject

if TYPE_CHECKING:
    from tests.integration.e2e.stacks import Stack


def test_the_tutorials_calls_arrive_as_six_event_types_in_order(stack: Stack) -> None:
    with httpx.Client(base_url=stack.api, timeout=PATIENCE_S) as http:
        earlier = len(http.get(stack.inbox).json()["events"])
        answers = [
            http.get("/"),
            http.post(PATH, json={"id": 1} | NEW),
            http.put(f"{PATH}/1", json=CHANGED),
            http.get(PATH),
            http.delete(f"{PATH}/1"),
            http.delete(f"{PATH}/1"),
        ]
        events = http.get(stack.inbox).json()["events"][earlier:]

    assert [answer.status_code for answer in answers] == [200, 201, 200, 200, 200, 404]
    of = RESOURCE.events
    types = (PING, of.created, of.updated, of.retrieved, of.deleted, of.failed)
    assert [event["event_type"] for event in events] == [each.name for each in types]
    keys = [answers[n].headers["webhook-id"] for n in (1, 2, 4)]
    assert [events[n]["idempotency_key"] for n in (1, 2, 4)] == keys


def test_a_change_is_in_the_log_at_once_and_in_its_list_after_2_s(stack: Stack) -> None:
    began = datetime.now(UTC)
    with httpx.Client(base_url=stack.api, timeout=PATIENCE_S) as http:
        event_id = http.post(PATH, json=NEW).headers["webhook-id"]
        event = http.get(f"/events/{event_id}").json()["data"]
        page: JsonObject = {"data": []}
        while not page["data"]:
            assert datetime.now(UTC) < began + timedelta(seconds=PATIENCE_S)
            page = http.get("/events", params={"after": began.isoformat()}).json()
            assert datetime.fromisoformat(page["until"]) >= began - timedelta(seconds=3)

    assert event["event"] == RESOURCE.events.created.event
    assert page["data"] == [event]


def test_every_port_refuses_the_pages_of_other_origins(stack: Stack) -> None:
    ports = ports_of(children_of(stack.process.pid))

    assert len(ports) == 3
    for port in ports:
        assert refused_at(port) == foreign(port).keys()


def test_the_greeting_has_a_curl_to_try(stack: Stack) -> None:
    assert f"curl -i {stack.api}{PATH} -H" in stack.greeting
    assert f"curl {stack.inbox}" in stack.greeting


def test_a_second_stack_reports_every_busy_port(stack: Stack) -> None:
    api, convoy = urlsplit(stack.api).port, urlsplit(stack.inbox).port

    code, errors = end_of("--dynamodb=0", API_PORT=str(api), CONVOY_PORT=str(convoy))

    assert code == 1
    convoys, apis, advice = errors.splitlines()
    assert convoys == f"error: port {convoy} (convoy) can't be used: Address already in use."
    assert apis == f"port {api} (api) can't be used: Address already in use."
    assert advice.endswith("take any free port: CONVOY_PORT=0 API_PORT=0 make run")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_everything_that_was_started(
    stack_to_end: Stack, number: signal.Signals
) -> None:
    children = children_of(stack_to_end.process.pid)
    assert stack_to_end.script.exists()
    stack_to_end.process.send_signal(number)
    _, errors = stack_to_end.process.communicate(timeout=STOP_S)

    assert (stack_to_end.process.returncode, errors) == (0, "")
    assert not stack_to_end.script.exists()
    assert len(children) == 4
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


@pytest.mark.parametrize(("module", "imported"), [("infra.local", "pydantic"), ("app", "typer")])
def test_an_interrupt_while_it_is_imported_leaves_no_traceback(
    tmp_path: Path, module: str, imported: str
) -> None:
    interrupt = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    (tmp_path / f"{imported}.py").write_text(interrupt)
    command = (sys.executable, "-m", module)

    with started(command=command, PYTHONPATH=str(tmp_path)) as process:
        _, errors = process.communicate(timeout=STOP_S)

    assert (process.returncode, errors) == (-signal.SIGINT, "")


def test_the_end_of_one_process_ends_all_and_is_reported(stack_to_end: Stack) -> None:
    (api,) = children_of(stack_to_end.process.pid, "uvicorn")
    os.kill(api, signal.SIGKILL)
    _, errors = stack_to_end.process.communicate(timeout=STOP_S)

    assert stack_to_end.process.returncode == 1
    assert "api ended with code -9" in errors


def test_make_run_starts_the_stack_and_one_interrupt_ends_it() -> None:
    with local_stack(command=["make", "run", f"ARGS={' '.join(own_ports())}"]) as stack:
        assert httpx.get(stack.api).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(stack.api)


@pytest.mark.parametrize("name", ["api", "dynamodb", "convoy"])
def test_a_busy_port_is_named_with_what_to_do(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        others = [f"--{other}=0" for other in ("api", "dynamodb", "convoy") if other != name]
        code, errors = end_of(*others, **{f"{name.upper()}_PORT": str(port)})

    assert code == 1
    assert f"error: port {port} ({name}) can't be used: Address already in use" in errors
    assert f"{name.upper()}_PORT=" in errors


@pytest.mark.parametrize(
    ("api", "convoy", "message"),
    [
        ("99999", "0", "error: port 99999 (api) can't be used: bind(): port must be 0-65535"),
        ("-1", "0", "error: port -1 (api) can't be used: bind(): port must be 0-65535"),
        ("9123", "9123", "error: port 9123 (api) is given twice"),
    ],
)
def test_an_impossible_port_is_reported(api: str, convoy: str, message: str) -> None:
    code, errors = end_of(f"--api={api}", "--dynamodb=0", f"--convoy={convoy}")

    assert code == 1
    assert message in errors


def test_a_key_selects_the_real_convoy_and_missing_settings_are_named(
    tmp_path: Path,
) -> None:
    dotenv = tmp_path / "env"
    dotenv.write_text("CONVOY_API_KEY=CO.real\n")

    code, errors = end_of("--api=0", "--dynamodb=0", f"--env-file={dotenv}")

    assert code == 1
    missing = ["CONVOY_APP_ID", "CONVOY_PROJECT_ID", "CONVOY_BASE_URL"]
    assert re.findall(r"(\w+) is not set", errors) == missing


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (b"# mine\nCONVOY_API_KEI=CO.real\n", "{}, line 2: CONVOY_API_KEI is no setting. "),
        (b"CONVOY_API_KEY CO.real\n", "{}, line 1 is not NAME=value. "),
        (b'CONVOY_API_KEY="CO.real\n', "{}, line 1 is not NAME=value. "),
        (b"\xff\xfeC\x00", "{} can't be read: 'utf-8' codec can't decode"),
    ],
)
def test_a_mistake_in_the_env_file_is_an_error(
    tmp_path: Path, written: bytes, message: str
) -> None:
    dotenv = tmp_path / "env"
    dotenv.write_bytes(written)

    code, errors = end_of(f"--env-file={dotenv}")

    assert code == 1
    assert errors.startswith(f"error: {message.format(dotenv)}")
    assert "CO.real" not in errors


def test_an_env_file_that_convoy_setup_wrote_is_valid(tmp_path: Path) -> None:
    dotenv = tmp_path / "env"
    dotenv.write_text("CONVOY_APP_ID='a b'\nCONVOY_ENDPOINT_SECRET=x\nAWS_PROFILE\n")

    assert dotenv_file.read(dotenv) == {
        "CONVOY_APP_ID": "a b",
        "CONVOY_ENDPOINT_SECRET": "x",
        "AWS_PROFILE": "",
    }


def test_a_log_folder_that_can_not_be_written_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".local").touch()
    monkeypatch.setattr(processes, "LOGS", tmp_path / ".local")

    with pytest.raises(processes.StackError, match=r"folder of the logs, .*\.local, can't be writ"):
        processes.create_log_folder()
