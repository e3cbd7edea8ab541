"""The clients of AWS: botocore's, with fewer handlers."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore import handlers

from app.runtime.aws import session_for

EVENTS = {event.partition(".")[0] for event, *_ in handlers.BUILTIN_HANDLERS} - {"docs"}


def handlers_of(session: botocore.session.Session, event: str) -> list[Any]:
    """Those that botocore calls for the event, in its order. It has no public name for them."""
    emitter: Any = session.get_component("event_emitter")
    return list(emitter._emitter._handlers.prefix_search(event))


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("dynamodb", "dynamodb.TransactWriteItems"),
        ("secretsmanager", "secrets-manager.GetSecretValue"),
    ],
)
def test_a_client_has_all_of_botocores_handlers_for_its_service(
    service: str, operation: str
) -> None:
    whole, ours = botocore.session.get_session(), session_for(service)

    for event in EVENTS:
        name = f"{event}.{operation}"
        assert handlers_of(ours, name) == handlers_of(whole, name), name


def test_a_client_has_no_handlers_of_other_services() -> None:
    of_s3 = "before-parameter-build.s3.PutObject"
    general = handlers_of(session_for("dynamodb"), "before-parameter-build.dynamodb.PutItem")

    assert handlers_of(session_for("dynamodb"), of_s3) == general
    assert len(handlers_of(botocore.session.get_session(), of_s3)) > len(general)
