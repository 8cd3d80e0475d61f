"""Files stay as tidy as they were: what a fix leaves behind (a hole, an unused import) is cleared away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from factory.evals.checkers import ruff_settings
from factory.offline import ruff
from factory.offline.project import Project

#: What an edit may leave behind whether or not the project asks about it: unused imports, imports out of
#: order, blank lines too many or too few, blanks at the end. Some are in ruff's preview.
LEAVINGS = "F401,I001,E3,W291,W293,W391"


@contextmanager
def as_tidy_as_before(root: Path, paths: Sequence[str], project: Project) -> Iterator[None]:
    """Let files change, and then mend in each what was right there before: by rule, and its formatting."""
    texts = {path: (root / path).read_bytes() for path in paths}
    rules, formatted = _reported(root, paths, project), _formatted(root, paths, project)
    yield
    changed = [path for path in paths if (root / path).read_bytes() != texts[path]]
    worse: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for path, codes in _reported(root, changed, project).items():
        worse[tuple(sorted(codes - rules[path]))].append(path)
    for new, places in worse.items():
        if new:
            ruff.fix(root, new, places, [*project.ruff_options, "--preview"])
    ruff.format_files(root, [path for path in changed if path in formatted], project.format_options)


def _reported(root: Path, paths: Sequence[str], project: Project) -> dict[str, set[str]]:
    """The codes that are reported for each file, by the lint dimension's rules and those on leavings."""
    codes: dict[str, set[str]] = defaultdict(set)
    if not paths:
        return codes
    for options in (ruff_settings(root), [*project.ruff_options, "--preview", "--select", LEAVINGS]):
        for finding in ruff.check(root, options, paths):
            codes[finding.path].add(finding.code)
    return codes


def _formatted(root: Path, paths: Sequence[str], project: Project) -> set[str]:
    return set(paths) - set(ruff.unformatted(root, project.format_options, paths)) if paths else set()
