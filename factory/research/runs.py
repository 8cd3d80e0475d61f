"""The runs of research mode, each in a folder of its own: written whole or not at all, and never changed."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from factory.errors import BadInput
from factory.fsio import atomic_write, ensure_private_dir, read_json, write_json, write_lock
from factory.models import ResearchRun

RECORD = "run.json"
RESULT = "result.json"
LOG = "log.txt"


@dataclass(frozen=True)
class RunStore:
    """The runs of one project below ``folder``; ``common_dir`` is git's, where the write lock lies.

    Each record is read once: it never changes.
    """

    folder: Path
    common_dir: Path
    _known: dict[int, ResearchRun] = field(default_factory=dict, repr=False, compare=False)

    def add(self, run: ResearchRun, result: str, log: str) -> ResearchRun:
        """Store a run under the next free number, which it gets; a crash leaves all of it or nothing."""
        with write_lock(self.common_dir):
            ensure_private_dir(self.folder)
            number = max(self._numbers(), default=0) + 1
            numbered = run.model_copy(update={"number": number})
            half = self.folder / f".run.{os.getpid()}.{number}.tmp"
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
            run = self.get(number)
            if run is not None:
                yield run

    def get(self, number: int) -> ResearchRun | None:
        """The run of that number; None where none is on record. Raises BadInput for one that is damaged."""
        if number not in self._known and (self.place(number) / RECORD).exists():
            self._known[number] = read_json(self.place(number) / RECORD, ResearchRun)
        return self._known.get(number)

    def find(self, purpose: str, commit: str) -> ResearchRun | None:
        """The run made for this purpose on this commit, if it was made."""
        return next((run for run in self.all() if (run.purpose, run.commit) == (purpose, commit)), None)

    def result(self, number: int) -> str:
        """What the run left as its result."""
        return (self.place(number) / RESULT).read_text(encoding="utf-8", errors="replace")

    def log(self, number: int) -> str:
        """What the run printed."""
        return (self.place(number) / LOG).read_text(encoding="utf-8", errors="replace")

    def with_texts(self) -> Iterator[ResearchRun]:
        """The runs of which not only the record is kept; damaged ones are left out."""
        for number in sorted(self._numbers()):
            if self.texts(number):
                with contextlib.suppress(BadInput):
                    yield read_json(self.place(number) / RECORD, ResearchRun)

    def texts(self, number: int) -> list[Path]:
        """The files of a run beside its record: what it left, and what it printed."""
        return [path for name in (RESULT, LOG) if (path := self.place(number) / name).exists()]

    def _numbers(self) -> Iterator[int]:
        if self.folder.is_dir():
            yield from (int(p.name) for p in self.folder.iterdir() if p.name.isdecimal() and p.is_dir())
