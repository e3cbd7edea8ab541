"""Runs a module with the tests' register: `python -m tests.run -m app relay`."""

import runpy
import sys

import tests.register  # noqa: F401  # before the module reads the app's register

if __name__ == "__main__":
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
