"""tools/leakage_rate.py, on two made-up releases: an ordinary change is none, a copied answer is an alarm."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.support.cli import ROOT, environment
from tests.support.repos import write

ANSWERS = {f"case-{n}": f"the answer of case number {n} is {n * 7919}" for n in range(30)}


def release(folder: Path, version: str, files: dict[str, str]) -> None:
    top = folder / f"thing-{version}"
    write(top, {"tests/answers.json": json.dumps(ANSWERS, indent=1), "thing.py": "x = 1\n"} | files)
    with tarfile.open(folder / f"thing-{version}.tar.gz", "w:gz") as packed:
        packed.add(top, top.name)


def test_alarms_and_disguises_are_counted(tmp_path: Path) -> None:
    release(tmp_path, "1.0", {})
    learned = f"ANSWER = {ANSWERS['case-3']!r}\n"
    release(tmp_path, "1.1", {"thing.py": "x = 2\n", "new.py": learned, "tests/test_thing.py": learned})
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "leakage_rate.py"), str(tmp_path)],
        env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert "all | 2 |  | 1 | 1 | 1" in lines, done.stdout
    assert any(line.startswith("  alarm at normal: new.py: exact tests/answers.json") for line in lines)
    assert "  compressed: 1 of 1" in lines
