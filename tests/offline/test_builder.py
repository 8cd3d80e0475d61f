from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from factory.offline import reexports
from factory.offline.modules import Module
from factory.offline.project import read_project
from tests.offline.support import SCOPE, ask, item, write

UNUSED = "import os\nimport sys\n\nprint(sys)\n"
USED = "import sys\n\nprint(sys)\n"
LOUD = "import logging\n\nlogger = logging.getLogger(__name__)\n"
SILENT = "def f():\n    try:\n        g()\n    except OSError:\n        pass\n"


def contents(root: Path) -> dict[str, str]:
    return {p.relative_to(root).as_posix(): p.read_text() for p in sorted(root.rglob("*")) if p.is_file()}


def test_only_files_in_the_scope_change(tmp_path: Path) -> None:
    root = write(tmp_path / "p", src__a=UNUSED, eval__b=UNUSED, src__locked__c=UNUSED)
    scope = {"modifiable": ["src/**"], "read_only": ["src/locked/**"]}
    result = ask("builder", root, item=item("Run: ruff F401"), scope=scope)
    assert result.text == "Ran `ruff F401`; changed 1 file\n- src/a.py\n"
    assert contents(root) == {"src/a.py": USED, "eval/b.py": UNUSED, "src/locked/c.py": UNUSED}


def test_a_link_out_of_the_workspace_is_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", m=UNUSED)
    root = write(tmp_path / "p", src__a="x = 1\n")
    (root / "src/link.py").symlink_to(outside / "m.py")
    (root / "src/folder").symlink_to(outside)
    for task in ("ruff F401", "ruff I001", "ruff format", "log-swallowed src"):
        assert ask("builder", root, item=item(f"Run: {task}"), scope=SCOPE).status == "refused"
    assert (outside / "m.py").read_text() == UNUSED


@pytest.mark.parametrize("checklist", [[], ["Write a better parser"], ["Run: make release"]])
def test_what_is_not_mechanical_is_refused(tmp_path: Path, checklist: list[str]) -> None:
    root = write(tmp_path / "p", src__a=UNUSED)
    result = ask("builder", root, item=item(*checklist, title="Add rate limiting"), scope=SCOPE)
    assert result.status == "refused"
    assert result.text == "not a mechanical task: the offline Builder does nothing that needs judgement"
    assert contents(root) == {"src/a.py": UNUSED}


def test_a_hypothesis_of_a_person_is_understood(tmp_path: Path) -> None:
    root = write(tmp_path / "p", src__a=UNUSED)
    assert ask("builder", root, item=item(title="fix unused imports"), scope=SCOPE).status == "done"
    assert contents(root) == {"src/a.py": USED}


def test_corrections_need_judgement_once_the_tool_is_done(tmp_path: Path) -> None:
    root = write(tmp_path / "p", src__a=USED)
    told = ask("builder", root, item=item("Run: ruff F401"), scope=SCOPE, corrections=["Name it better"])
    assert (told.status, told.text) == (
        "refused",
        "nothing changed by `ruff F401`: the corrections need judgement",
    )
    again = ask("builder", root, item=item("Run: ruff F401"), scope=SCOPE)
    assert again.text == "nothing changed by `ruff F401`: there is nothing of the kind inside the scope"


def test_unsafe_fixes_stay_off_even_where_the_project_allows_them(tmp_path: Path) -> None:
    text = "def f(x):\n    return x == None\n"
    root = write(tmp_path / "p", src__a=text, **{"ruff.toml": "unsafe-fixes = true\n"})
    assert ask("builder", root, item=item("Run: ruff E711"), scope=SCOPE).status == "refused"
    assert contents(root)["src/a.py"] == text


@pytest.mark.parametrize(
    "user",
    [
        "from a import os\n",
        "import a\n\na.os.getcwd()\n",
        "from src import a\n\nprint(a.os)\n",
        "patch('src.a.os')\n",
        "from a import *\n",
    ],
)
def test_a_name_that_is_used_through_a_module_is_spared(tmp_path: Path, user: str) -> None:
    root = write(tmp_path / "p", src__a=UNUSED, src__b=UNUSED, tests__test_a=user)
    result = ask(
        "builder", root, item=item("Run: ruff F401 sparing-imported-names"), scope={"modifiable": ["src/**"]}
    )
    assert result.status == "done"
    assert (contents(root)["src/a.py"], contents(root)["src/b.py"]) == (UNUSED, USED)


