"""The example of docs/research.md, as it stands there, runs through the command line."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from factory.paths import factory_home
from tests.support.cli import factory
from tests.support.projects import history
from tests.support.repos import make_repo
from tests.support.sandboxes import working_sandbox

PAGE = Path(__file__).parents[2] / "docs" / "research.md"
FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SETTINGS = re.compile(r"^```toml\n(\[runner\.commands\.scripted\].*?)^```$", re.MULTILINE | re.DOTALL)


def test_what_the_page_shows_keeps_an_improvement(tmp_path: Path) -> None:
    working_sandbox()
    page = PAGE.read_text(encoding="utf-8")
    files = dict(FILE.findall(page))
    assert set(files) == {"factory.toml", "bench/score.py", "route/tour.py", "agent.py"}
    files["factory.toml"] += (
        f"\n[eval]\npython = {sys.executable!r}\n"  # none is made, for that takes a while
    )
    project = make_repo(tmp_path / "trip", files | {".gitignore": "__pycache__/\n"})
    (settings,) = SETTINGS.findall(page)
    factory_home().root.mkdir(parents=True, exist_ok=True, mode=0o700)
    (factory_home().root / "config.toml").write_text(settings)
    done = factory("run", project, "--mode", "research", "--runner", "scripted", "--lite").expect(0)
    (row,) = history(project)
    assert (row["verdict"], row["reason"]) == ("keep", "improved")
    told = "  length 14.9372 → 5.33261: improved\n"
    assert told in done.out
    assert told in page
