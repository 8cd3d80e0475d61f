"""Generated pages are up to date, links lead somewhere, and the generators see what they claim to see."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from factory.cycle.machine import EachPhase, Steps
from factory.cycle.modes import MODES
from tools import docs


def test_generated_pages_are_up_to_date() -> None:
    assert list(docs.stale()) == [], "run: make docs-write"


@pytest.mark.parametrize("page", docs.pages_with_links(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert list(docs.broken_links(page)) == []


def test_a_stale_page_is_shown_with_its_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(docs, "DOCS", tmp_path)
    monkeypatch.setattr(docs, "PAGES", {"a.md": lambda: "new\n"})
    monkeypatch.setattr(docs, "PARTS", {})
    (tmp_path / "a.md").write_text("old\n")
    assert list(docs.stale()) == ["--- a.md\n+++ a.md (wanted)\n@@ -1 +1 @@\n-old\n+new\n"]
    docs.write()
    assert list(docs.stale()) == []


def test_commands_are_listed_with_arguments_choices_and_exit_codes() -> None:
    parser = argparse.ArgumentParser(prog="factory")
    commands = parser.add_subparsers()
    spec = commands.add_parser("spec", help="Plans.").add_subparsers()
    check = spec.add_parser("check", help="Check a plan.", epilog="Exit codes: 0 clean, 1 findings.")
    check.add_argument("file", help="the plan | or a draft")
    check.add_argument("--max-new", type=int, default=2, metavar="N", help="at most (default %(default)s)")
    check.add_argument("--mode", choices=["a", "b"], help="how")
    check.add_argument("--json", action="store_true", help="as JSON")
    check.add_argument("--secret", help=argparse.SUPPRESS)
    sections = [docs.command_section(*found) for found in docs.commands(parser)]
    assert sections[0] == "## `factory spec`\n\nPlans.\n"
    assert sections[1] == (
        "## `factory spec check`\n\nCheck a plan.\n\n"
        "| argument | meaning |\n| --- | --- |\n"
        "| `file` | the plan \\| or a draft |\n"
        "| `--max-new N` | at most (default 2) |\n"
        "| `--mode {a,b}` | how |\n"
        "| `--json` | as JSON |\n\n"
        "Exit codes: 0 clean, 1 findings.\n"
    )


def test_every_path_of_the_paths_classes_is_listed() -> None:
    page = docs.files_page()
    for path in (".factory/results.tsv", ".factory/experiments/NNN", "~/.factory/registry.json"):
        assert f"| `{path}` |" in page


def steps(mode: Steps) -> list[str]:
    """The names of a mode's steps, those of its phases among them, in their order."""
    return [
        name for step in mode for name in (steps(step.steps) if isinstance(step, EachPhase) else [step.name])
    ]


def steps_told(page: str, title: str, mode: list[str]) -> list[str]:
    """The steps in the first column of a section's table; ``…`` between two stands for those between them."""
    section = (docs.DOCS / page).read_text().split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    told: list[str] = []
    for cell in re.findall(r"^\|([^|]*)\|", section, re.MULTILINE):
        names = re.findall(r"`(\w+)`", cell)
        told += mode[mode.index(names[0]) : mode.index(names[1]) + 1] if "…" in cell else names
    return told


@pytest.mark.parametrize(
    ("page", "title", "mode"),
    [
        ("protocol.md", "Steps of `improve`", MODES["improve"]),
        ("protocol.md", "Steps of `design`", MODES["design"]),
        ("protocol.md", "Steps of `build`", MODES["build"]),
        ("protocol.md", "Steps of `meta`", MODES["meta"][len(MODES["improve"]) :]),
        ("research.md", "Steps", MODES["research"]),
    ],
    ids=["improve", "design", "build", "meta", "research"],
)
def test_every_step_of_a_mode_is_told(page: str, title: str, mode: Steps) -> None:
    names = steps(mode)  # some rows tell of two steps that others stand between
    assert sorted(steps_told(page, title, names), key=names.index) == names, f"docs/{page}, {title}"


def test_broken_links_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    page = tmp_path / "a.md"
    page.write_text(
        "# One two\n[x](b.md) [y](#one-two) [z](#three) [w](https://example.org/q)\n```\n[c](d.md)\n```\n"
    )
    assert list(docs.broken_links(page)) == ["a.md: b.md does not exist", "a.md: #three has no such heading"]
