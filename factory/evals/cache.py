"""Measurements kept by what they depend on, so that an unchanged tree is never measured twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from factory.evals.score import composite
from factory.fsio import atomic_write
from factory.models import FORMAT_VERSION, Measurement


def cache_key(tree: str, harness: str, environment: str, tools: Mapping[str, str]) -> str:
    """SHA-256, in hexadecimal, over all that a measurement depends on."""
    facts = json.dumps([FORMAT_VERSION, tree, harness, environment, sorted(tools.items())])
    return hashlib.sha256(facts.encode()).hexdigest()


class MeasurementCache:
    """The cached measurements of one project, one JSON file each, named by key, below ``folder``."""

    def __init__(self, folder: Path) -> None:
        """``folder`` need not exist yet."""
        self.folder = folder

    def get(self, key: str) -> Measurement | None:
        """The measurement of that key; None where there is none, or a damaged or newer file in its place."""
        try:
            found = Measurement.model_validate_json(self._file(key).read_bytes())
        except (OSError, ValidationError, ValueError):
            return None
        return found if found.key == key and found.v <= FORMAT_VERSION and cacheable(found) else None

    def put(self, measurement: Measurement) -> None:
        """Keep a measurement, if it is one that may be reused."""
        if cacheable(measurement):
            self.folder.mkdir(parents=True, exist_ok=True)
            atomic_write(self._file(measurement.key), measurement.model_dump_json(indent=1) + "\n")

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def cacheable(measurement: Measurement) -> bool:
    """Whether nothing went wrong that a second try might not meet: valid, scored, no dimension in error."""
    failed = any(d.error for d in measurement.dimensions)
    return not measurement.void and measurement.composite is not None and not failed


def resampled(
    cached: Measurement, fresh: Measurement, weights: Mapping[str, float] | None = None
) -> Measurement:
    """``cached`` with the dimensions that ``fresh`` measured anew, their tests, and the composite that
    follows.
    """
    news = {d.name: d for d in fresh.dimensions}
    replaced = {test for d in cached.dimensions if d.name in news for test in d.tests or ()}
    kept = {test: outcome for test, outcome in cached.tests.items() if test not in replaced}
    dimensions = [news.get(d.name, d) for d in cached.dimensions]
    changed = {
        "dimensions": dimensions,
        "composite": composite(dimensions, weights),
        "timestamp": fresh.timestamp,
        "duration_s": fresh.duration_s,
        "void": fresh.void,
        "smoke": fresh.smoke,
        "tests": kept | fresh.tests,
    }
    return cached.model_copy(update=changed)


def write_last_eval(path: Path, measurement: Measurement) -> None:
    """Write ``last_eval.json``: the newest measurement, with its key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, measurement.model_dump_json(indent=1) + "\n")
