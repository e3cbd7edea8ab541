"""The inputs of docs/scale.md that the code does not have. Change them here, then run `make scale`.

Nothing here was measured on AWS. Prices are list prices of us-east-1 in spring 2026, without free
tiers.
"""

import json

from benchmarks.compare.results import RESULTS

# --- Measured on one core of a laptop, in place of a vCPU of Lambda ---
_WARM = next(t for t in json.loads(RESULTS.read_text())["tables"] if t["name"] == "warm")
POST_CPU_S: float = _WARM["rows"][0][_WARM["columns"].index("CPU of POST")] / 1e6
"""Seconds of CPU of one `POST /todo` through the handler: `make bench`."""

RELAYED_CPU_S, SETTLED_CPU_S = 0.0028, 0.0003
"""Seconds of CPU of one row: the first if the relay asks for it by its key and publishes it, the
second if the relay finds it in Convoy's list and deletes it. `python -m benchmarks.scale.measure`
prints both; here they are rounded up."""

# --- Assumed: round trips in seconds, from a function in the same region ---
TRANSACTION_S = 0.010  # a `TransactWriteItems` of two or three items
CALL_S = 0.005  # any other call of DynamoDB for one item
SCAN_S = 0.020  # a page of 1 MB of a `Scan`, without the time to read it
PUBLISH_S = QUESTION_S = 0.050  # Convoy's answer, over a connection kept alive
LIST_S = 0.080  # a page of 500 events of Convoy's list: a round trip and half a megabyte
PASS_S = 0.2  # a pass of the relay over an empty outbox

INGEST_PER_S = 1000
"""Events that one deployment of Convoy takes: its default, 60,000 a minute."""

# --- A typical todo ---
OWNER = "arn:aws:iam::123456789012:user/some.body"
ITEM = "Write the tests, then see each of them fail for the right reason"

VCPU_MB = 1769  # memory that comes with one vCPU (Lambda's developer guide: memory)

# --- Prices, in dollars (the pricing pages of each service) ---
GATEWAY_PER_M, LAMBDA_PER_M, LAMBDA_PER_GB_S = 1.00, 0.20, 0.0000133334  # arm64
WRITES_PER_M, READS_PER_M = 0.625, 0.125  # on demand
STORED_PER_GB = 0.25  # a month, DynamoDB's standard class
SNAPSHOT_PER_GB_S = 0.0000015046  # SnapStart's, while a version of the function is kept
METRIC, ALARM_METRIC, DASHBOARD, SECRET = 0.30, 0.10, 3.00, 0.40  # each, a month
LOGS_PER_GB, DATA_OUT_PER_GB = 0.50, 0.09

STORED_OVERHEAD = 100  # bytes that DynamoDB adds to each item (developer guide: table size)

LOGGED_BYTES = 1200
"""A change's lines, with CloudWatch's 26 bytes for each: two of Lambda (developer guide: JSON
logs), one of app/outbox/metrics.py, one of the access log of serverless.yml."""

SENT_BYTES = 1700  # the event (300), its envelope, headers and TLS (700), and the client's answer
