"""``factory guard`` on a big repository: 50,000 files, of which a change touches 2,000.

python bench/guard.py        prints this part of docs/benchmarks.md
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import children, run  # noqa: E402 - found only after the line above
from tests.support.repos import commit, make_repo  # noqa: E402

FILES, CHANGED, FOLDERS = 50_000, 2_000, 500
TARGET = 3.0
POLICY = 'goal = "x"\n\n[scope]\nmodifiable = ["src/**"]\n'
DIFF = ["git", "diff", "--name-only", "HEAD~1", "HEAD"]
GUARD = ("guard", ".", "--baseline", "HEAD~1", "--check-scope")
NOTHING = ("guard", ".", "--baseline", "HEAD~2", "--head", "HEAD~1", "--check-scope")


def repository(place: Path) -> Path:
    """The repository: a base, a commit of one file, and one of 2,000."""
    names = [f"src/p{n % FOLDERS:03d}/m{n // FOLDERS:03d}.py" for n in range(FILES)]
    project = make_repo(
        place,
        {"factory.toml": POLICY} | {name: f"def f():\n    return {n}\n" for n, name in enumerate(names)},
    )
    commit(project, {"src/one.py": "ONE = 1\n"}, "One file")
    step = FILES // CHANGED
    commit(project, dict.fromkeys(names[::step], "def g():\n    return 1\n"), "Many files")
    return project


def section(folder: Path, env: dict[str, str], rounds: int) -> str:
    """The table: the time of git, of the guard, and of the guard on a change of one file, its start-up."""
    project = repository(folder / "big")
    commands = {
        "git": DIFF,
        "guard": run.factory(*GUARD),
        "one": run.factory(*NOTHING),
    }
    samples = children.interleaved(commands, rounds, project, env)
    git, guard, one = (children.median_seconds(samples[name]) for name in commands)
    failed = set().union(*(children.codes(samples[name]) - {0} for name in commands))
    if failed:
        return f"not measured: exit {sorted(failed)}\n"
    rows = [
        ("`git diff --name-only`", f"{git * 1000:.0f} ms", "", "", ""),
        line("`factory guard`", guard, git, TARGET),
        line("`factory guard`, one file changed", one, git, None),
        line("the difference: what 2,000 files cost", guard - one, git, None),
    ]
    return run.table(("what", "time", "ratio to `git diff`", "target", "met"), rows)


def line(name: str, seconds: float, git: float, target: float | None) -> run.Row:
    """One row, with its ratio to git's own time."""
    ratio = seconds / git
    goal = f"{target:.0f} ×" if target else ""
    return (name, f"{seconds * 1000:.0f} ms", f"{ratio:.1f} ×", goal, run.met(ratio, target, set()))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code is 1 when it could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="runs of each command (default %(default)s)")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        text = section(Path(name), run.environment(Path(name)), options.rounds)
    print(text)
    return 1 if "not measured" in text else 0


if __name__ == "__main__":
    sys.exit(main())
