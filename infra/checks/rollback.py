"""Moves the functions that the gateway calls back to the versions before the last deployment.

`make rollback STAGE=prod`. It takes seconds: only the aliases move. The versions have their own
code and settings. Tables, roles, alarms and the relay stay those of the newest deployment.

Exit codes: 0 done, 1 the functions can't go back, 2 wrong usage, 3 AWS is out of reach or refuses.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Answers = Callable[..., dict[str, Any]]

FUNCTIONS = ("api", "webhooks")
"""The functions that the gateway calls, as serverless.yml names them."""

ALIAS = "live"
RECORD = "before"
"""The alias of the version before the last deployment (infra/serverless/versions.js)."""

DEADLINES = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3})
NOTHING_MOVED, UNREACHABLE = 1, 3


class Lambda(Protocol):
    """The calls of AWS Lambda's client."""

    get_alias: Answers
    get_function_configuration: Answers
    update_alias: Answers


class RollbackError(Exception):
    """The functions can't go back; the message says why, and what to do."""


@dataclass(frozen=True)
class Function:
    """A function, as it is deployed. Versions are the texts that Lambda gives."""

    name: str
    live: str
    """The version that the alias names."""
    revision: str
    """The alias's state, as Lambda names it: another one is not moved."""
    before: str
    """The version before the last deployment."""
    after: str
    """The version that the last deployment left."""
    shifting: bool = False
    """Whether a deployment is moving the requests at the moment."""


@dataclass(frozen=True)
class Move:
    name: str
    current: str
    target: str
    revision: str


def decide(functions: Sequence[Function]) -> list[Move]:
    """The moves to the state before the last deployment. Raises RollbackError."""
    for function in functions:
        _check(function)
    moves = [
        Move(each.name, each.live, each.before, each.revision)
        for each in functions
        if each.live != each.before
    ]
    if not moves:
        raise RollbackError(
            "the functions are at the versions before the last deployment already. To go back"
            " further, deploy older sources"
        )
    return moves


def _check(function: Function) -> None:
    if function.shifting:
        raise RollbackError(
            f"a deployment is moving the requests of {function.name}. Stop it, and CodeDeploy"
            " moves them back. `aws deploy list-deployments --include-only-statuses InProgress`"
            " shows its id for `aws deploy stop-deployment --auto-rollback-enabled"
            " --deployment-id …`"
        )
    if function.live not in {function.before, function.after}:
        raise RollbackError(
            f"{function.name} is at version {function.live}, and the record is of version"
            f" {function.after}: a deployment ended without its record, or somebody moved the"
            " alias. Move it to a version that you know: aws lambda update-alias"
            f" --function-name {function.name} --name {ALIAS} --function-version …"
        )


def read(client: Lambda, name: str) -> Function:
    """Raises RollbackError if no version before is recorded."""
    alias = client.get_alias(FunctionName=name, Name=ALIAS)
    try:
        record = client.get_alias(FunctionName=name, Name=RECORD)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise RollbackError(
            f"{name} has no version before {alias['FunctionVersion']}: deploy the sources that it"
            " is to go back to"
        ) from error
    return Function(
        name,
        alias["FunctionVersion"],
        alias["RevisionId"],
        before=record["FunctionVersion"],
        after=record["Description"].removeprefix("before version "),
        shifting=bool((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")),
    )


def check_active(client: Lambda, moves: Iterable[Move]) -> None:
    """Lambda puts a snapshot aside that nobody used for 14 days. Raises RollbackError."""
    for move in moves:
        version = move.target
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
    # botocore only reads AWS_DEFAULT_REGION; `osls deploy` uses AWS_REGION.
    region = os.environ.get("AWS_REGION") or None
    client: Lambda = boto3.client("lambda", region_name=region, config=DEADLINES)
    moves = decide([read(client, f"{service()}-{stage}-{each}") for each in FUNCTIONS])
    check_active(client, moves)
    for move in moves:
        client.update_alias(
            FunctionName=move.name,
            Name=ALIAS,
            FunctionVersion=move.target,
            RevisionId=move.revision,
        )
        print(f"{move.name}: version {move.current} -> {move.target}")
    print(
        "Deploy the repaired sources next, or the older ones. A deployment moves an alias only if"
        " it has a new version of the function."
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="make rollback", description=__doc__)
    parser.add_argument("stage", help="the stage's name: prod, for example")
    stage: str = parser.parse_args().stage
    try:
        go_back(stage)
    except RollbackError as error:
        print(f"error: {error}.", file=sys.stderr)
        return NOTHING_MOVED
    except NoRegionError:
        print("error: no AWS region is known: set AWS_REGION. Nothing was moved.", file=sys.stderr)
        return NOTHING_MOVED
    except (BotoCoreError, ClientError) as error:
        print(
            f"error: {str(error).rstrip('.')}. Moves that were made are printed above.",
            file=sys.stderr,
        )
        return UNREACHABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
