"""What the plan rests on and the code does not tell: change it here, then `make scale`.

Nothing of it was measured on AWS. Quotas are the defaults that AWS grants an account, by the page
named; prices are the list prices of us-east-1, without free tiers, as of spring 2026.
"""

import json
from pathlib import Path

# --- Measured: on one core of a laptop, which stands in for a vCPU of Lambda's ---

_WARM = next(
    table
    for table in json.loads((Path(__file__).parents[1] / "results.json").read_text())["tables"]
    if table["name"] == "warm"
)
POST_CPU_S: float = _WARM["rows"][0][_WARM["columns"].index("CPU of POST")] / 1e6
"""Seconds of CPU of one `POST /todo` through the handler, as the last `make bench` found."""

RELAYED_CPU_S = 0.0028
"""Seconds of CPU of one row that the relay asks for by its key, and publishes: `make scale
ARGS=--measure`."""

SETTLED_CPU_S = 0.0003
"""Seconds of CPU of one row that the relay reads while it is young, and in the next pass finds in
Convoy's list and deletes."""

# --- Assumed: round trips, in seconds, as a function in the region sees them ---

TRANSACTION_S = 0.010
"""A `TransactWriteItems` of two or three items."""

CALL_S = 0.005
"""Any other call of DynamoDB for one item."""

SCAN_S = 0.020
"""A page of 1 MB of a `Scan`, without the time to read it."""

PUBLISH_S = 0.050
"""Convoy's 201, over a connection kept alive."""

QUESTION_S = 0.050
"""Convoy's answer about one event."""

LIST_S = 0.080
"""A page of 500 events of Convoy's list: a round trip and half a megabyte."""

DELIVERY_S = 0.100
"""A receiver's answer to Convoy."""

PASS_S = 0.2
"""A pass of the relay over an empty outbox."""

# --- A typical todo ---

OWNER = "arn:aws:iam::123456789012:user/some.body"
ITEM = "Write the tests, then see each of them fail for the right reason"

# --- Lambda (developer guide: memory, quotas, scaling behavior) ---

VCPU_MB = 1769
CONCURRENCY = 1000
NEW_ACCOUNT_CONCURRENCY = 10
REQUESTS_PER_CONCURRENCY = 10
"""A second: an environment that is free again sooner is given no more."""

# --- API Gateway (developer guide: quotas), a second, over all APIs of the account ---

GATEWAY_RATE = 10_000

# --- DynamoDB (developer guide: quotas, warm throughput, partition key design), a second ---

PARTITION_WRITES = 1000
TABLE_WRITES = 40_000
NEW_TABLE_WRITES = 4000

# --- Convoy v26.7.3 (its source) ---

CONVOY_INGEST_PER_S = 1000
"""Events a second that a deployment takes from a bucket of 60 times as many. Its servers share the
bucket; `CONVOY_INSTANCE_INGEST_RATE` changes it, with a licence for that."""

CONVOY_BUCKET_S = 60
CONVOY_WORKERS = 100
"""Of one agent: `CONVOY_CONSUMER_POOL_SIZE`."""

# --- Prices, in dollars (the pricing pages of each service) ---

GATEWAY_PER_M = 1.00
LAMBDA_PER_M = 0.20
LAMBDA_PER_GB_S = 0.0000133334
"""arm64."""

WRITES_PER_M = 0.625
READS_PER_M = 0.125
"""On demand."""

SNAPSHOT_PER_GB_S = 0.0000015046
"""SnapStart's, while a version of the function is kept."""

METRIC_PER_MONTH = 0.30
ALARM_PER_MONTH = 0.10
"""Of each metric that an alarm looks at."""

STORED_GB_PER_MONTH = 0.25
"""DynamoDB's, of its standard class."""

STORED_OVERHEAD = 100
"""Bytes that DynamoDB adds to each item that it stores."""

DASHBOARD_PER_MONTH = 3.00
SECRET_PER_MONTH = 0.40

LOGS_PER_GB = 0.50
DATA_OUT_PER_GB = 0.09

WRITE_UNIT_PER_HOUR = 0.00065
"""Provisioned."""

LOG_LINE_OVERHEAD = 26
"""Bytes that CloudWatch adds to each line."""

PUBLISH_OVERHEAD = 600
"""Bytes of headers and TLS around an event on its way to Convoy."""

ANSWER_BYTES = 700
"""Of an answer to a client, with its headers and TLS."""
