"""What a decision rested on, as digests: stored files that are changed afterwards don't go unnoticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from factory.store import ExperimentFolder


def digests(folder: ExperimentFolder) -> dict[str, str]:
    """The SHA-256 of each record in an experiment's folder, by its name there."""
    names = [name for place in (".", "reviews") for name in folder.names(place) if name.endswith(".json")]
    return {name: _digest(folder, name) for name in names}


def changed(folder: ExperimentFolder, recorded: Mapping[str, str]) -> Iterator[str]:
    """What is no longer as ``recorded``, a sentence each."""
    for name, digest in recorded.items():
        if not folder.exists(name):
            yield f"{name} is missing"
        elif _digest(folder, name) != digest:
            yield f"{name} was changed after the decision"


def _digest(folder: ExperimentFolder, name: str) -> str:
    return hashlib.sha256((folder.path / name).read_bytes()).hexdigest()
