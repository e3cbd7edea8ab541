"""Replaces the clients of DynamoDB and Convoy: the time that is left is the framework's."""

from app.outbox.outcomes import Accepted
from stubs.client import Client

service = handler._api()[0].app.state.services[0]  # noqa: F821
service.store._client = service.store._transactions._client = Client()
convoy = service.delivery.publisher
while hasattr(convoy, "inner"):
    convoy = convoy.inner
convoy.publish = lambda _event: Accepted()
