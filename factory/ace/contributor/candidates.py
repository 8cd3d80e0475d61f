"""The newest classification, as it is stored in the factory home."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from factory.ace.contributor.model import ClassifiedItem
from factory.ace.models import Playbook
from factory.errors import BadInput
from factory.fsio import ensure_private_dir, read_json, utc_now, write_json
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
                raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
            found[path.stem] = Playbook.from_markdown(text, path.stem)
    return found
