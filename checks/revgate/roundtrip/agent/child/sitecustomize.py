"""Executed first by every Python that user code starts: installs the guards of its parent.

The agent puts this folder first on PYTHONPATH, and the `sitecustomize` that it hides is executed
afterwards. Without the agent's variable, nothing happens.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import json
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _guard() -> None:
    target = os.environ.get("REVGATE_AGENT_TARGET")
    if not target:
        return
    agent = os.path.dirname(_HERE)
    spec = importlib.util.spec_from_file_location(
        "revgate_agent", os.path.join(agent, "__init__.py"), submodule_search_locations=[agent]
    )
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    importlib.import_module("revgate_agent.guards").guard_child(json.loads(target))


def _execute_hidden() -> None:
    rest = [path for path in sys.path if os.path.abspath(path or ".") != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec and spec.loader:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


_guard()
_execute_hidden()
