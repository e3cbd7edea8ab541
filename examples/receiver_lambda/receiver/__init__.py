"""A receiver for AWS Lambda: it keeps the newest state of each resource in one DynamoDB table.

`webhook` takes what Convoy delivers. `catch_up` reads what Convoy did not deliver from the API.
They need only the boto3 of Lambda's runtime.
"""
