"""The files that decide a score, in a measured checkout: whether they are still as they were.

All commands of a measurement share the checkout, and each runs code that is measured and may write there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from factory.config import ProjectConfig
from factory.evals.dimensions.project import report_file
from factory.evals.dimensions.sources import is_test_file
from factory.evals.judge_javascript import LOCKS
from factory.evals.judge_settings import is_judge_file, is_shared_settings, judge_patterns
from factory.globs import matches

_UNASKED = frozenset({"conftest.py", "sitecustomize.py", "usercustomize.py"})
_CODE = frozenset({".py", ".pyc", ".so", ".js", ".cjs", ".mjs", ".ts"})
_INSTALLED = frozenset({".git", "node_modules", ".venv", "venv"})


@dataclass(frozen=True, slots=True)
class JudgeFiles:
    """A look at a checkout: which files are there, and digests of those that decide a score.

    That are the harness, tests, settings of tools, and what is scored by being read. ``harness`` are the
    patterns of the first.
    """

    checkout: Path
    harness: tuple[str, ...]
    present: frozenset[str]
    digests: Mapping[str, bytes]

    def touched(self, only: Sequence[str] = ("**",)) -> str:
        """The first file that is no longer as it was, of those that ``only`` covers, as a sentence; or "".

        A new file counts where it would be loaded unasked, or in place of another: a report of the harness's
        does not.
        """
        for path in sorted({*self.digests, *self._appeared()}):
            if matches(only, path) and _digest(self.checkout / path) != self.digests.get(path):
                how = "was changed" if path in self.digests else "was added"
                return f"{path}, which decides a score, {how} while the commit was measured"
        return ""

    def _appeared(self) -> Iterator[str]:
        there = {folder for path in self.present for folder in PurePosixPath(path).parents}
        harness = {PurePosixPath(path).parent for path in self.present if self._is_harness_code(path)}
        for path in _files(self.checkout) - self.present:
            place = PurePosixPath(path)
            packed = place.name == "__init__.py" or place.parent.name == "__pycache__"
            imported = place.suffix in _CODE and (place.parent.parent if packed else place.parent) in harness
            if imported or (place.parent in there and (place.name in _UNASKED or is_judge_file(path))):
                yield path

    def _is_harness_code(self, path: str) -> bool:
        return PurePosixPath(path).suffix in _CODE and matches(self.harness, path)


def look(checkout: Path, config: ProjectConfig, files: Collection[str], read: Collection[str]) -> JudgeFiles:
    """Look at ``checkout``: ``files`` are the commit's, ``read`` those that are scored by being read.

    Reports are written anew by the commands that are read from them.
    """
    harness = (*judge_patterns(config.scope), *config.research.fixed)
    present = _files(checkout) | set(files)
    reports = {report_file(spec.parser) for spec in config.eval.dimensions}
    deciding = [p for p in present - reports if p in read or _decides(p) or matches(harness, p)]
    digests = {path: _digest(checkout / path) for path in deciding}
    return JudgeFiles(checkout, harness, frozenset(present), digests)


def _decides(path: str) -> bool:
    """Whether a file decides a score by its name. What npm pins decides only what is installed."""
    settings = is_judge_file(path) or is_shared_settings(path)
    return is_test_file(path) or (settings and PurePosixPath(path).name not in LOCKS)


def _files(checkout: Path) -> set[str]:
    """The files of a checkout, without what is installed in it."""
    found: set[str] = set()
    for folder, folders, names in os.walk(checkout):
        folders[:] = [name for name in folders if name not in _INSTALLED]
        found |= {(Path(folder) / name).relative_to(checkout).as_posix() for name in names}
    return found


def _digest(path: Path) -> bytes:
    """A digest of a file's bytes; of a link, of where it points; of anything else, nothing."""
    if path.is_symlink():
        return hashlib.sha256(str(path.readlink()).encode("utf-8", "surrogateescape")).digest()
    return hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
