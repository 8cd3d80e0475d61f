"""Projects with histories and playbooks with items, for what is learned from many of them.

``shelf`` makes unrelated projects; each experiment is (hypothesis, verdict). ``upstream`` is a bare
repository with playbooks, as contributions are sent to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from factory.ace.models import Playbook, PlaybookItem
from factory.rows import COLUMNS, format_line
from tests.support.repos import commit, git, make_repo

Experiment = tuple[str, str]

GENERAL_TEXT = "Add tests for the error paths of a module before changing its behaviour."
"""With ``GENERAL_HISTORY`` in three projects it is general."""
GENERAL_HISTORY: tuple[Experiment, ...] = (
    ("Add tests for the error paths of the importer module before changing it", "keep"),
    ("Add tests for error paths of the module that changes behaviour", "keep"),
    ("Paint the landing page in another colour", "revert"),
)
OTHER_GENERAL_TEXT = "Measure the coverage of a module and add assertions for uncovered branches first."
OTHER_GENERAL_HISTORY: tuple[Experiment, ...] = (
    ("Measure coverage of the module and add assertions for uncovered branches", "keep"),
)
SPECIFIC_TEXT = "Show the customer's invoice total with tax on the checkout page."


def write_log(project: Path, experiments: Iterable[Experiment], day: str = "2026-03-01") -> None:
    """A project's log of these experiments."""
    log = project / ".factory" / "results.tsv"
    log.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(COLUMNS)]
    for number, (hypothesis, verdict) in enumerate(experiments, start=1):
        row = {
            "id": number,
            "timestamp": f"{day}T10:{number % 60:02d}:00Z",
            "hypothesis": hypothesis,
            "verdict": verdict,
            "reason": "improved" if verdict == "keep" else "regressed",
        }
        lines.append(format_line(row, COLUMNS))
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def make_project(path: Path, experiments: Iterable[Experiment], *, remote: str = "") -> Path:
    """A repository unlike any other one, with a log."""
    make_repo(path, {"README.md": f"# {path.name}\n"}, f"Start {path.name}")
    if remote:
        git(path, "remote", "add", "origin", remote)
    write_log(path, experiments)
    return path


def shelf(folder: Path, histories: Mapping[str, Sequence[Experiment]]) -> Path:
    """A folder with unrelated projects, by name."""
    for name, experiments in histories.items():
        make_project(folder / name, experiments)
    return folder


def playbook(role: str, items: Iterable[tuple[str, int, int]], *, prefix: str = "build") -> Playbook:
    """A playbook whose items (text, helpful, harmful) are all things to do."""
    made = [
        PlaybookItem(id=f"{prefix}-{number:05d}", text=text, helpful=helpful, harmful=harmful)
        for number, (text, helpful, harmful) in enumerate(items, start=101)
    ]
    return Playbook(role=role, do=made)


def evolve(factory_home: Path, *playbooks: Playbook) -> None:
    """Write evolved playbooks into a factory home."""
    folder = factory_home / "playbooks"
    folder.mkdir(parents=True, exist_ok=True)
    for one in playbooks:
        (folder / f"{one.role}.md").write_text(one.to_markdown(), encoding="utf-8")


def upstream(folder: Path, playbooks: Mapping[str, str]) -> Path:
    """A bare repository whose ``main`` has these playbooks, by role."""
    work = make_repo(folder / "upstream-work", {"README.md": "# upstream\n"})
    commit(
        work, {f"factory/agents/playbooks/{role}.md": text for role, text in playbooks.items()}, "Playbooks"
    )
    bare = folder / "upstream.git"
    git(folder, "clone", "--quiet", "--bare", str(work), str(bare))
    return bare
