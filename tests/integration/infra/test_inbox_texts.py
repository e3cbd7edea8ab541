"""What the inbox says of an event, a delivery and a row: its JavaScript, called in Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from tests.paths import ROOT
from tests.support import missing

if TYPE_CHECKING:
    from tests.support import JsonObject

TEXTS = ROOT / "infra" / "fake_convoy" / "page" / "texts.js"
LOST = "✗ lost from Convoy\u2019s queue"

_CALL_EACH = f"""
import {{ readFileSync }} from 'node:fs';
const texts = await import('data:text/javascript,'
  + encodeURIComponent(readFileSync({json.dumps(str(TEXTS))}, 'utf8')));
const cases = JSON.parse(readFileSync(0));
console.log(JSON.stringify(cases.map(([name, value]) => texts[name](value))));
"""


def call_each(*cases: tuple[str, object]) -> list[Any]:
    """The answers of the functions of texts.js. Skips the test without Node.js."""
    node = shutil.which("node")
    if node is None:
        missing("node", "needs Node.js")
    done = subprocess.run(  # noqa: S603
        [node, "--input-type=module", "-e", _CALL_EACH],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


def delivery(status: str, attempts: str = "", state: str = "", url: str = "/") -> JsonObject:
    """`attempts`: a + for each that arrived, a - for another one."""
    made = [{"arrived": each == "+"} for each in attempts]
    endpoint = {"url": url, "uid": f"01KB-{url[-4:]}"}
    about = {"status": status, "state": state, "next_send_time": "soon", "endpoint": endpoint}
    return about | {"attempts": made}


OUTCOMES = [
    (delivery("Success", "+"), "good", "✓ delivered"),
    (delivery("Success", "--+"), "good", "✓ delivered at attempt 3"),
    (delivery("Success", "++"), "good", "✓ delivered, resent"),
    (delivery("Success", "-+-+"), "good", "✓ delivered at attempt 2, resent 2 times"),
    (delivery("Failure", "-"), "bad", "✗ failed after 1 attempt"),
    (delivery("Failure", "--"), "bad", "✗ failed after 2 attempts"),
    (delivery("Failure", "+--"), "bad", "✗ delivered before; resending failed"),
    (delivery("Discarded"), "bad", "✗ discarded"),
    (delivery("Retry", "-", "waiting"), "busy", "↻ attempt 2 in "),
    (delivery("Retry", "-", "lost"), "bad", LOST),
    (delivery("Scheduled", "", "waiting"), "busy", "… scheduled"),
    (delivery("Processing", "", "lost"), "bad", LOST),
    (delivery("Processing", "", "waiting"), "busy", "… sending"),
]


def test_a_resent_delivery_reads_as_delivered_and_resent() -> None:
    answers = call_each(*(("outcomeOf", each) for each, _, _ in OUTCOMES))

    assert [(each["kind"], each["text"]) for each in answers] == [row[1:] for row in OUTCOMES]


def test_each_state_that_is_no_success_says_how_it_heals() -> None:
    cases = [each for each, _, _ in OUTCOMES]

    healings = call_each(*(("healingOf", each) for each in cases))

    heals = {each["status"] for each, healing in zip(cases, healings, strict=True) if healing}
    assert heals == {"Failure", "Discarded", "Retry", "Processing"}
    assert healings[0] is None


EVENT = {"storable": True, "is_duplicate_event": False, "states": [], "status": "Success"}


def test_each_event_has_its_outcome_and_two_endpoints_are_told_apart() -> None:
    ends = ["http://h/a", "http://h/b?x", "https://other/a"]
    first, second, other = (delivery("Success", "+", "delivered", url) for url in ends)
    same = second | {"endpoint": first["endpoint"] | {"uid": "01KB-TWIN"}}

    *texts, lost = call_each(
        ("outcomesOf", EVENT | {"deliveries": [first]}),
        ("outcomesOf", EVENT | {"deliveries": [first, second]}),
        ("outcomesOf", EVENT | {"deliveries": [first, other]}),
        ("outcomesOf", EVENT | {"deliveries": [first, same]}),
        ("outcomesOf", EVENT | {"deliveries": [], "states": ["lost"], "status": "Pending"}),
    )

    assert [[each.get("label") for each in outcomes] for outcomes in texts] == [
        [None], ["/a", "/b?x"], ["h/a", "other/a"], ["/a …/h/a", "/a …TWIN"],
    ]  # fmt: skip
    assert [each["text"] for each in lost] == [LOST]


def published(occurred: str, key: str = "e1") -> JsonObject:
    data = {"id": "e1", "occurred_at": occurred}
    return {"data": data, "acknowledged_at": "2026-11-24T12:01:00.5Z", "idempotency_key": key}


def test_an_event_that_the_relay_published_is_late_and_others_are_not() -> None:
    lates = call_each(
        ("secondsLate", published("2026-11-24T12:00:00.5Z")),
        ("secondsLate", published("2026-11-24T12:00:00.5Z", "e1.2")),
        ("secondsLate", published("2026-11-24T12:00:58Z")),
        ("secondsLate", published("2020-11-24T12:00:00Z", "another")),
        ("secondsLate", published("") | {"data": None}),
    )

    assert lates == [60, 60, 0, 0, 0]


ROW: JsonObject = {"state": "waiting", "in_convoy": "none", "reason": "", "attempts": 0}
ROWS: list[tuple[JsonObject, str, str]] = [
    ({"in_convoy": "handled"}, "good", "the relay deletes the row"),
    ({"in_convoy": "waiting"}, "busy", "s queue"),
    ({"in_convoy": "lost", "reason": "503"}, "bad", "the relay publishes it again"),
    ({"in_convoy": "stuck"}, "bad", "the relay replays it"),
    ({"reason": "503", "attempts": 1}, "busy", "did not take it (1 attempt): 503"),
    ({}, "busy", "not in Convoy yet"),
    ({"state": "failed", "reason": "400."}, "bad", "parked: 400. The command “redrive”"),
    ({"state": "unreadable", "reason": "It can't be read"}, "bad", "It can't be read"),
]


def test_each_row_of_the_outbox_says_what_comes_next() -> None:
    answers = call_each(*(("rowOf", ROW | row) for row, _, _ in ROWS))

    for answer, (_, kind, part) in zip(answers, ROWS, strict=True):
        assert (answer["kind"], part in answer["text"]) == (kind, True), answer


def test_a_failed_request_is_named_as_such() -> None:
    about = {"data": {"todo_id": 99, "description": "Todo not found."}}

    assert call_each(
        ("aboutOf", about), ("aboutOf", {"data": {"order": {"id": "A-1", "paid": True}}}),
        ("aboutOf", {"data": None}), ("isFailure", {"event_type": "failed"}),
        ("isFailure", {"event_type": "order.failed"}), ("isFailure", {"event_type": "created"}),
    ) == ["#99 Todo not found.", "#A-1", "", True, True, False]  # fmt: skip
