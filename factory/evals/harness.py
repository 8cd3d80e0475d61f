"""Who the judge is: a short hash that changes when anything does that measures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from factory.config import ProjectConfig
from factory.globs import matches
from factory.paths import CONFIG_FILE

MEASURING_VERSION = 3
"""Raised whenever a formula or a way of measuring changes, so that scores of both are not compared."""

EVAL_FILES = "eval/**"


def harness_hash(config: ProjectConfig, checkout: Path, files: Sequence[str]) -> str:
    """Twelve hexadecimal digits over the judge: ``[eval]`` settings that shape a score, files, our version.

    The judge's files are those under ``eval/`` and those that ``[scope] read_only`` covers.
    ``factory.toml`` is among the settings, not the files: another goal is not another judge. What only
    decides (threshold, tolerances, number of pairs) is left out too.
    """
    digest = hashlib.sha256(repr((MEASURING_VERSION, sorted(_shaping(config).items()))).encode())
    patterns = (EVAL_FILES, *config.scope.read_only)
    for path in sorted(files):
        if path != CONFIG_FILE and matches(patterns, path):
            digest.update(path.encode("utf-8", "surrogateescape") + b"\0" + _content(checkout / path) + b"\0")
    return digest.hexdigest()[:12]


def _shaping(config: ProjectConfig) -> Mapping[str, object]:
    settings = config.eval
    dimensions = [{k: v for k, v in asdict(d).items() if k != "tolerance"} for d in settings.dimensions]
    named = ("time_limit", "python", "setup", "smoke")
    return {name: getattr(settings, name) for name in named} | {
        "weights": sorted(settings.weights.items()),
        "dimensions": [sorted(d.items()) for d in dimensions],
        "constraints": [(c.name, c.check) for c in settings.constraints],
    }


def _content(path: Path) -> bytes:
    """A digest of a file's bytes; of a link, of where it points; of anything else, nothing."""
    if path.is_symlink():
        return hashlib.sha256(str(path.readlink()).encode("utf-8", "surrogateescape")).digest()
    return hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
