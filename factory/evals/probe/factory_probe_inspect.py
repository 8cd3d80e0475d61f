"""Describe the interpreter that runs this, as one JSON object on stdout.

Arguments: a folder to append to ``sys.path`` (the tools), or nothing. Standard library only, Python 3.8
syntax.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import sysconfig
from importlib.metadata import distributions
from importlib.util import find_spec

WANTED = ("pytest", "coverage", "xdist", "pytest_cov", "pytest_randomly", "pip")


def main(tools: str) -> None:
    """Print the description."""
    own = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120
    sys.path[:] = [p for p in sys.path if p and os.path.realpath(p) != own]
    if tools:
        sys.path.append(tools)
    installed: dict[str, str] = {}
    for found in distributions():
        name = found.metadata["Name"]
        if name:
            installed.setdefault(name.lower().replace("_", "-"), found.version)
    description = {
        "executable": sys.executable,
        "base": os.path.realpath(sys.executable),
        "prefix": sys.prefix,
        "version": platform.python_version(),
        "tag": sys.implementation.cache_tag or sys.implementation.name,
        "sites": sorted({sysconfig.get_path("purelib"), *(p for p in sys.path if p.endswith("-packages"))}),
        "importable": [name for name in WANTED if find_spec(name) is not None],
        "installed": sorted("%s==%s" % item for item in installed.items()),  # noqa: UP031
    }
    print(json.dumps(description))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
