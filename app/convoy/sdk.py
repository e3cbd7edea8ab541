"""The part of the Convoy SDK that publishing needs, without its 461 model modules.

Every API module of convoy-python 1.0.0a1 imports `convoy.models`, whose `__init__` imports every
model. With an empty package in its place, only the models that are used are imported. This depends
on the SDK's layout: the version is pinned, and `tests/integration/convoy/test_sdk.py` checks it.
"""

import sys
from types import ModuleType

import convoy

_models = ModuleType("convoy.models")
_models.__path__ = [f"{path}/models" for path in convoy.__path__]
sys.modules.setdefault("convoy.models", _models)

# Nor the models of the answers to a publish: `app.convoy.exchange` takes each answer before.
for _status in (201, 400, 401, 404):
    _answer = ModuleType(f"convoy.models.create_endpoint_fanout_event_response_{_status}")
    _name = f"CreateEndpointFanoutEventResponse{_status}"
    setattr(_answer, _name, type(_name, (), {}))
    sys.modules.setdefault(_answer.__name__, _answer)

from convoy import AuthenticatedClient
from convoy.api.events import create_endpoint_fanout_event as fanout
from convoy.models.models_fanout_event import ModelsFanoutEvent as FanoutEvent

__all__ = ["AuthenticatedClient", "FanoutEvent", "fanout"]
