"""The runs of research mode, each in a folder of its own: written whole or not at all, and never changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from factory.fsio import atomic_write, ensure_private_dir, read_json, write_json, write_lock
from factory.models import ResearchRun

RECORD = "run.json"
RESULT = "result.json"
LOG = "log.txt"


@dataclass(frozen=True)
class RunStore:
    """The runs of one project below ``folder``; ``common_dir`` is git's, where the write lock lies."""

    folder: Path
    common_dir: Path

    def add(self, run: ResearchRun, result: str, log: str) -> ResearchRun:
        """Store a run under the next free number, which it gets; a crash leaves all of it or nothing."""
        with write_lock(self.common_dir):
            ensure_private_dir(self.folder)
            number = max(self._numbers(), default=0) + 1
            numbered = run.model_copy(update={"number": number})
            half = self.folder / f".{number:03d}.{os.getpid()}.tmp"
            shutil.rmtree(half, ignore_errors=True)
            ensure_private_dir(half)
            atomic_write(half / RESULT, result)
            atomic_write(half / LOG, log)
            write_json(half / RECORD, numbered)
            half.rename(self.place(number))
        return numbered

    def place(self, number: int) -> Path:
        """The folder of a run."""
        return self.folder / f"{number:03d}"

    def all(self) -> Iterator[ResearchRun]:
        """Every stored run, by number. Raises BadInput for one that is damaged."""
        for number in sorted(self._numbers()):
            yield read_json(self.place(number) / RECORD, ResearchRun)

    def find(self, purpose: str, commit: str) -> ResearchRun | None:
        """The run made for this purpose on this commit, if it was made."""
        return next((run for run in self.all() if (run.purpose, run.commit) == (purpose, commit)), None)

    def result(self, number: int) -> str:
        """What the run left as its result."""
        return (self.place(number) / RESULT).read_text(encoding="utf-8", errors="replace")

    def log(self, number: int) -> str:
        """What the run printed."""
        return (self.place(number) / LOG).read_text(encoding="utf-8", errors="replace")

    def _numbers(self) -> Iterator[int]:
        if self.folder.is_dir():
            yield from (int(p.name) for p in self.folder.iterdir() if p.name.isdecimal() and p.is_dir())
