"""The SDK's layout, on which its lazy import depends; see `app/convoy/sdk.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

IMPORT = """
import json, sys
import app.convoy.publisher
models = {name: each for name, each in sys.modules.items() if name.startswith("convoy.models.")}
print(json.dumps([name for name, each in models.items() if each.__spec__]))
"""


def test_the_publisher_loads_one_of_the_sdks_models_not_all() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True)  # noqa: S603

    loaded = json.loads(done.stdout)
    assert loaded == ["convoy.models.models_fanout_event"]


def test_the_sdk_is_the_version_whose_layout_is_known() -> None:
    assert version("convoy-python") == "1.0.0a1"
