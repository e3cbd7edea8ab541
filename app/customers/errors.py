"""What a customer's request can fail with, besides ConvoyError. The messages are for the customer.

CustomersError
├── NotFound    404: the id is unknown, malformed, or another owner's
├── Conflict    409: the state does not allow the request; the message says what to do
└── UrlRefused  422: webhooks can't go to this URL
"""

from __future__ import annotations


class CustomersError(Exception):
    """A request of a customer that is not done, and changed nothing."""


class NotFound(CustomersError):
    """The same message for every id: it must not show which ids exist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"You have no such {name}.")


class Conflict(CustomersError):
    """The state of an endpoint or a delivery does not allow the request."""


class UrlRefused(CustomersError):
    """Webhooks can't go to this URL."""
