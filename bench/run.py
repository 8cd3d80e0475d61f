"""The benchmarks: ``python bench/run.py`` measures and writes docs/benchmarks.md.

Start-up is told as ratios to bare Python within one run: absolute times say more about the machine.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import children, contribute, projects, prompt_bytes  # noqa: E402 - found only after the line above

PAGE = ROOT / "docs" / "benchmarks.md"
SIZES = (10, 1_000, 10_000, 100_000)

PASS = "python -c pass"
ARGPARSE = 'python -c "import argparse"'

# What is measured, what it is compared with, and the ratio it is to stay within (None: no target).
STARTUP: tuple[tuple[str, tuple[str, ...], str, float | None], ...] = (
    ("--help", ("--help",), ARGPARSE, 3.0),
    ("history", ("history", "--json"), PASS, 8.0),
    ("brief", ("brief",), PASS, 8.0),
    ("backlog-list", ("backlog-list", "--json"), PASS, 8.0),
    ("status", ("status", "--json"), PASS, 8.0),
    ("guard", ("guard", ".", "--baseline", "HEAD~1"), PASS, None),
)
SECONDS_AT_100K = 1.0
MB_AT_100K = 60.0

Row = Sequence[str]


def factory(*args: str) -> list[str]:
    """The argument list of ``factory args``."""
    return [sys.executable, "-P", "-m", "factory", *args]


def environment(folder: Path) -> dict[str, str]:
    """A bare environment with a home of its own."""
    home = folder / "home"
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "LANG", "TERM", "TMPDIR", "PYENV_ROOT"}}
    return {**kept, "HOME": str(home), "FACTORY_HOME": str(home / ".factory"), "PYTHONPATH": str(ROOT)}


def startup(project: Path, env: dict[str, str], rounds: int) -> list[Row]:
    """Start-up of commands on a small project, against bare Python."""
    commands: dict[str, Sequence[str]] = {
        PASS: [sys.executable, "-c", "pass"],
        ARGPARSE: [sys.executable, "-c", "import argparse"],
    }
    commands |= {name: factory(*args) for name, args, _, _ in STARTUP}
    samples = children.interleaved(commands, rounds, project, env)
    rows = [startup_row(name, samples, base, target) for name, _, base, target in STARTUP]
    bare = [(f"`{name}`", milliseconds(samples[name]), "", "", "", "") for name in (PASS, ARGPARSE)]
    return [*bare, *rows]


def startup_row(name: str, samples: dict[str, list[children.Sample]], base: str, target: float | None) -> Row:
    """One command's line."""
    ratio = children.median_seconds(samples[name]) / children.median_seconds(samples[base])
    failed = children.codes(samples[name]) - {0}
    shown = f"{ratio:.1f} × `{base}`" if not failed else f"not measured: exit {sorted(failed)}"
    goal = f"{target:.0f} ×" if target else "none"
    return (
        f"`factory {name}`",
        milliseconds(samples[name]),
        shown,
        goal,
        met(ratio, target, failed),
        f"{children.median_peak(samples[name]):.0f} MB",
    )


def milliseconds(samples: Sequence[children.Sample]) -> str:
    """A median time."""
    return f"{children.median_seconds(samples) * 1000:.0f} ms"


def met(value: float, target: float | None, failed: set[int]) -> str:
    """Whether a target is met, in a word."""
    if failed or target is None:
        return ""
    return "yes" if value <= target else "NO"


def histories(folder: Path, env: dict[str, str], rounds: int, sizes: Sequence[int]) -> list[Row]:
    """``history`` and ``brief`` on logs of growing length: time and peak memory."""
    rows = []
    for size in sizes:
        project = projects.make_project(folder / f"rows-{size}", size)
        commands = {
            "history": factory("history"),
            "history --json --all": factory("history", "--json", "--all"),
            "brief": factory("brief"),
        }
        samples = children.interleaved(commands, rounds, project, env)
        rows += [history_row(name, size, samples[name]) for name in commands]
    return rows