def test_a_file_name_in_a_text_spares_nothing(tmp_path: Path) -> None:
    root = write(tmp_path / "p", src__a=UNUSED, tests__test_a="print('a.os')\n")
    assert (
        ask("builder", root, item=item("Run: ruff F401 sparing-imported-names"), scope=SCOPE).status == "done"
    )
    assert contents(root)["src/a.py"] == USED


def test_where_nobody_asked_for_ruff_tests_and_the_projects_own_names_stay(tmp_path: Path) -> None:
    own = "import os\nfrom .b import x\n"
    root = write(tmp_path / "p", src__p____init__="", src__p__a=own, src__p__b=UNUSED, tests__test_a=UNUSED)
    result = ask("builder", root, item=item("Run: ruff F401"), scope=SCOPE)
    assert result.text == "Ran `ruff F401`; changed 1 file\n- src/p/b.py\n"
    write(root, **{"ruff.toml": ""})
    result = ask("builder", root, item=item("Run: ruff F401"), scope=SCOPE)
    assert result.text == "Ran `ruff F401`; changed 2 files\n- src/p/a.py\n- tests/test_a.py\n"


HOLE = 'class A(Exception):\n    """Why."""\n\n    pass\n\n\nclass B:\n    x = {}\n'


@pytest.mark.parametrize("odd", ["", "y = (1,2)\n"])
def test_a_fix_leaves_no_hole_where_there_was_none(tmp_path: Path, odd: str) -> None:
    root = write(tmp_path / "p", src__a=HOLE + odd, src__b="x=1\n\n\n\n\n" + HOLE)
    assert ask("builder", root, item=item("Run: ruff PIE790"), scope=SCOPE).status == "done"
    mended = HOLE.replace("\n\n    pass\n", "\n")
    assert contents(root)["src/a.py"] == mended + odd
    assert contents(root)["src/b.py"] == "x=1\n\n\n\n\n" + HOLE.replace("    pass\n", "")


def test_what_a_fix_brings_about_is_mended_too(tmp_path: Path) -> None:
    before = "import abc\nimport re\n\nif re:\n    import os\n\nfrom sys import path\n\n\n" + SILENT
    root = write(tmp_path / "p", src__a=LOUD, src__b=before)
    write(root, **{"ruff.toml": "[lint]\nselect = ['E', 'I']\n"})
    assert ask("builder", root, item=item("Run: log-swallowed src"), scope=SCOPE).status == "done"
    assert contents(root)["src/b.py"].startswith(
        "import abc\nimport logging\nimport re\n\nif re:\n    import os\n\nfrom sys import path\n\nlogger = "
    )


def test_modern_syntax_leaves_imports_as_tidy_as_they_were(tmp_path: Path) -> None:
    toml = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\n'
    root = write(tmp_path / "p", src__a="from typing import Iterator\n\n\ndef f(x: Iterator): ...\n")
    write(root, **{"pyproject.toml": toml})
    assert ask("builder", root, item=item("Run: ruff UP"), scope=SCOPE).status == "done"
    assert contents(root)["src/a.py"] == "from collections.abc import Iterator\n\n\ndef f(x: Iterator): ...\n"


def test_modern_syntax_is_that_of_the_declared_python(tmp_path: Path) -> None:
    text = "from typing import Optional\n\n\ndef f(x: Optional[int]): ...\n"
    root = write(tmp_path / "p", src__a=text)
    for floor, after in (("3.9", text), ("3.10", "def f(x: int | None): ...\n")):
        toml = f'[project]\nname = "p"\nversion = "1"\nrequires-python = ">={floor}"\n'
        write(root, **{"pyproject.toml": toml})
        ask("builder", root, item=item("Run: ruff UP"), scope=SCOPE)
        assert contents(root)["src/a.py"].strip() == after.strip()


RUFF = '[tool.ruff.lint]\nselect = ["UP"]\n'
CLASSIFIERS = "'Programming Language :: Python :: 3.10', 'Programming Language :: Python :: 3.{minor}',"


