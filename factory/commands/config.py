"""``factory config``: each setting in force, and where it comes from."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from factory import output
from factory.config import Settings, SettingValue, literal, read_project, settings_in_force
from factory.errors import EXIT_OK, BadInput
from factory.paths import CONFIG_FILE
from factory.project import Project, open_project
from factory.redact import redact, redact_all

HERE = "."


def run(args: argparse.Namespace) -> int:
    """``args``: ``path`` (of a project; outside of one, ``.`` shows what holds everywhere) and ``json``.

    Raises BadInput with every mistake in the settings.
    """
    project = _project(args.path)
    found = settings_in_force({}, read_project(project.paths.config) if project else None)
    if args.json:
        output.emit_json(as_json(project, found))
    else:
        output.table(("setting", "value", "from"), [_row(value) for value in found.values])
    for warning in _warnings(project, found):
        output.note(warning)
    return EXIT_OK


def as_json(project: Project | None, found: Settings) -> dict[str, Any]:
    """The stable form: ``settings`` is a list of key, value, origin and source."""
    return {
        "project": str(project.root) if project else None,
        "settings": redact_all([asdict(value) for value in found.values]),
        "ignored": dict(found.ignored),
    }


def _project(path: str | None) -> Project | None:
    try:
        return open_project(path or HERE)
    except BadInput:
        if path not in {None, HERE}:
            raise
        return None


def _row(value: SettingValue) -> tuple[str, str, str]:
    shown = "unset" if value.value is None else literal(value.value)
    return value.key, redact(shown), f"{value.origin}: {value.source}" if value.source else value.origin


def _warnings(project: Project | None, found: Settings) -> list[str]:
    warnings = [
        f"{name} is no setting" + (f"; did you mean {meant}?" if meant else ".")
        for name, meant in found.ignored.items()
    ]
    if project is None:
        warnings.append(
            "This is no project: what you see holds for every project without settings of its own."
        )
    elif _differs_from_commit(project):
        warnings.append(f"{CONFIG_FILE} is not committed as it is here; a cycle reads the committed one.")
    return warnings


def _differs_from_commit(project: Project) -> bool:
    committed = project.repo.show("HEAD", CONFIG_FILE)
    here = project.paths.config.read_text("utf-8") if project.paths.config.exists() else None
    return (committed or "").splitlines() != (here or "").splitlines()