def history_row(name: str, size: int, samples: list[children.Sample]) -> Row:
    """One command at one length."""
    failed = children.codes(samples) - {0}
    seconds, peak = children.median_seconds(samples), children.median_peak(samples)
    has_target = size == max(SIZES) and "--all" not in name
    goal = f"{SECONDS_AT_100K:.0f} s, {MB_AT_100K:.0f} MB" if has_target else ""
    worst = max(seconds / SECONDS_AT_100K, peak / MB_AT_100K)
    result = f"not measured: exit {sorted(failed)}" if failed else f"{seconds:.2f} s"
    return (
        f"{size:,}",
        f"`factory {name}`",
        result,
        f"{peak:.0f} MB",
        goal,
        met(worst, 1.0 if has_target else None, failed),
    )


def table(header: Row, rows: Sequence[Row]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def told_by(script: str, env: dict[str, str]) -> str:
    """The section that another benchmark prints, run apart: what it imports would be in our memory."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / script)],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return (
        done.stdout.rstrip() + "\n" if done.stdout else f"\nnot measured: {script}: exit {done.returncode}\n"
    )


def missed(text: str) -> str:
    """What a page of results says of targets that were not reached, at its top."""
    lines = [line.strip("| -") for line in text.splitlines() if "| NO |" in line or "NOT MET" in line]
    if not lines:
        return "Every target is met.\n\n"
    told = "".join(f"- {line.removesuffix(' | NO').replace(' | ', ', ')}\n" for line in lines)
    return f"Targets that are missed (the table has the columns):\n\n{told}\n"


def page(
    startup_rows: Sequence[Row], history_rows: Sequence[Row], more: str, rounds: int, floor: float
) -> str:
    """The page."""
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    machine = (
        f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
    results = (
        "## Start-up, on a project with 10 experiments\n\n"
        + table(("command", "time", "ratio", "target", "met", "peak memory"), startup_rows)
        + "\n## Long histories\n\n"
        + table(("rows", "command", "time", "peak memory", "target", "met"), history_rows)
        + more
    )
    return (
        f"# Benchmarks\n\nWritten by `make bench` on {date}: {machine}. "
        f"Medians of {rounds} interleaved runs; long histories {history_rounds(rounds)}; "
        "ratios hold within one run, on one machine. A peak of less memory than that of the benchmark "
        f"itself, {floor:.0f} MB in the first two tables, shows as that. A cycle's tokens at the real "
        "CLIs are in [runners.md](runners.md), the proof that learning helps in "
        "[learning.md](learning.md).\n\n" + missed(results) + results
    )


def further(folder: Path, env: dict[str, str]) -> str:
    """The sections on what takes longer: big repositories, prompts, a cycle's overhead, many projects."""
    prompts = prompt_bytes.section(*prompt_bytes.measure(folder, {**os.environ, **env}))
    return (
        "\n## The guard on 50,000 files, of which 2,000 changed\n\n"
        + told_by("guard.py", env)
        + "\n## The program's own prompts, in a cycle of one hypothesis on the example\n\n"
        + prompts
        + told_by("cycle_overhead.py", env)
        + contribute.section(contribute.measure(folder, env))
    )


def history_rounds(rounds: int) -> int:
    """How often each command reads each long history."""
    return max(3, rounds // 2)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and write the page; the exit code is 1 when a command could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="runs of each command (default %(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="three runs, no long histories; print, write nothing"
    )
    options = parser.parse_args(argv)
    rounds = 3 if options.quick else options.rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder)
        startup_rows = startup(projects.make_project(folder / "small", 10), env, rounds)
        history_rows = histories(folder, env, history_rounds(rounds), SIZES[:2] if options.quick else SIZES)
        floor = children.own_peak()
        more = "" if options.quick else further(folder, env)
    text = page(startup_rows, history_rows, more, rounds, floor)
    if not options.quick:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 1 if "not measured" in text else 0


if __name__ == "__main__":
    sys.exit(main())
