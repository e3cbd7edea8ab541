"""Where the time of one peer's requests goes: the profiler's own seconds, by file.

python -s -S profiled.py TASK RUNTIME STUB
"""

import cProfile
import json
import pstats
import sys

import worker

WARM_UP, CALLS = 500, 1000


def main():
    task, runtime, stub = sys.argv[1:]
    sys.path[:0] = [task, runtime]
    out, sys.stdout = sys.stdout, sys.stderr
    import handler

    with open(stub) as source:
        exec(compile(source.read(), stub, "exec"), {"handler": handler})
    method, path, body, _ = worker.ROUTES["POST"]
    event, context = worker.event(method, path, body), worker.Context()
    profile = cProfile.Profile()
    for _ in range(WARM_UP):
        handler.api(event, context)
    with profile:
        for _ in range(CALLS):
            handler.api(event, context)
    files = {}
    for (file, _, _), (_, _, own, _, callers) in pstats.Stats(profile).stats.items():
        # What is written in C has no file: its time is that of who called it.
        parts = [(own, file)] if file != "~" else [(of[2], by[0]) for by, of in callers.items()]
        for part, by in parts:
            files[by] = files.get(by, 0) + part
    json.dump(files, out)


main()