@pytest.mark.parametrize(
    ("files", "python"),
    [
        ({"setup.py": f"setup(classifiers=[{CLASSIFIERS.format(minor=8)}])\n"}, (3, 8)),
        (
            {"setup.py": f"setup(python_requires='>=3.9', classifiers=[{CLASSIFIERS.format(minor=8)}])\n"},
            (3, 9),
        ),
        ({"setup.cfg": "[metadata]\nclassifiers =\n    Programming Language :: Python :: 3.11\n"}, (3, 11)),
        ({"setup.cfg": "[options]\npython_requires = >=3.10\n"}, (3, 10)),
        ({"pyproject.toml": "[project]\nclassifiers = ['Programming Language :: Python :: 2.7']\n"}, (2, 7)),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.9'\n"}, (3, 9)),
        ({"setup.py": "setup(python_requires=floor(), classifiers=['x'])\n"}, None),
        ({"setup.py": "setup(\n"}, None),
        ({}, None),
    ],
)
def test_the_oldest_python_is_the_required_one_else_that_of_the_classifiers(
    tmp_path: Path, files: dict[str, str], python: tuple[int, int] | None
) -> None:
    write(tmp_path / "p", a="")
    for name, text in files.items():
        (tmp_path / "p" / name).write_text(text)
    found = read_project(tmp_path / "p")
    assert found.python == python
    assert found.may_be_modernised is (python is not None and python >= (3, 7))


def test_syntax_is_not_modernised_beyond_what_is_declared(
    tmp_path: Path,
) -> None:
    text = "from typing import Optional\n\n\ndef f(x: Optional[int]): ...\n\n\nclass A(object): ...\n"
    root = write(tmp_path / "p", src__a=text)
    write(root, **{"pyproject.toml": RUFF})
    result = ask("builder", root, item=item("Run: ruff UP"), scope=SCOPE)
    assert (result.status, contents(root)["src/a.py"]) == ("refused", text)
    assert "R1:" not in ask("researcher", root).text
    (root / "setup.py").write_text(f"setup(classifiers=[{CLASSIFIERS.format(minor=8)}])\n")
    assert "R1: `ruff UP004` Modernise syntax for Python 3.8 (UP)" in ask("researcher", root).text
    assert ask("builder", root, item=item("Run: ruff UP"), scope=SCOPE).status == "done"
    assert contents(root)["src/a.py"] == text.replace("(object)", "")


def test_a_new_logger_leaves_the_imports_sorted(tmp_path: Path) -> None:
    root = write(tmp_path / "p", src__a=LOUD, src__b="import abc\nimport re\n\n\n" + SILENT)
    assert ask("builder", root, item=item("Run: log-swallowed src"), scope=SCOPE).status == "done"
    assert contents(root)["src/b.py"].startswith("import abc\nimport logging\nimport re\n\nlogger = ")


def test_logging_stays_in_its_package_and_out_of_projects_without_a_logger(tmp_path: Path) -> None:
    root = write(tmp_path / "p", src__a__m=LOUD + SILENT, src__b__m=LOUD + SILENT)
    result = ask("builder", root, item=item(title="Log swallowed exceptions in b"), scope=SCOPE)
    assert result.text == "Ran `log-swallowed b`; changed 1 file\n- src/b/m.py\n"
    mute = write(tmp_path / "mute", src__a=SILENT)
    assert ask("builder", mute, item=item("Run: log-swallowed src"), scope=SCOPE).status == "refused"


def test_the_persons_own_ruff_settings_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = write(tmp_path / "home", **{"ruff__ruff.toml": "[lint]\nignore = ['F401']\n"})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    root = write(tmp_path / "p", src__a=UNUSED)
    assert ask("builder", root, item=item("Run: ruff F401"), scope=SCOPE).status == "done"


def test_black_projects_are_formatted_at_their_line_length(tmp_path: Path) -> None:
    line = "x = [" + ", ".join(["12345"] * 13) + "]\n"
    root = write(
        tmp_path / "p", src__a=line, src__b="y=1\n", **{"pyproject.toml": "[tool.black]\nline-length = 100\n"}
    )
    assert ask("builder", root, item=item("Run: ruff format"), scope=SCOPE).status == "done"
    assert (contents(root)["src/a.py"], contents(root)["src/b.py"]) == (line, "y = 1\n")


def test_nothing_is_left_lying_in_the_workspace(tmp_path: Path) -> None:
    root = write(tmp_path / "p", src__a=UNUSED)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    ask("builder", root, item=item("Run: ruff F401"), scope=SCOPE)
    assert sorted(p.name for p in root.iterdir()) == [".git", "src"]


def test_each_file_is_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    uses = reexports._uses

    def counted(module: Module) -> set[str]:
        looked.append(module.path)
        return uses(module)

    monkeypatch.setattr(reexports, "_uses", counted)
    root = write(tmp_path / "p", **{f"m{n}": UNUSED for n in range(9)})
    assert ask("builder", root, item=item("Run: ruff F401")).status == "done"
    assert looked == [f"m{n}.py" for n in range(9)]
