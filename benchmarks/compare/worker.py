"""Runs one peer in its own process, and reads calls from stdin. Imports none of the project.

    python -s -S worker.py TASK RUNTIME [STUB]

Prints the cost of the import of the handler. Then for each line `ROUTE COUNT` prints the cost of a
call. For a line `ROUTE COUNT PACKAGE ...` it prints samples of the stack.
"""

import gc
import json
import sys
import time

import sampler


class Context:
    aws_request_id = "5f0b3b1e-7a37-4c5c-9d0c-000000000000"
    function_name = "todo"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:todo"

    def get_remaining_time_in_millis(self):
        return 28_000


ROUTES = {
    "POST": ("POST", "/todo", '{"item":"Write the tests"}', 201),
    "PUT": ("PUT", "/todo/1", '{"item":"Read the tests"}', 200),
    "GET": ("GET", "/todo/1", None, 200),
    "LIST": ("GET", "/todo", None, 200),
}


def event(method, path, body):
    """An event of API Gateway, payload 2.0."""
    host = "abcdef1234.execute-api.eu-central-1.amazonaws.com"
    headers = {
        "accept": "*/*",
        "accept-encoding": "gzip",
        "content-length": str(len(body or "")),
        "host": host,
        "user-agent": "curl/8.5.0",
        "x-amzn-trace-id": "Root=1-6564a1b2-3c4d5e6f708192a3b4c5d6e7",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    if body is not None:
        headers["content-type"] = "application/json"
    http = {
        "method": method,
        "path": path,
        "protocol": "HTTP/1.1",
        "sourceIp": "203.0.113.7",
        "userAgent": "curl/8.5.0",
    }
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "domainName": host,
            "domainPrefix": "abcdef1234",
            "http": http,
            "requestId": "OLnbnhpAliAEJfw=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "24/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795521600000,
        },
        "isBase64Encoded": False,
        **({} if body is None else {"body": body}),
    }


def timed(call, count):
    """Seconds of one call: wall time, and this process's CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        call()
    return {
        "wall_s": (time.perf_counter() - wall) / count,
        "cpu_s": (time.process_time() - cpu) / count,
    }


def peak_kb():
    """The peak resident memory. getrusage would include the parent's peak, before the fork."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def main():
    task, runtime, *stub = sys.argv[1:]
    sys.path[:0] = [task, runtime]
    out, sys.stdout = sys.stdout, sys.stderr  # logs and metrics go to stderr
    modules = set(sys.modules)
    loaded = {}

    def load():
        import handler

        loaded["handler"] = handler

    cost = timed(load, 1)
    cost["modules"] = len(sys.modules.keys() - modules)
    handler = loaded["handler"]
    for path in stub:
        with open(path) as source:
            exec(compile(source.read(), path, "exec"), {"handler": handler})
    print(json.dumps(cost), file=out, flush=True)
    for line in sys.stdin:
        route, count, *packages = line.split()
        method, path, body, status = ROUTES[route]
        request, context = event(method, path, body), Context()

        def call(request=request, context=context, status=status, route=route):
            answer = handler.api(request, context)
            if answer["statusCode"] != status:
                raise SystemExit(f"{route}: {answer}")

        gc.collect()
        if packages:
            print(json.dumps(sampler.sampled(call, int(count), packages)), file=out, flush=True)
            continue
        cost = timed(call, int(count))
        cost["peak_kb"] = peak_kb()
        print(json.dumps(cost), file=out, flush=True)


if __name__ == "__main__":
    main()
