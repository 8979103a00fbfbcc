"""Entry point: makes this folder importable as `revgate_agent`, and runs it.

The folder is removed from `sys.path`, so that its modules cannot hide those of the user.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _package() -> None:
    """Make `revgate_agent` importable without a folder on `sys.path`."""
    if sys.path and os.path.abspath(sys.path[0] or ".") == _HERE:
        del sys.path[0]
    spec = importlib.util.spec_from_file_location(
        "revgate_agent", os.path.join(_HERE, "__init__.py"), submodule_search_locations=[_HERE]
    )
    if spec is None or spec.loader is None:
        raise ImportError(_HERE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    _package()
    main = importlib.import_module("revgate_agent.work").main
    if sys.argv[1:2] == ["--preload"]:
        importlib.import_module("revgate_agent.forks").preload(main, sys.argv[2:])
    else:
        main()
