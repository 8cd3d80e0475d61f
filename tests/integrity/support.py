"""Changes written as texts."""

from __future__ import annotations

from textwrap import dedent

from factory.integrity import FileChange, weakenings


def told(before: str | None, after: str | None, path: str = "tests/test_a.py") -> list[str]:
    """The names of the violations in a change of one file, without its path; notes begin with ``note``."""
    return names({path: (before, after)})


def names(files: dict[str, tuple[str | None, str | None]]) -> list[str]:
    """The same for several files; the names are whole where there is more than one."""
    changes = [FileChange(path, _text(old), _text(new)) for path, (old, new) in files.items()]
    shown = []
    for found in weakenings(changes):
        name = found.name if len(files) > 1 else found.name.replace(f":{found.path}", "", 1)
        shown.append(f"note {name}" if found.note else name)
    return shown


def _text(text: str | None) -> str | None:
    return None if text is None else dedent(text).lstrip("\n")
