"""A small research task: a bin-packing heuristic, scored on fixed instances, with noise of its own."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.repos import make_repo

CAPACITY = 100

SOLVER = '''\
"""Packs items into bins."""

import random


def pack(sizes, capacity, seed):
    """Put each item into the first bin that has room for it, in an order drawn by chance."""
    order = list(sizes)
    random.Random(seed).shuffle(order)
    return first_fit(order, capacity)


def first_fit(order, capacity):
    """The bins after each item went into the first one with room."""
    bins = []
    for size in order:
        for held in bins:
            if sum(held) + size <= capacity:
                held.append(size)
                break
        else:
            bins.append([size])
    return bins
'''

SCORER = '''\
"""Scores the solver: the mean number of bins above the best that is known, over all instances."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from packing.solver import pack

HERE = Path(__file__).parent


def main(folder):
    """Score every instance of a folder, and leave the result."""
    seed = int(os.environ["FACTORY_SEED"])
    instances = json.loads((folder / "instances.json").read_text())
    best = json.loads((folder / "best_known.json").read_text())
    cases = []
    for name, sizes in instances.items():
        bins = pack(list(sizes), 100, seed)
        assert sorted(s for held in bins for s in held) == sorted(sizes), name
        assert all(sum(held) <= 100 for held in bins), name
        gap = len(bins) - len(best[name])
        cases.append({"id": name, "gap": gap, "failure": "too many bins" if gap else "", "passed": not gap})
    mean = sum(case["gap"] for case in cases) / len(cases)
    Path("result.json").write_text(json.dumps({"mean_gap": mean, "cases": cases}))
    print(f"{len(cases)} instances, mean gap {mean:.4f}")


main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
'''

POLICY = f"""\
goal = "pack items into few bins"
target_branch = "main"

[scope]
modifiable = ["packing/**"]

[eval]
python = {sys.executable!r}

[[eval.dimension]]
name = "lint"
tier = "hygiene"

[strategy]
plateau_threshold = 2

"""

TARGET = """\
[research]
objective = "minimize"
metric = "mean_gap"
run = "python bench/score.py"
result = "result.json"
mutable = ["packing/**"]
fixed = ["bench/**"]
repeats = 5
"""

DECREASING = (
    SOLVER.replace(
        "    order = list(sizes)\n    random.Random(seed).shuffle(order)\n"
        "    return first_fit(order, capacity)",
        "    return first_fit(sorted(sizes, reverse=True), capacity)",
    )
    .replace("import random\n\n\n", "")
    .replace("in an order drawn by chance", "the biggest first")
)
"""A real improvement: first fit in decreasing order."""

OTHER_LUCK = SOLVER.replace("random.Random(seed)", "random.Random(seed + 7)")
"""No improvement at all: other luck in every run, now better, now worse."""


def instances(count: int = 12, *, seed: int = 5) -> tuple[dict[str, list[int]], dict[str, list[list[int]]]]:
    """Instances made by cutting full bins up, and so a packing of each that nothing can beat."""
    draw = random.Random(seed)
    given, best = {}, {}
    for number in range(1, count + 1):
        bins = [_cut(draw) for _ in range(draw.randint(36, 44))]
        sizes = [size for held in bins for size in held]
        draw.shuffle(sizes)
        given[f"inst-{number:02d}"] = sizes
        best[f"inst-{number:02d}"] = bins
    return given, best


def _cut(draw: random.Random) -> list[int]:
    cuts = sorted(draw.sample(range(12, 89), draw.choice((1, 2, 2, 3))))
    return [b - a for a, b in zip([0, *cuts], [*cuts, CAPACITY], strict=True)]


def files() -> dict[str, str]:
    """The files of the project, without its policy."""
    given, best = instances()
    return {
        ".gitignore": "__pycache__/\nresult.json\n",
        "packing/__init__.py": '"""Packing."""\n',
        "packing/solver.py": SOLVER,
        "bench/score.py": SCORER,
        "bench/instances.json": json.dumps(given, indent=1),
        "bench/best_known.json": json.dumps(best, indent=1),
    }


def packing_project(
    path: Path, *, policy: str = POLICY + TARGET, more: Mapping[str, str] | None = None
) -> Path:
    """A repository with the task and its policy."""
    return make_repo(path, {**files(), "factory.toml": policy, **(more or {})})


def lay_held_out(folder: Path) -> None:
    """Instances that no agent sees, with their best packings, for ``python bench/score.py held-out``."""
    given, best = instances(seed=99)
    (folder / "held-out").mkdir(parents=True)
    (folder / "held-out" / "instances.json").write_text(json.dumps(given))
    (folder / "held-out" / "best_known.json").write_text(json.dumps(best))


def plan(*titles: str, category: str = "FIX", words: str = "", surface: str = "packing/solver.py") -> str:
    """A plan of a research round that keeps every rule, with an item for each title."""
    numbered = list(enumerate(titles, start=1))
    parts = [
        "# Improvement Cycle — Specification",
        "## 1. Current State\n\n- Composite: see the measurement\n- Weakest: mean_gap\n"
        "- Last experiments: none\n"
        "- Pattern: bins stay half empty",
        "## 2. Goals and Non-Goals\n\n### 2.1 Goals\n\n- Fewer bins\n\n### 2.2 Non-Goals\n\n- Speed",
        "## 3. Design Space\n\n| Dimension | Score | Notes |\n|---|---|---|\n| mean_gap | 1.25 | here |\n"
        "\n**Underserved:** mean_gap",
        "## 4. Detailed Specification",
        *(_item(n, title, category, words, surface) for n, title in numbered),
        "## 5. Implementation Plan",
        *(
            f"### Phase {n}: {title} (§4.{n}, {category})\n\n- [ ] Change the solver\n"
            "- **Depends on:** none\n"
            "- **Scope:** one PR"
            for n, title in numbered
        ),
        "## 6. Anti-patterns\n\n- (none this cycle)",
        "## 7. Blocked (requires user input)\n\n- (none this cycle)",
        "## 8. Proposed Backlog Additions\n\n- (none this cycle)",
    ]
    return "\n\n".join(parts) + "\n"


def _item(number: int, title: str, category: str, words: str, surface: str) -> str:
    return (
        f"### 4.{number} {title}\n\n"
        "- **What:** The solver comes closer to the best packing. It stays a heuristic.\n"
        f"- **How:** In `packing/solver.py` the function pack is changed. {words}\n"
        "- **Why:** The measured dimension mean_gap counts bins above the best.\n"
        f"- **Category:** {category}\n"
        "- **Expected impact:** mean_gap 1.25→0.50\n"
        "- **Priority:** high\n"
        "- **Failure mode:** too many bins\n"
        f"- **Mutable surface:** {surface}"
    )
