"""Code that asks whether it is tested, files in a checker's place, hooks that decide what runs."""

from __future__ import annotations

import pytest

from tests.integrity.support import told


@pytest.mark.parametrize(
    "question",
    [
        "'pytest' in sys.modules",
        "sys.modules.get('pytest')",
        "'PYTEST_CURRENT_TEST' in os.environ",
        "os.environ.get('PYTEST_CURRENT_TEST')",
        "os.environ['PYTEST_CURRENT_TEST']",
        "os.getenv('FACTORY_ROLE')",
        "os.getenv('FACTORY_TOOLS')",
        "getenv('PYTEST_CURRENT_TEST')",
        "env.get('PYTEST_VERSION')",
        "sys.gettrace()",
        "hasattr(sys, '_called_from_test') and sys._called_from_test",
        "sys.argv[0].endswith('pytest')",
        "any('unittest' in str(f) for f in inspect.stack())",
    ],
)
def test_questions(question: str) -> None:
    head = "import inspect\nimport os\nimport sys\nfrom os import environ as env, getenv\n\n\n"
    before = f"{head}def double(a):\n    return a * 2\n"
    after = f"{head}def double(a):\n    if {question}:\n        return a * 2\n    return 0\n"
    assert set(told(before, after, "calc.py")) == {"behaves_under_test::double"}
    assert told(after, after + "\n\nx = 1\n", "calc.py") == []
    assert told(before, after, "tests/helpers.py") == []


@pytest.mark.parametrize(
    "path",
    [
        "calc/testing/__init__.py",
        "calc/_vendor/six.py",
        "calc/_version.py",
        "calc/api_pb2.py",
        "docs/flags.py",
    ],
)
def test_a_question_in_code_that_nothing_scores(path: str) -> None:
    asking = "import sys\n\nFAST = 'pytest' in sys.modules\n"
    assert told(None, asking, path) == ["behaves_under_test"]
    assert told(None, asking, path.replace("calc", "tests").replace("docs", "calc/tests")) == []


def test_a_question_in_other_letters_is_one() -> None:
    after = "import \uff53\uff59\uff53\nX = 'pytest' in \uff53\uff59\uff53.modules\n"
    assert told("", after, "calc.py") == ["behaves_under_test"]


def test_a_question_whose_fact_is_seen_in_another_function() -> None:
    before = "import sys\n\n\ndef loaded():\n    return sys.modules\n"
    asking = f"{before}\n\ndef double(a):\n    return a * 2 if 'pytest' in loaded() else 0\n"
    assert told(before, asking, "calc.py") == ["behaves_under_test::double"]
    assert told(before, asking.replace("'pytest'", "'CI'"), "calc.py") == []


@pytest.mark.parametrize(
    "code",
    [
        "subprocess.run(['pytest', *sys.argv[1:]])",
        "os.environ.get('HOME')",
        "if name == 'pytest':\n    pass",
        "import pytest",
        "'numpy' in sys.modules",
        "'''Runs pytest in sys.modules.'''",
    ],
)
def test_what_only_looks_like_one(code: str) -> None:
    assert told("import os\nimport sys\n", f"import os\nimport sys\n{code}\n", "calc.py") == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("sitecustomize.py", True),
        ("src/usercustomize.py", True),
        ("pytest.py", True),
        ("coverage/__init__.py", True),
        ("src/_pytest/__init__.py", True),
        ("factory_probe_plugin.py", True),
        ("calc.pth", True),
        ("calc/coverage.py", False),
        ("docs/pytest.md", False),
        ("calc/mypy/__init__.py", False),
    ],
)
def test_files_in_a_checkers_place(path: str, found: bool) -> None:
    assert bool(told(None, "x = 1\n", path)) is found


HOOK = "def pytest_collection_modifyitems(items):\n    items.sort()\n"


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ("", HOOK, ["pytest_collection_modifyitems"]),
        (HOOK, HOOK.replace("items.sort()", "items.clear()"), ["pytest_collection_modifyitems"]),
        (HOOK, HOOK.replace("items.sort()", "'''Says.'''\n    items.sort()"), []),
        (HOOK, "", []),
        ("", "collect_ignore = ['test_a.py']\n", ["collect_ignore"]),
        ("collect_ignore = ['a.py']\n", "collect_ignore = []\n", []),
        ("", "collect_ignore = found()\n", ["collect_ignore"]),
        ("", "pytest_plugins = ['mine']\n", ["pytest_plugins"]),
        ("", "def pytest_configure(config):\n    config.pluginmanager.register(Mine())\n", ["register"]),
        ("", "def pytest_configure(config):\n    config.addinivalue_line('markers', 'slow')\n", []),
        ("", "@pytest.fixture\ndef box():\n    return 1\n", []),
    ],
)
def test_conftest(before: str, after: str, where: list[str]) -> None:
    expected = [f"collection_changed::{name}" for name in where]
    assert told(before, after, "tests/conftest.py") == expected


def test_a_hook_anywhere_among_the_tests() -> None:
    assert told("", HOOK, "tests/plugin.py") == ["collection_changed::pytest_collection_modifyitems"]
    assert told("", HOOK, "calc/plugin.py") == []
