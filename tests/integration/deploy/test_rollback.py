"""Going back moves what the last deployment moved, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from infra.checks.rollback import Function, Move, RollbackError, check_active, decide, read

MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
SOON = timedelta(minutes=1)


def function(name: str, live: int, *published: datetime, **more: Any) -> Function:
    """Its versions are 1, 2, …: published at these times."""
    return Function(name, live, dict(enumerate(published, start=1)), **more)


def test_functions_of_one_deployment_go_back_together() -> None:
    api = function("api", 2, MONDAY, TUESDAY)
    webhooks = function("webhooks", 3, MONDAY, MONDAY + SOON, TUESDAY + SOON)

    assert decide([api, webhooks]) == [Move("api", 2, 1), Move("webhooks", 3, 2)]


def test_a_function_that_the_deployment_left_alone_stays() -> None:
    api = function("api", 1, MONDAY)
    webhooks = function("webhooks", 2, MONDAY, TUESDAY)

    assert decide([api, webhooks]) == [Move("webhooks", 2, 1)]


def test_versions_that_were_deleted_are_passed_over() -> None:
    api = Function("api", 9, {4: MONDAY, 9: TUESDAY})

    assert decide([api]) == [Move("api", 9, 4)]


def test_a_second_step_back_goes_on_from_the_first() -> None:
    api = function("api", 2, MONDAY, TUESDAY, TUESDAY + timedelta(days=1))

    assert decide([api]) == [Move("api", 2, 1)]


def test_without_an_earlier_version_nothing_moves() -> None:
    api = function("api", 2, MONDAY, TUESDAY)
    webhooks = function("webhooks", 1, TUESDAY)

    with pytest.raises(RollbackError, match="webhooks has no version before 1: deploy the sources"):
        decide([api, webhooks])


def test_while_requests_are_moving_nothing_moves() -> None:
    api = function("api", 2, MONDAY, TUESDAY, shifting=True)

    with pytest.raises(RollbackError, match="aws deploy stop-deployment"):
        decide([api])


def test_a_version_without_its_snapshot_gets_no_request() -> None:
    client = Mock()
    client.get_function_configuration.return_value = {"State": "Inactive"}

    with pytest.raises(RollbackError, match=r"version 1 of api is Inactive\. Call it until"):
        check_active(client, [Move("api", 2, 1)])

    client.update_alias.assert_not_called()


def test_every_page_of_versions_and_a_shift_are_read() -> None:
    times = {"1": MONDAY, "2": TUESDAY, "$LATEST": TUESDAY}
    versions = [
        {"Version": version, "LastModified": time.strftime("%Y-%m-%dT%H:%M:%S.000+0000")}
        for version, time in times.items()
    ]
    client = Mock()
    client.list_versions_by_function.side_effect = [
        {"Versions": versions[:1], "NextMarker": "more"},
        {"Versions": versions[1:]},
    ]
    client.get_alias.return_value = {
        "FunctionVersion": "1",
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}},
    }

    found = read(client, "api")

    assert found == function("api", 1, MONDAY, TUESDAY, shifting=True)
    assert client.list_versions_by_function.call_args.kwargs["Marker"] == "more"
