"""The processes under load: DynamoDB Local, the API, the relay, a receiver, the stand-in."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.convoy_admin.setup import set_up
from app.http.webhooks import Webhooks
from app.register import RESOURCES
from app.settings import Settings
from app.wiring.clients import dynamodb
from app.wiring.convoy_admin import ConvoyComponents
from benchmarks.soak import receiver
from benchmarks.soak.children import HOST, PORTS, Child
from infra.fake_convoy.project import API_KEY, PROJECT_ID
from infra.local import dynamodb_local, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = tables.names()


@dataclass(frozen=True, slots=True)
class Account:
    """The access to a Convoy; `base_url` is its API root."""

    base_url: str
    api_key: str
    project_id: str


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of `SETTLE_AFTER_S`, `STUCK_AFTER` and `HUNG_AFTER`, and between two passes."""

    settle_after_s: float
    stuck_after_s: float
    hung_after_s: float
    every_s: int


@dataclass(frozen=True, slots=True)
class Stack:
    """`arrivals` is the receiver's file, `notes` the relay's; `owner` has all the todos."""

    api: Child
    relay: Child
    arrivals: Path
    notes: Path
    owner: str


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for logs and notes. If the block fails, the folder stays and its name is printed."""
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        yield folder
    except BaseException:
        print(f"The logs are in {folder}.", file=sys.stderr)
        raise
    shutil.rmtree(folder)


@contextmanager
def stand_in(scratch: Path) -> Iterator[tuple[Child, Account]]:
    """The stand-in. A kill keeps its journal, as Convoy's database, and loses its queues."""
    command = ("infra.fake_convoy", "--journal", str(scratch / "journal"))
    with Child(scratch / "convoy.log", *command, port=next(PORTS)) as convoy:
        yield convoy, Account(f"{convoy.url}/api", API_KEY, PROJECT_ID)


@contextmanager
def under_load(scratch: Path, account: Account, owner: str, pace: Pace) -> Iterator[Stack]:
    """Run the other processes, and give this process the API's settings.

    Raises DynamoDBLocalError, and ConvoyError if the project could not be set up.
    """
    port, arrivals, notes = next(PORTS), scratch / "arrivals", scratch / "notes"
    api = _uvicorn(scratch, "api", "app.wiring.api:local_api", next(PORTS))
    receiving = _uvicorn(scratch, "receiver", "benchmarks.soak.receiver:app", port)
    limits = (
        "--stuck-after-s",
        str(pace.stuck_after_s),
        "--hung-after-s",
        str(pace.hung_after_s),
    )
    options = ("--notes", str(notes), "--every", str(pace.every_s))
    relay = Child(scratch / "relay.log", "benchmarks.soak.relay", *options, *limits)
    with dynamodb_local.in_memory() as endpoint:
        os.environ.update(environment(endpoint, account, owner, pace))
        tables.create_tables(dynamodb(), TABLES)
        os.environ["CONVOY_ENDPOINT_SECRET"] = _register(f"http://{HOST}:{port}", owner)
        os.environ["ARRIVALS"] = str(arrivals)
        with receiving, api, relay:
            yield Stack(api, relay, arrivals, notes, owner)


def _uvicorn(scratch: Path, name: str, factory: str, port: int) -> Child:
    options = ("--factory", factory, "--log-level", "warning")
    return Child(scratch / f"{name}.log", "uvicorn", *options, port=port)


def _register(url: str, owner: str) -> str:
    """Register the receiver as the owner's endpoint; gives the endpoint's secret."""
    convoy = ConvoyComponents.build(Settings.load())
    try:
        url += receiver.PATH
        webhooks = Webhooks(RESOURCES)
        done = set_up(convoy.project, webhooks, url=url, owner=owner, new_owner=lambda: owner)
        return done.secret
    finally:
        convoy.close()


def environment(dynamodb_url: str, account: Account, owner: str, pace: Pace) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "soak",
        "AWS_SECRET_ACCESS_KEY": "soak",
        "CONVOY_API_KEY": account.api_key,
        "CONVOY_APP_ID": owner,
        "CONVOY_PROJECT_ID": account.project_id,
        "CONVOY_BASE_URL": account.base_url,
        **tables.settings(TABLES),
        "SETTLE_AFTER_S": str(pace.settle_after_s),
        "NO_PROXY": HOST,
    }
