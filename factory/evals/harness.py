"""Who the judge is: a short hash that changes when anything does that measures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from factory.config import ProjectConfig
from factory.paths import CONFIG_FILE

MEASURING_VERSION = 5
"""Raised whenever a formula or a way of measuring changes, so that scores of both are not compared.

3: each dimension of tests is scored by its own, the settings of the measuring tools are the harness's, and a
folder ``testing`` holds tests at the top of a project alone. 4: coverage is of the files that are
read as sources, of its exclusions only the comment counts, and ``contextlib.suppress`` is a silent handler.
5: a module without a logger is a problem of ``observability``, and a type checker that gives up tells none.
"""


def harness_hash(
    config: ProjectConfig, files: Mapping[str, str], settings: Mapping[str, Mapping[str, Any]]
) -> str:
    """Twelve hexadecimal digits over the judge: ``[eval]`` settings that shape a score, our version, and what
    the judge has in the project.

    ``files`` are those that it owns, by path, each with what tells its content from another; ``settings``
    what it owns of files that hold other things too. ``factory.toml`` is among the settings, not the files:
    another goal is not another judge. What only decides (threshold, tolerances, number of pairs) is left out
    too.
    """
    own = {path: content for path, content in files.items() if path != CONFIG_FILE}
    shared = {path: parts for path, parts in settings.items() if parts}
    facts = json.dumps([MEASURING_VERSION, _shaping(config), own, shared], sort_keys=True, default=str)
    return hashlib.sha256(facts.encode()).hexdigest()[:12]


def _shaping(config: ProjectConfig) -> Mapping[str, object]:
    settings = config.eval
    dimensions = [{k: v for k, v in asdict(d).items() if k != "tolerance"} for d in settings.dimensions]
    named = ("time_limit", "python", "setup", "smoke")
    return {name: getattr(settings, name) for name in named} | {
        "weights": sorted(settings.weights.items()),
        "dimensions": [sorted(d.items()) for d in dimensions],
        "constraints": [(c.name, c.check) for c in settings.constraints],
    }
