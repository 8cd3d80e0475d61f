"""Classification at scale: 14 roles × 15 items against 100 projects × 1,000 experiments.

    python bench/contribute.py        prints the section of docs/benchmarks.md; exit 1 when a target is missed

The fast answers of a sample of the items are compared with those of the plain computation, pair by pair.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import children  # noqa: E402 - found only after the line above
from factory.ace.contributor.classify import Experience  # noqa: E402
from factory.ace.models import Playbook, PlaybookItem  # noqa: E402
from factory.insights import load_all_histories  # noqa: E402
from factory.insights.matching import alike, content_words  # noqa: E402
from factory.rows import COLUMNS, format_line  # noqa: E402

ROLES, ITEMS, PROJECTS, EXPERIMENTS = 14, 15, 100, 1_000
TARGET_S = 10.0
SAMPLE = 3
SEED = 20_260_301

VERBS = (
    "add", "improve", "extend", "test", "cover", "log", "refactor", "split", "cache", "validate",
    "document", "guard", "retry", "rename", "measure",
)  # fmt: skip
NOUNS = (
    "parser", "reader", "writer", "prompt", "agent", "builder", "harness", "coverage", "fixture",
    "error", "path", "handler", "module", "retry", "cache", "index", "schema", "validation",
    "template", "message", "config", "loader", "report", "table", "query", "session", "export",
    "import", "timeout", "signal", "buffer", "socket", "thread", "queue", "worker", "token",
    "header", "route", "view", "form", "field", "filter", "sort", "page", "chart", "widget",
    "graph", "node", "edge", "tree",
)  # fmt: skip
FRAMES = (
    "{verb} the {a} of the {b} so that {c} is covered (module {n})",
    "{verb} tests for the {a} {b} before changing {c} {d}",
    "{verb} {a} handling in the {b} {c} of part {n}",
)


def text(chance: random.Random, vocabulary: Sequence[str]) -> str:
    """One hypothesis or piece of advice."""
    a, b, c, d = chance.sample(vocabulary, 4)
    frame = chance.choice(FRAMES)
    return frame.format(verb=chance.choice(VERBS).title(), a=a, b=b, c=c, d=d, n=chance.randrange(9999))


def write_projects(folder: Path, vocabulary: Sequence[str]) -> None:
    """100 folders with logs of 1,000 experiments."""
    chance = random.Random(SEED)
    for number in range(PROJECTS):
        log = folder / f"project-{number:03d}" / ".factory" / "results.tsv"
        log.parent.mkdir(parents=True)
        lines = ["\t".join(COLUMNS)]
        for row in range(1, EXPERIMENTS + 1):
            values = {
                "id": row,
                "timestamp": f"2026-01-01T{number % 24:02d}:00:00Z",
                "hypothesis": text(chance, vocabulary),
                "verdict": chance.choice(("keep", "keep", "revert", "error")),
            }
            lines.append(format_line(values, COLUMNS))
        log.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_playbooks(home: Path, vocabulary: Sequence[str]) -> list[PlaybookItem]:
    """14 roles with 15 items each."""
    chance = random.Random(SEED + 1)
    made = []
    (home / "playbooks").mkdir(parents=True)
    for number in range(ROLES):
        role = f"role_{chr(ord('a') + number)}"
        items = [
            PlaybookItem(
                id=f"role-{index:05d}",
                helpful=chance.randrange(20),
                harmful=chance.randrange(5),
                text=f"{text(chance, vocabulary)}, for {chance.choice(vocabulary)} needs it",
            )
            for index in range(1, ITEMS + 1)
        ]
        path = home / "playbooks" / f"{role}.md"
        path.write_text(Playbook(role=role, do=items).to_markdown(), encoding="utf-8")
        made += items
    return made


def differing(folder: Path, items: Sequence[PlaybookItem]) -> int:
    """How many of a sample of items the plain computation, pair by pair, answers otherwise."""
    histories = load_all_histories(sorted(folder.iterdir()))
    experience = Experience(histories)
    decided = [
        (number, row.verdict, content_words(row.hypothesis))
        for number, history in enumerate(histories)
        for row in history.decided
    ]
    wrong = 0
    for item in random.Random(SEED + 2).sample(list(items), SAMPLE):
        words = content_words(item.text)
        plain = [(number, verdict) for number, verdict, other in decided if alike(words, other)]
        found = experience.evidence(item.text)
        expected = (len({number for number, _ in plain}), sum(verdict == "keep" for _, verdict in plain))
        wrong += (found.projects, found.kept) != expected
    return wrong


def vocabularies() -> Iterator[tuple[str, Sequence[str]]]:
    """A small vocabulary, in which many texts are alike, and a large one."""
    yield "54 nouns", NOUNS
    syllables = ("ba", "ko", "ri", "lu", "mes", "tan", "dor", "vip", "zu", "fen")
    yield "1,000 nouns", [x + y + z for x in syllables for y in syllables for z in syllables]


def measure(folder: Path, env: Mapping[str, str], rounds: int = 3) -> list[Sequence[str]]:
    """A line a vocabulary and command: time, memory, whether the plain answers are the same."""
    rows: list[Sequence[str]] = []
    for name, vocabulary in vocabularies():
        place = folder / name.replace(" ", "-")
        write_projects(place / "projects", vocabulary)
        items = write_playbooks(place / "home", vocabulary)
        base = [sys.executable, "-P", "-m", "factory"]
        where = ["--json", "--projects-dir", str(place / "projects")]
        commands = {
            "contribute --classify": [*base, "contribute", "--classify", *where],
            "insights": [*base, "insights", *where],
        }
        here = {**env, "FACTORY_HOME": str(place / "home")}
        samples = children.interleaved(commands, rounds, place, here)
        wrong = differing(place / "projects", items)
        for command in commands:
            rows.append(_row(name, command, samples[command], wrong))
    return rows


def _row(name: str, command: str, samples: list[children.Sample], wrong: int) -> Sequence[str]:
    seconds, peak = children.median_seconds(samples), children.median_peak(samples)
    failed = children.codes(samples) - {0}
    is_target = command.startswith("contribute")
    return (
        name,
        f"`factory {command}`",
        f"not measured: exit {sorted(failed)}" if failed else f"{seconds:.1f} s",
        f"{peak:.0f} MB",
        f"{TARGET_S:.0f} s" if is_target else "",
        ("yes" if seconds <= TARGET_S else "NO") if is_target else "",
        (f"{SAMPLE - wrong} of {SAMPLE} items" if is_target else ""),
    )


HEADER = ("vocabulary", "command", "time", "peak memory", "target", "met", "same as the plain computation")


def section(rows: Sequence[Sequence[str]]) -> str:
    """The part of the page."""
    lines = [HEADER, ["---"] * len(HEADER), *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
    return (
        f"\n## What was learned, over {PROJECTS} projects\n\n"
        f"{ROLES} roles with {ITEMS} items, {PROJECTS} projects with {EXPERIMENTS:,} experiments (made up); "
        f"`python bench/contribute.py` measures this alone.\n\n{table}"
    )


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        env = {"PATH": os.environ["PATH"], "HOME": name, "PYTHONPATH": str(ROOT)}
        text = section(measure(Path(name), env, 1))
    print(text)
    return 1 if "not measured" in text or "| NO |" in text else 0


if __name__ == "__main__":
    sys.exit(main())
