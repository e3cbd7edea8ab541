"""Moves the functions that the gateway calls back to the last deployment but one.

`make rollback STAGE=prod`. It takes seconds: only the aliases move. The versions have their own
code and settings. Tables, roles, alarms and the relay stay those of the newest deployment.

Exit codes: 0 done, 1 the functions can't go back, 2 wrong usage, 3 AWS is out of reach or refuses.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Answers = Callable[..., dict[str, Any]]

FUNCTIONS = ("api", "webhooks")
"""The functions that the gateway calls, as serverless.yml names them."""

ALIAS = "live"
SAME_DEPLOYMENT = timedelta(minutes=5)
"""A deployment publishes its versions within this time. It publishes only what changed."""

DEADLINES = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3})
NOTHING_MOVED, UNREACHABLE = 1, 3


class Lambda(Protocol):
    """The calls of AWS Lambda's client."""

    get_alias: Answers
    get_function_configuration: Answers
    list_versions_by_function: Answers
    update_alias: Answers


class RollbackError(Exception):
    """The functions can't go back; the message says why, and what to do."""


@dataclass(frozen=True)
class Function:
    """A function, as it is deployed."""

    name: str
    live: int
    """The version that the alias names."""
    published: dict[int, datetime]
    """When each version was published."""
    shifting: bool = False
    """Whether a deployment is moving the requests at the moment."""


@dataclass(frozen=True)
class Move:
    name: str
    current: int
    target: int


def decide(functions: Sequence[Function]) -> list[Move]:
    """The moves to the state before the last deployment. Raises RollbackError."""
    for function in functions:
        if function.shifting:
            raise RollbackError(
                f"a deployment is moving the requests of {function.name}. Stop it, and CodeDeploy"
                " moves them back. `aws deploy list-deployments --include-only-statuses InProgress`"
                " shows its id for `aws deploy stop-deployment --auto-rollback-enabled"
                " --deployment-id …`"
            )
    deployed = max(function.published[function.live] for function in functions)
    changed = [
        function
        for function in functions
        if deployed - function.published[function.live] <= SAME_DEPLOYMENT
    ]
    return [Move(each.name, each.live, _before(each)) for each in changed]


def _before(function: Function) -> int:
    earlier = [version for version in function.published if version < function.live]
    if not earlier:
        raise RollbackError(
            f"{function.name} has no version before {function.live}: deploy the sources that it"
            " is to go back to"
        )
    return max(earlier)


def read(client: Lambda, name: str) -> Function:
    alias = client.get_alias(FunctionName=name, Name=ALIAS)
    published = {
        int(version["Version"]): datetime.fromisoformat(version["LastModified"])
        for version in _versions(client, name)
        if version["Version"] != "$LATEST"
    }
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    return Function(name, int(alias["FunctionVersion"]), published, shifting=bool(weights))


def _versions(client: Lambda, name: str) -> Iterator[dict[str, Any]]:
    marker: dict[str, str] = {}
    while True:
        page = client.list_versions_by_function(FunctionName=name, **marker)
        yield from page["Versions"]
        if "NextMarker" not in page:
            return
        marker = {"Marker": page["NextMarker"]}


def check_active(client: Lambda, moves: Iterable[Move]) -> None:
    """Lambda puts a snapshot aside that nobody used for 14 days. Raises RollbackError."""
    for move in moves:
        version = str(move.target)
        found = client.get_function_configuration(FunctionName=move.name, Qualifier=version)
        state = found.get("State", "Active")
        if state != "Active":
            raise RollbackError(
                f"version {version} of {move.name} is {state}. Call it until it is Active: aws"
                f" lambda invoke --function-name {move.name} --qualifier {version} /dev/null"
            )


def service() -> str:
    """The service's name in serverless.yml: the functions' names begin with it."""
    source = Path(__file__).parents[2] / "serverless.yml"
    found = re.search(r"^service: (\S+)$", source.read_text(), re.MULTILINE)
    if found is None:
        raise RollbackError(f"{source} names no service")
    return found[1]


def go_back(stage: str) -> None:
    client: Lambda = boto3.client("lambda", config=DEADLINES)
    moves = decide([read(client, f"{service()}-{stage}-{each}") for each in FUNCTIONS])
    check_active(client, moves)
    for move in moves:
        client.update_alias(FunctionName=move.name, Name=ALIAS, FunctionVersion=str(move.target))
        print(f"{move.name}: version {move.current} -> {move.target}")
    print("Deploy the sources of these versions too: the next deployment moves the aliases again.")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make rollback", description=__doc__)
    parser.add_argument("stage", help="the stage's name: prod, for example")
    stage: str = parser.parse_args().stage
    try:
        go_back(stage)
    except RollbackError as error:
        print(f"error: {error}.", file=sys.stderr)
        return NOTHING_MOVED
    except (BotoCoreError, ClientError) as error:
        print(f"error: {error}. What was moved is printed above.", file=sys.stderr)
        return UNREACHABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
