"""Small projects on disk, and one call of a role on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factory.offline import OfflineRunner
from factory.runners.base import AgentResult, Invocation


def write(root: Path, **files: str) -> Path:
    """A project from texts; ``__`` in a name stands for a slash, and ``.py`` is added where no dot is."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path = path if path.suffix else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def ask(role: str, cwd: Path, **facts: Any) -> AgentResult:
    """One call of a role; the prompt says nothing, for it must not matter."""
    access: Any = "write" if role == "builder" else "read"
    return OfflineRunner().run(Invocation(role, "", cwd, access, cwd.parent / "output", facts))


def item(*checklist: str, title: str = "an item") -> dict[str, Any]:
    """The facts of a plan item."""
    return {"phase": 1, "title": title, "category": "FIX", "checklist": list(checklist)}


MEASUREMENT: dict[str, Any] = {
    "commit": "0123456789abcdef",
    "composite": 0.7,
    "dimensions": [
        {"name": "lint", "tier": "hygiene", "score": 0.6, "details": {"problems": 88, "rules": {"F401": 11}}},
        {"name": "observability", "tier": "growth", "score": 0.3, "details": {"problems": 8}},
        {"name": "tests", "tier": "hygiene", "score": 1.0, "details": {}},
    ],
}
SCOPE: dict[str, Any] = {"modifiable": ["src/**", "tests/**"], "read_only": ["factory.toml"]}
