class Client:
    """DynamoDB's, of the calls that a POST makes."""

    def transact_write_items(self, **_):
        return {}

    put_item = delete_item = transact_write_items
