"""Append the tools folder to ``sys.path`` in every Python started, then give way to the target's own
sitecustomize.

Standard library only, Python 3.8 syntax.
"""

import importlib
import os
import sys

_own = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120
sys.path[:] = [p for p in sys.path if os.path.realpath(p) != _own]
_this = sys.modules.pop("sitecustomize")
try:
    importlib.import_module("sitecustomize")
except ImportError as error:
    if error.name != "sitecustomize":
        raise
    # The import of this module looks for it when it ends: gone, it would be an error on stderr.
    sys.modules["sitecustomize"] = _this
finally:
    if os.environ.get("FACTORY_TOOLS"):
        sys.path.append(os.environ["FACTORY_TOOLS"])
