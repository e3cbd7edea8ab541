class Client:
    """A DynamoDB client with the calls of a POST."""

    def transact_write_items(self, **_):
        return {}

    put_item = update_item = delete_item = transact_write_items
