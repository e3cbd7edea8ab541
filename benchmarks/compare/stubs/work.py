"""No DynamoDB and no Convoy, nor the clients that reach them: what is left is the framework's."""

import work
from stubs.client import Client

work.dynamodb = Client()
work.publish = lambda _event: True
