"""The newest classification, as it is stored in the factory home."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import Field

from factory.ace.contributor.classify import classify_evolved_playbooks
from factory.ace.contributor.model import ClassifiedItem
from factory.ace.library import Library, with_counters
from factory.ace.models import HEADINGS, Playbook
from factory.ace.outcomes import tallies
from factory.ace.paths import DEFAULTS_DIR, user_playbooks_dir
from factory.errors import BadInput
from factory.fsio import ensure_private_dir, read_json, unreadable, utc_now, write_json
from factory.insights.projects import ProjectHistory
from factory.models import FORMAT_VERSION, Model
from factory.paths import HomePaths, factory_home

_ROLE_FILE = re.compile(r"[a-z][a-z0-9_]*")


class Classification(Model):
    """What was classified and when, over how many unrelated projects."""

    v: int = FORMAT_VERSION
    timestamp: str
    projects: int
    items: list[ClassifiedItem] = Field(default_factory=list)


def classification_file(home: HomePaths) -> Path:
    """Where the newest classification is stored."""
    return home.contributions / "classification.json"


def store_candidates(home: HomePaths, items: Sequence[ClassifiedItem], projects: int) -> Classification:
    """Store a classification in place of the one before."""
    made = Classification(timestamp=utc_now(), projects=projects, items=list(items))
    ensure_private_dir(home.contributions)
    write_json(classification_file(home), made)
    return made


def classify_known(
    home: HomePaths, known: Sequence[ProjectHistory], report: Callable[[str], None]
) -> Classification:
    """Classify the evolved playbooks by these histories, and store the outcome.

    ``report`` hears of lines that are damaged. Raises BadInput for a playbook that cannot be read.
    """
    evolved = read_playbooks(user_playbooks_dir())
    for role, playbook in evolved.items():
        for line in playbook.damaged:
            report(f"{role}.md:{line.line}: damaged, not classified: {line.problem}")
    origins = {role: _learned_from(home, playbook, report) for role, playbook in evolved.items()}
    evolved = {role: _counted(home, playbook) for role, playbook in evolved.items()}
    items = classify_evolved_playbooks(evolved, read_playbooks(DEFAULTS_DIR), known, origins)
    items = [one.model_copy(update={"written": one.item.id not in origins[one.role]}) for one in items]
    return store_candidates(home, items, sum(bool(one.decided) for one in known))


def _counted(home: HomePaths, playbook: Playbook) -> Playbook:
    """A playbook with its counters as the outcomes on record have them, whatever was typed into its lines."""
    library = Library(home.playbooks)
    try:
        record = library.record(playbook.role)
    except BadInput:
        return playbook  # what is damaged is reported with the items' origins
    return with_counters(playbook, record, tallies(library.outcomes(), playbook.role, record.survivors))


def _learned_from(home: HomePaths, playbook: Playbook, report: Callable[[str], None]) -> dict[str, list[str]]:
    """The experiments that each item on record was learned from; nothing where the record is damaged."""
    try:
        known = Library(home.playbooks).record(playbook.role).items
    except BadInput as error:
        report(error.message)
        return {}
    return {
        item.id: known[item.id].where_it_says(section, item.text).evidence
        for section in HEADINGS
        for item in playbook.section(section)
        if item.id in known
    }


def load_classification(home: HomePaths) -> Classification | None:
    """The stored classification, or None. Raises BadInput for a damaged one."""
    path = classification_file(home)
    return read_json(path, Classification) if path.exists() else None


def load_candidates(home: HomePaths | None = None) -> list[ClassifiedItem]:
    """The items of the newest classification, most general first; none where nothing was classified yet."""
    found = load_classification(home or factory_home())
    return found.items if found else []


def read_playbooks(folder: Path) -> dict[str, Playbook]:
    """The playbooks ``<role>.md`` of a folder by role; none where there is no folder.

    Raises BadInput for a file that cannot be read. Lines that are no items are in ``damaged``.
    """
    found = {}
    for path in sorted(folder.glob("*.md")):
        if _ROLE_FILE.fullmatch(path.stem):
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except OSError as error:
                raise unreadable(path, error) from None
            found[path.stem] = Playbook.from_markdown(text, path.stem)
    return found
