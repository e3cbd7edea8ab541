"""Replaces the clients of DynamoDB and Convoy: the time that is left is the framework's."""

import work
from stubs.client import Client

work.dynamodb = Client()
work.publish = lambda _event: True
