"""Convoy's project as its operator sees it: endpoints, subscriptions, event types, deliveries.

    ConvoyError
    ├── ConvoyUnusable   no request can succeed: the message says what to change
    └── ConvoyRefused    Convoy refused this request: the message begins with the answer's status

Convoy's answers are passed on unchanged, as JSON: the SDK's types do not fit all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.convoy.api_key import SecretError
from app.convoy.exchange import message_of, reason_of
from app.convoy.transport import ERRORS
from app.convoy_admin import sdk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import httpx

    from app.convoy.exchange import Exchange

JsonObject = dict[str, Any]
"""A JSON object of Convoy's."""

DEADLINE_S = 30.0
"""Seconds for one call: Convoy may ping the URL of a new endpoint before it answers."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""Room for a page of the longest events."""

PAGE = 100
"""Resources on one page of a list."""


class ConvoyError(Exception):
    """Convoy did not do what it was asked for; the message says why."""


class ConvoyUnusable(ConvoyError):
    """The URL, the key or the project is wrong, or Convoy is out of reach."""


class ConvoyRefused(ConvoyError):
    """Convoy refused this request."""


class Project:
    """Every method raises ConvoyError. `base_url` and `project_id` are those of the exchange."""

    def __init__(self, exchange: Exchange, *, base_url: str, project_id: str) -> None:
        self._exchange = exchange
        self._base_url = base_url
        self._project_id = project_id

    def check(self) -> JsonObject:
        """The project, with its `config`. Raises ConvoyUnusable unless key and id fit."""
        try:
            found: JsonObject = self._ask(sdk.project)
        except ConvoyRefused as error:
            if "project" not in str(error).lower():
                raise  # Convoy answers 400 to some of its outages too
            raise ConvoyUnusable(
                f"CONVOY_PROJECT_ID ({self._project_id}): Convoy did not find it ({error}). Copy"
                " the id from the project's settings, or from the dashboard's URL."
            ) from error
        if found["uid"] != self._project_id:
            raise ConvoyUnusable(
                f"CONVOY_PROJECT_ID is {self._project_id}, but the key belongs to the project"
                f' {found["uid"]} ("{found["name"]}"), and Convoy goes by the key. Set'
                f" CONVOY_PROJECT_ID={found['uid']}, or CONVOY_API_KEY to the key of project"
                f" {self._project_id}."
            )
        return found

    def event_types(self) -> list[JsonObject]:
        found: list[JsonObject] = self._ask(sdk.event_types)
        return found

    def create_event_type(self, about: Mapping[str, Any]) -> JsonObject:
        return self._make(sdk.create_event_type, sdk.NewEventType(**about))

    def update_event_type(self, uid: str, about: Mapping[str, Any]) -> JsonObject:
        changed = sdk.ChangedEventType(**about)
        return self._make(sdk.update_event_type, changed, uid)

    def endpoints(self, owner: str = "") -> Iterator[JsonObject]:
        """The endpoints of one owner, or all endpoints."""
        return self._each(sdk.endpoints, owner_id=owner)

    def create_endpoint(self, *, name: str, url: str, owner: str) -> JsonObject:
        """With advanced signatures, and a secret that Convoy generates."""
        wanted = sdk.NewEndpoint(name=name, url=url, owner_id=owner, advanced_signatures=True)
        return self._make(sdk.create_endpoint, wanted)

    def subscriptions(self, endpoint_id: str) -> Iterator[JsonObject]:
        return self._each(sdk.subscriptions, endpoint_id=[endpoint_id])

    def create_subscription(self, *, name: str, endpoint_id: str) -> JsonObject:
        """To all event types: without a licence Convoy has no other subscription."""
        wanted = sdk.NewSubscription(name=name, endpoint_id=endpoint_id)
        return self._make(sdk.create_subscription, wanted)

    def pages_of_events(self) -> Iterator[list[JsonObject]]:
        """Newest first."""
        return self._pages(sdk.events)

    def deliveries(
        self, *, statuses: Sequence[str] = (), event_id: str = ""
    ) -> Iterator[JsonObject]:
        """Newest first. `event_id` is the key that an event was published under.

        Convoy answers 400 for an event that it does not have: ConvoyRefused.
        """
        filters: JsonObject = {"status": list(statuses)} if statuses else {}
        if event_id:
            filters["idempotency_key"] = event_id
        return self._each(sdk.deliveries, **filters)

    def attempts(self, delivery_id: str) -> list[JsonObject]:
        """Oldest first."""
        found: list[JsonObject] = self._ask(sdk.attempts, delivery_id)
        return found

    def resend(self, delivery_id: str) -> None:
        """Send a delivery again that arrived or failed for good; Convoy refuses one under way."""
        delivery = self._ask(sdk.delivery, delivery_id)
        if delivery["status"] != "Success":
            self._ask(sdk.resend, delivery_id)
            return
        answer = self._answer(sdk.force_resend, body=sdk.Ids(ids=[delivery_id]))
        # Convoy answers 200 even if the endpoint is paused.
        if not answer["message"].startswith("1 successful"):
            raise ConvoyRefused(f"200: {answer['message']}")

    def close(self) -> None:
        self._exchange.close()

    def _make(self, call: Callable[..., object], body: object, *about: str) -> JsonObject:
        made: JsonObject = self._ask(call, *about, body=body)
        return made

    def _each(self, call: Callable[..., object], **filters: object) -> Iterator[JsonObject]:
        for page in self._pages(call, **filters):
            yield from page

    def _pages(self, call: Callable[..., object], **filters: object) -> Iterator[list[JsonObject]]:
        cursor: JsonObject = {}
        while True:
            page = self._ask(call, per_page=PAGE, **filters, **cursor)
            yield page["content"]
            if not page["pagination"]["has_next_page"]:
                return
            cursor = {"next_page_cursor": page["pagination"]["next_page_cursor"]}

    def _ask(self, call: Callable[..., object], *about: str, **arguments: object) -> Any:  # noqa: ANN401
        """`data` of Convoy's answer."""
        return self._answer(call, *about, **arguments).get("data")

    def _answer(self, call: Callable[..., object], *about: str, **arguments: object) -> JsonObject:
        """Convoy's envelope: `message` and `data`."""
        try:
            response = self._exchange.answer(call, *about, **arguments)
        except ERRORS as error:
            raise ConvoyUnusable(
                f"CONVOY_BASE_URL ({self._base_url}): no answer"
                f" ({type(error).__name__}: {error}). Check that Convoy runs there."
            ) from error
        except SecretError as error:
            raise ConvoyUnusable(str(error)) from error
        if response.is_success and message_of(response) is not None:
            answer: JsonObject = response.json()
            return answer
        raise self._error(response)

    def _error(self, response: httpx.Response) -> ConvoyError:
        answer = self._exchange.redacted(reason_of(response))
        if message_of(response) is None:
            return ConvoyUnusable(
                f"CONVOY_BASE_URL ({self._base_url}): that is not Convoy's API ({answer}). The URL"
                " must end in /api: elsewhere Convoy's dashboard answers, with HTML."
            )
        if response.status_code in {401, 403}:
            return ConvoyUnusable(
                f"CONVOY_API_KEY: Convoy refused it ({answer}). Take the project's key from"
                " Convoy's dashboard: project settings, API keys."
            )
        if response.status_code == 429 or response.status_code >= 500:
            return ConvoyUnusable(f"Convoy can't do it now ({answer}). Try again later.")
        return ConvoyRefused(answer)
