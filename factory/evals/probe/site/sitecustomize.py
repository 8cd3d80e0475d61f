"""Append the tools folder to ``sys.path`` in every Python started, then give way to the target's own
sitecustomize.

Standard library only, Python 3.8 syntax.
"""

import contextlib
import importlib
import os
import sys

_own = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120
sys.path[:] = [p for p in sys.path if os.path.realpath(p) != _own]
sys.modules.pop("sitecustomize", None)
with contextlib.suppress(ImportError):
    importlib.import_module("sitecustomize")
if os.environ.get("FACTORY_TOOLS"):
    sys.path.append(os.environ["FACTORY_TOOLS"])
