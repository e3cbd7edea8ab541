"""The stand-in for Convoy beside the app: its inbox shows the app's outbox too.

python -m infra.local.convoy --try 'curl http://localhost:8080/' --port 8002
"""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.ports import StoreError
from app.dynamodb.outbox_table import OutboxTable
from app.wiring.clients import dynamodb
from infra.fake_convoy import application, server
from infra.fake_convoy.inbox.gauges import OutboxUnreadable
from infra.local import tables

if TYPE_CHECKING:
    from app.outbox.rows import Row, UnreadableRow
    from infra.fake_convoy.project import JsonObject

MAX_ROWS = 1000
"""Rows that are read for the page: one page of the table's scan, about."""


class Outbox:
    """The rows of `table`, as `infra.fake_convoy.inbox.gauges.ReadOutbox` gives them."""

    def __init__(self, table: OutboxTable) -> None:
        self._table = table

    def __call__(self) -> list[JsonObject]:
        rows: list[JsonObject] = []
        unreadable: list[UnreadableRow] = []
        try:
            for page in self._table.pages(unreadable.append):
                rows += map(_shown, page)
                if len(rows) >= MAX_ROWS:
                    break
        except StoreError as error:
            raise OutboxUnreadable(str(error)) from error
        return [*map(_unreadable, unreadable), *rows]


def _shown(row: Row) -> JsonObject:
    return {
        "event_id": row.event.id,
        "key": row.key,
        "event_type": row.event.type,
        "data": row.event.data,
        "due_at": row.due_at.isoformat(),
        "state": row.state,
        "attempts": row.attempts,
        "reason": row.reason,
    }


def _unreadable(error: UnreadableRow) -> JsonObject:
    return {
        "event_id": error.event_id,
        "key": error.event_id,
        "event_type": "",
        "data": None,
        "due_at": None,
        "state": "unreadable",
        "attempts": 0,
        "reason": str(error),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.convoy", description=__doc__)
    parser.add_argument("--try", required=True, dest="to_try", help="what an empty inbox shows")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    table = OutboxTable(dynamodb(), tables.names()["OutboxTable"], settle_after=timedelta())
    app = application.build(to_try=options.to_try, read_outbox=Outbox(table))
    server.serve(app, options.port)


if __name__ == "__main__":
    main()
