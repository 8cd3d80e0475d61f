"""Projects to measure on: a small repository with a history of a given length."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

CONFIG = """\
goal = "A small project to measure the program on"
target_branch = "main"

[scope]
modifiable = ["**"]
"""

COLUMNS = (
    *("id", "timestamp", "hypothesis", "change_summary", "issue_number", "pr_number", "score_before"),
    *("score_after", "delta", "verdict", "cost_usd", "notes", "research_citations"),
    *("reason", "category", "kind", "cycle", "branch", "baseline", "commit", "tokens", "duration_s"),
    *("runner", "harness"),
)

WORK = (
    ("FIX", "Fix the crash of the reader on an empty line {}"),
    ("EXPLOIT", "Improve the coverage of module {}"),
    ("EXPLORE", "Try another index for lookup table {}"),
    ("COMBINE", "Merge parser and validator of section {}"),
)


def git(path: Path, *args: str) -> str:
    """Run git in ``path`` and return its output."""
    identity = ("-c", "user.name=Bench", "-c", "user.email=bench@example.org")
    done = subprocess.run(["git", *identity, *args], cwd=path, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_project(path: Path, rows: int) -> Path:
    """A repository with a ``factory.toml``, two commits, and ``rows`` logged experiments."""
    path.mkdir(parents=True)
    git(path, "init", "-q", "--initial-branch", "main")
    (path / "factory.toml").write_text(CONFIG)
    (path / "app.py").write_text('"""An application."""\n')
    git(path, "add", "--all")
    git(path, "commit", "-q", "-m", "Start")
    (path / "app.py").write_text('"""An application."""\n\nANSWER = 42\n')
    git(path, "commit", "-q", "-a", "-m", "Answer")
    state = path / ".factory"
    (state / "strategy").mkdir(parents=True)
    (state / "strategy" / "backlog.md").write_text("".join(f"- [ ] Backlog item {n}\n" for n in range(10)))
    write_history(state / "results.tsv", rows, git(path, "rev-parse", "HEAD"))
    return path


def write_history(path: Path, rows: int, commit: str) -> None:
    """A log of ``rows`` experiments, a third of them kept; row by row, to keep this process small."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", dialect="excel-tab", lineterminator="\n")
        writer.writeheader()
        for number in range(1, rows + 1):
            category, text = WORK[number % len(WORK)]
            kept = number % 3 == 0
            before = 0.5 + number % 100 / 1000
            after = before + (0.002 if kept else -0.004)
            writer.writerow(
                {
                    "id": number,
                    "timestamp": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}T10:00:00Z",
                    "hypothesis": text.format(number),
                    "change_summary": "Changed two files and added a test for each of them",
                    "score_before": f"{before:.4f}",
                    "score_after": f"{after:.4f}",
                    "delta": f"{after - before:.4f}",
                    "verdict": "keep" if kept else "revert",
                    "cost_usd": "0.12",
                    "reason": "improved" if kept else "regressed",
                    "category": category,
                    "cycle": f"c{number // 3}",
                    "baseline": commit,
                    "commit": commit,
                    "tokens": 41000,
                    "duration_s": "312.5",
                    "runner": "offline",
                    "harness": "0123456789abcdef",
                }
            )
