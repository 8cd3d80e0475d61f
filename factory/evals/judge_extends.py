"""Files that settings of measuring tools extend: whatever their names, they say how something is measured.

Read from the text: TOML, JSON with comments and what eslint understands write it alike. What a program of
settings imports (``eslint.config.js``, ``jest.config.ts``) is not looked for: that may well be the product.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from factory.evals.judge_javascript import LOCKS
from factory.evals.judge_settings import is_judge_file, is_shared_settings
from factory.git import Repo

_EXTENDS = re.compile(
    r"(?<![\w-])extends?[\"']?\s*[:=]\s*(?P<what>\[[^\]]*\]|[^\n,}]*(?:\n\s*-\s[^\n]*)*)", re.ASCII
)
_NAME = re.compile(r"[\w@./~+-]+")
_UNSAID = ("", ".json", ".js", ".cjs")
"""What may be left out at the end of a file's name."""
_SUFFIXES = frozenset({"", ".toml", ".json", ".jsonc", ".js", ".cjs", ".mjs", ".yaml", ".yml"})


def extended_settings(repo: Repo, commit: str, paths: Iterable[str]) -> frozenset[str]:
    """Those of ``paths`` that settings of measuring tools extend at a commit, directly or by another file."""
    asked = {path for path in paths if PurePosixPath(path).suffix in _SUFFIXES and not _is_settings(path)}
    if not asked:
        return frozenset()
    files = frozenset(repo.files(commit))
    left = [path for path in files if _is_settings(path) and PurePosixPath(path).name not in LOCKS]
    found: set[str] = set()
    while left:
        path = left.pop()
        more = set(_extended(path, repo.show(commit, path) or "")) - found
        left += [path for path in more & files if not _is_settings(path)]
        found |= more
    return frozenset(asked & found)


def _is_settings(path: str) -> bool:
    return is_judge_file(path) or is_shared_settings(path)


def _extended(path: str, text: str) -> Iterator[str]:
    """Where the files may be that a text of settings extends."""
    for match in _EXTENDS.finditer(text):
        for name in _NAME.findall(match["what"]):
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            yield from (place + unsaid for unsaid in _UNSAID)
