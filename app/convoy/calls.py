"""The relay's calls to Convoy's API, in the form that an exchange takes.

The SDK has these calls too, with some 70 models of answers that nothing here reads: they would make
the zip 0.2 MB larger, and each start of the relay longer. Filters have the names of Convoy's API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from app.convoy.sdk import AuthenticatedClient


def events(project_id: str, *, client: AuthenticatedClient, **filters: object) -> None:
    _call(client, "get", project_id, "events", filters)


def replay(project_id: str, uid: str, *, client: AuthenticatedClient) -> None:
    _call(client, "put", project_id, f"events/{quote(uid, safe='')}/replay", {})


def deliveries(project_id: str, *, client: AuthenticatedClient, **filters: object) -> None:
    _call(client, "get", project_id, "eventdeliveries", filters)


def batch_retry(project_id: str, *, client: AuthenticatedClient, **filters: object) -> None:
    _call(client, "post", project_id, "eventdeliveries/batchretry", filters)


def _call(
    client: AuthenticatedClient,
    method: str,
    project_id: str,
    path: str,
    filters: dict[str, object],
) -> None:
    url = f"/v1/projects/{quote(project_id, safe='')}/{path}"
    client.get_httpx_client().request(method, url, params=filters)  # type: ignore[arg-type]
