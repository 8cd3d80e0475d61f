"""An agent that plays every role of a design and its build by a script: a program of words and lines.

It is a real process behind the ``command`` runner: prompt on standard input, answer on standard output, its
work in the folder that it is started in. Standard library only, in one file, for no sandbox shows it tests.
Feedback that speaks of lines brings a third feature.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

RESEARCH = """\
### R1: people count words with three different tools

- Source: the idea

### R2: a count that reads a file as a whole fails on large files

- Source: the idea
"""

SPEC = """\
# Words — Specification

## Normative Language

MUST and SHOULD are to be read as in RFC 2119.

## 1. Problem Statement

Nobody knows how long a text is before it is printed.

## 2. Goals and Non-Goals

### 2.1 Goals

- A count that can be trusted
{goals}
### 2.2 Non-Goals

- A text editor

## 3. System Overview

### 3.1 Architecture

A module that counts, and a command line around it.

### 3.2 Tech Stack

- Python, because it is there already [R1]

## 4. Core Domain Model

A text has words; a word is what stands between white space.

## 5. Detailed Specification
{features}
## 6. Reference Algorithms

The sum over the lines of the number of words in each.

## 7. Test and Validation Matrix

| Feature | Command | Expectation |
|---|---|---|
{rows}
## 8. Implementation Plan

### Phase 1: Scaffold and evaluation harness

- [ ] A package with a test, and the settings of pytest
- **Depends on:** none
- **Scope:** one PR
- **Priority:** FIX
{phases}
### Blocked (requires user input)

- (none)
"""

FEATURE = """
### 5.{n} Feature: {title}

**What:** {what}

**How:** In `src/words/{module}.py`, line by line. A missing file ends with one sentence and exit code 2.

**Why:** People use three tools for it [R1].
"""

PHASE = """
### Phase {phase}: {title} (§5.{n})

- [ ] `src/words/{module}.py` and its tests
- **Depends on:** Phase {before}
- **Scope:** one PR
- **Priority:** EXPLORE
"""

PARTS = {
    "counting": ("Count the words", "The program MUST tell how many words a text has."),
    "cli": ("Print the count", "The program MUST print the count of each file that it is given."),
    "lines": ("Count the lines", "The program MUST tell how many lines a text has."),
}

PYPROJECT = """\
[project]
name = "words"
version = "0.1.0"
requires-python = ">=3.11"

[tool.pytest.ini_options]
pythonpath = ["src"]
testpaths = ["tests"]
"""

FILES = {
    "Scaffold and evaluation harness": {
        "pyproject.toml": PYPROJECT,
        ".gitignore": "__pycache__/\n.pytest_cache/\n.coverage\n",
        "src/words/__init__.py": '"""Counting words."""\n\n__version__ = "0.1.0"\n',
        "tests/test_package.py": (
            "import words\n\n\ndef test_it_tells_its_version() -> None:\n"
            '    assert words.__version__ == "0.1.0"\n'
        ),
    },
    "Count the words": {
        "src/words/counting.py": (
            '"""Counting, line by line."""\n\nfrom collections.abc import Iterable\n\n\n'
            "def count_words(lines: Iterable[str]) -> int:\n"
            '    """How many words the lines have."""\n'
            "    return sum(len(line.split()) for line in lines)\n"
        ),
        "tests/test_counting.py": (
            "from words.counting import count_words\n\n\ndef test_words_are_counted() -> None:\n"
            '    assert count_words(["one two", "", "three"]) == 3\n'
        ),
    },
    "Print the count": {
        "src/words/cli.py": (
            '"""The command line."""\n\nimport sys\nfrom pathlib import Path\n\n'
            "from words.counting import count_words\n\n\n"
            "def main(paths: list[str]) -> int:\n"
            '    """Print the count of each file; 2 where one is missing."""\n'
            "    for path in map(Path, paths):\n"
            "        if not path.is_file():\n"
            '            print(f"{path}: no such file", file=sys.stderr)\n'
            "            return 2\n"
            "        with path.open() as lines:\n"
            "            print(count_words(lines), path)\n"
            "    return 0\n"
        ),
        "src/words/__main__.py": (
            '"""``python -m words FILE …``."""\n\nimport sys\n\nfrom words.cli import main\n\n'
            "sys.exit(main(sys.argv[1:]))\n"
        ),
        "tests/test_cli.py": (
            "from words.cli import main\n\n\ndef test_a_file_is_counted(tmp_path, capsys) -> None:\n"
            '    text = tmp_path / "a.txt"\n    text.write_text("one two\\nthree\\n")\n'
            '    assert main([str(text)]) == 0\n    assert capsys.readouterr().out == f"3 {text}\\n"\n\n\n'
            "def test_a_missing_file_is_told(tmp_path, capsys) -> None:\n"
            '    assert main([str(tmp_path / "b")]) == 2\n'
            '    assert "no such file" in capsys.readouterr().err\n'
        ),
    },
    "Count the lines": {
        "src/words/lines.py": (
            '"""Lines."""\n\nfrom collections.abc import Iterable\n\n\n'
            "def count_lines(lines: Iterable[str]) -> int:\n"
            '    """How many lines there are."""\n    return sum(1 for _ in lines)\n'
        ),
        "tests/test_lines.py": (
            "from words.lines import count_lines\n\n\ndef test_lines_are_counted() -> None:\n"
            '    assert count_lines(["a\\n", "b\\n"]) == 2\n'
        ),
    },
}


def section(prompt: str, title: str) -> str:
    """A section of the facts in a prompt; empty where there is none."""
    _, _, rest = prompt.partition(f"### {title} (data)")
    return re.split(r"^### .* \(data\)$", rest, maxsplit=1, flags=re.MULTILINE)[0]


def spec(corrections: str) -> str:
    """The specification; with lines as well where a correction speaks of them."""
    modules = [name for name in PARTS if name != "lines" or "lines" in corrections]
    features, rows, phases = "", "", ""
    for n, module in enumerate(modules, start=1):
        title, what = PARTS[module]
        known = {"n": n, "phase": n + 1, "before": n, "module": module, "title": title, "what": what}
        features += FEATURE.format(**known)
        rows += f"| §5.{n} | `python -m pytest -q tests/test_{module}.py` | exit 0 |\n"
        phases += PHASE.format(**known)
    goals = "- Lines as well as words\n" if "lines" in modules else ""
    return SPEC.format(goals=goals, features=features, rows=rows, phases=phases)


def build(item: str) -> str:
    """Write the files of the plan item that is asked for."""
    title = next(title for title in FILES if title in item)
    for name, text in FILES[title].items():
        place = Path(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return f"Done: {title}, with tests."


def answer(prompt: str) -> str:
    """What the role that the prompt is for says."""
    role = prompt.partition("\n")[0].removeprefix("# Role: ").strip()
    if role == "researcher":
        return RESEARCH
    if role == "strategist":
        return spec(section(prompt, "Corrections"))
    if role == "builder":
        return build(section(prompt, "Plan item"))
    if role == "archivist":
        return "What was learned: small phases go through at once.\n"
    verdict = {"verdict": "PROCEED", "reason": "It does what the item says."}
    said = {
        "ceo": verdict | {"corrections": []},
        "reviewer": verdict | {"findings": [], "citations": []},
        "evaluator": {"summary": "Tests were added.", "moved": [], "suspicions": []},
    }
    return json.dumps(said[role])


if __name__ == "__main__":
    sys.stdout.write(answer(sys.stdin.read()))
