from __future__ import annotations

import re
from pathlib import Path

from factory.demo import create_example
from tests.offline.support import MEASUREMENT, SCOPE, ask, write

LOUD = "import logging\n\nlogger = logging.getLogger(__name__)\n"
SILENT = "def f():\n    try:\n        g()\n    except OSError:\n        pass\n"


def headings(text: str) -> list[str]:
    return re.findall(r"^### (.+)$", text, re.MULTILINE)


def test_the_example(tmp_path: Path) -> None:
    text = ask("researcher", create_example(tmp_path / "tally"), measurement=MEASUREMENT, config=SCOPE).text
    assert headings(text) == [
        "R1: dimension `observability` stands at 0.300",
        "R2: dimension `lint` stands at 0.600",
        "R3: `ruff F401` Fix unused imports (F401)",
        "R4: `ruff F541` Fix f-strings without placeholders (F541)",
        "R5: `log-swallowed src/tally` Log swallowed exceptions in tally",
        "R6: `ruff UP004,UP008,UP015,UP024,UP032,UP035` Modernise syntax for Python 3.9 (UP)",
        "R7: `ruff I001` Improve import order (I001)",
        "R8: lint E: 6 findings without a safe fix (E501)",
        "R9: lint UP: 43 findings without a safe fix (UP006, UP031, UP035)",
        "R10: silent exception handlers that need judgement",
    ]
    assert "- csv.Error ignored in _delimiter: Error may be an answer that is expected here (" in text
    sections = text.split("### ")[1:]
    assert all("\n- Source: " in section for section in sections[:-1])
    assert "- F541: 3 found, 3 safely fixable\n" in sections[3]
    assert "`src/tally/report.py:18`, `src/tally/report.py:21`, `src/tally/settle.py:25`" in sections[3]


def test_handlers_that_need_judgement_are_told_with_the_reason(tmp_path: Path) -> None:
    flow = SILENT.replace("OSError", "StopIteration")
    text = ask("researcher", write(tmp_path / "p", pkg__a=LOUD + flow)).text
    assert "- StopIteration ignored in f: StopIteration is often flow control (`pkg/a.py:7`)" in text


def test_read_only_files_are_no_work_for_anybody(tmp_path: Path) -> None:
    """No plan can touch the judge, so nothing about it belongs into a plan's ground."""
    root = write(tmp_path / "p", eval__score=SILENT, a="x = 1\n")
    scope = {"modifiable": [], "read_only": ["eval/**"]}
    assert headings(ask("researcher", root, config=scope).text) == []
    assert headings(ask("researcher", root).text)[-1] == "R2: silent exception handlers that need judgement"


def test_without_a_logger_logging_is_a_question_for_a_person(tmp_path: Path) -> None:
    text = ask("researcher", write(tmp_path / "p", a=SILENT)).text
    assert "log-swallowed" not in text
    assert "- OSError ignored in f: the project has no logger (`a.py:4`)" in text


def test_tests_may_swallow_exceptions(tmp_path: Path) -> None:
    toml = {"ruff.toml": "[lint]\nselect = ['I']\n"}
    text = ask("researcher", write(tmp_path / "p", a=LOUD, tests__test_a=SILENT, **toml)).text
    assert headings(text) == []
    assert text.endswith("(no findings)\n")


def test_old_syntax_counts_only_against_a_declared_python(tmp_path: Path) -> None:
    old = "class A(object):\n    pass\n"
    root = write(tmp_path / "p", a=old)
    assert headings(ask("researcher", root).text) == []
    write(root, **{"pyproject.toml": '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\n'})
    assert headings(ask("researcher", root).text) == ["R1: `ruff UP004` Modernise syntax for Python 3.9 (UP)"]


def test_a_project_without_a_configuration_is_looked_at_as_the_lint_dimension_does(tmp_path: Path) -> None:
    text = "import sys\nimport os\nprint(sys, f'', '' == os)\n"
    root = write(tmp_path / "p", a=text, tests__test_a=text, docs__conf=text)
    report = ask("researcher", root).text
    assert headings(report) == ["R1: `ruff F541` Fix f-strings without placeholders (F541)"]
    assert "- Source: `a.py:3`\n" in report
    write(root, **{"ruff.toml": "[lint]\nselect = ['F', 'I', 'SIM']\n"})
    report = ask("researcher", root).text
    assert [heading.split(" ")[2] for heading in headings(report)] == ["F541`", "SIM300`", "I001`"]
    assert "- Mendable by a tool: 3 places in 3 files" in report
    write(root, **{"ruff.toml": "[lint]\nselect = ['E']\n"})
    assert headings(ask("researcher", root).text) == []


def test_what_is_imported_from_the_project_itself_may_be_there_for_others(tmp_path: Path) -> None:
    reexport = "import os\nfrom .b import x\nfrom p.b import y\n"
    root = write(tmp_path / "p", p____init__="", p__a=reexport, p__b="import re\nx = y = 1\n")
    write(
        root, p__compat="from abc import ABC\n", p__c="import this\n", tests__test_c="from p.c import this\n"
    )
    assert "- Source: `p/b.py:1`\n" in ask("researcher", root).text
    write(root, **{"ruff.toml": "[lint]\nselect = ['F']\n"})
    assert "- Mendable by a tool: 7 places in 5 files" in ask("researcher", root).text


def test_formatting_counts_where_the_project_formats(tmp_path: Path) -> None:
    files = {f"m{n}": "x = 1\n" for n in range(10)} | {"odd": "x=1\n"}
    root = write(tmp_path / "habit", **files)
    assert headings(ask("researcher", root).text) == ["R1: `ruff format` Improve formatting with ruff format"]
    write(root, **{"README.md": "```python\nx=1\n```\n"})
    assert "- Mendable by a tool: 1 place in 1 file" in ask("researcher", root).text
    few = write(tmp_path / "few", odd="x=1\n")
    assert headings(ask("researcher", few).text) == []
    write(few, **{"pyproject.toml": "[tool.black]\nline-length = 100\n"})
    assert headings(ask("researcher", few).text) == ["R1: `ruff format` Improve formatting with ruff format"]
    write(few, **{"pyproject.toml": "[tool.black]\nskip-string-normalization = true\n"})
    assert headings(ask("researcher", few).text) == []


def test_nothing_outside_the_scope_is_offered(tmp_path: Path) -> None:
    root = write(tmp_path / "p", src__a="import os\n", vendor__b="import os\n")
    scope = {"modifiable": ["src/**", "vendor/**"], "read_only": ["vendor/**"]}
    text = ask("researcher", root, config=scope).text
    assert "- Mendable by a tool: 1 place in 1 file" in text


def test_a_folder_without_python(tmp_path: Path) -> None:
    text = ask("researcher", write(tmp_path / "p", **{"a.txt": "import os\n"})).text
    assert "Lint findings could not be looked at: there are no Python files" in text
