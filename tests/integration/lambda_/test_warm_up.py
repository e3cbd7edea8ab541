"""Events that are no requests: those that warm a function up are answered, others refused."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.lambda_.gateways import Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.lambda_.gateways import Invoke
    from tests.stand_in import Convoy
    from tests.tables import Outbox

SCHEDULED = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "account": "123456789012",
    "time": "2026-11-24T12:00:00Z",
    "region": "eu-central-1",
}
WARM_UPS: list[Any] = [
    {},
    None,
    SCHEDULED | {"source": "aws.events", "resources": ["arn:aws:events:r"], "detail": {}},
    SCHEDULED | {"source": "aws.scheduler", "resources": ["arn:aws:scheduler:s"], "detail": "{}"},
    {"source": "serverless-plugin-warmup"},
    {"warmer": True, "concurrency": 3},
]
OTHERS: list[Any] = [
    {"Records": [{"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}]},
    SCHEDULED | {"source": "aws.s3", "detail-type": "Object Created", "detail": {}},
    {"warmer": False},
    {"source": ["aws.events"]},
    [],
    "warm",
]


@pytest.fixture(params=["api", "webhooks"])
def function(
    request: pytest.FixtureRequest,
    environment: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
) -> Callable[[Any, Context], Any]:
    """Each function that answers requests, without the tests' own assumptions about answers."""
    environment.setenv("SIGN_IN", "jwt")
    cold_start()
    found: Callable[[Any, Context], Any] = getattr(sys.modules["handler"], request.param)
    return found


def test_an_event_that_only_warms_up_is_answered(
    function: Callable[[Any, Context], Any], convoy: Convoy, outbox: Outbox
) -> None:
    for event in WARM_UPS:
        assert function(event, Context()) == {"warm": True}, event

    assert (convoy.events(), outbox.rows()) == ([], [])


def test_another_event_is_refused_and_so_not_lost(
    function: Callable[[Any, Context], Any],
) -> None:
    for event in OTHERS:
        with pytest.raises(Exception, match=r"The event is no request.*Send it to another") as why:
            function(event, Context())

        assert type(why.value).__name__ == "NoRequest"
        assert "messageId" not in str(why.value)
