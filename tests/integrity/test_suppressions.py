"""Comments that turn a checker off."""

from __future__ import annotations

import pytest

from tests.integrity.support import names, told


@pytest.mark.parametrize(
    ("comment", "what"),
    [
        ("# noqa", "noqa (all)"),
        ("# noqa: F401", "noqa F401"),
        ("#NOQA:F401", "noqa F401"),
        ("# ruff: noqa", "ruff: noqa (all)"),
        ("# flake8: noqa: E501", "ruff: noqa E501"),
        ("# type: ignore", "type: ignore (all)"),
        ("# type: ignore[arg-type]", "type: ignore arg-type"),
        ("# ruff: file-ignore[F401]", "ruff: ignore F401"),
        ("# ruff:disable [F401] as it is", "ruff: ignore F401"),
        ("# ruff: ignore[unused-import]", "ruff: ignore unused-import"),
        ("# isort: skip_file", "isort skip_file"),
        ("# ruff: isort: off", "isort off"),
        ("# pyright: ignore[reportAny]", "pyright ignore[reportAny"),
        ("# pragma: no cover", "pragma no cover"),
        ("# PRAGMA NO BRANCH", "pragma no branch"),
        ("# pragma\tno cover", "pragma no cover"),
        ("# pragmano cover", "pragma no cover"),
        ("# pylint: disable=unused-import", "pylint disable=unused-import"),
        ("# nosec B101", "nosec B101"),
        ("# a reason  # noqa: F401", "noqa F401"),
    ],
)
def test_kinds(comment: str, what: str) -> None:
    assert told("import os\n", f"import os  {comment}\n", "a.py") == [f"suppression_added::{what}"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("# mypy: ignore-errors", ["mypy ignore-errors"]),
        ("# mypy: disallow-untyped-defs=False", ["mypy disallow-untyped-defs=False"]),
        ("# mypy: strict-equality, check_untyped_defs = no", ["mypy check_untyped_defs = no"]),
        ('# mypy: disable-error-code="a, b"', ['mypy disable-error-code="a, b"']),
        (
            "# mypy: follow-imports=skip, always-false=SAFE",
            ["mypy always-false=SAFE", "mypy follow-imports=skip"],
        ),
    ],
)
def test_options_of_mypy_also_where_a_line_is_text(line: str, what: list[str]) -> None:
    expected = [f"suppression_added::{one}" for one in what]
    assert told("x = 1\n", f"{line}\nx = 1\n", "a.py") == expected
    assert told("x = 1\n", f'x = """\n{line}\n"""\n', "a.py") == expected


def test_what_coverage_takes_for_a_comment_in_a_string() -> None:
    before = "def f(x):\n    return x\n"
    inline = before.replace("(x)", "(x, _='# pragma: no cover')")
    over_lines = before.replace("(x)", "(x, _='''#\npragma: no\ncover''')")
    assert (
        told(before, inline, "a.py")
        == told(before, over_lines, "a.py")
        == ["suppression_added::pragma no cover"]
    )


def test_a_decorator_that_turns_the_type_checker_off() -> None:
    before = "from typing import no_type_check\n\n\ndef f():\n    pass\n"
    after = before.replace("def f", "@no_type_check\ndef f")
    assert told(before, after, "a.py") == ["suppression_added::no_type_check"]


def test_that_decorator_by_another_name() -> None:
    imports = "from typing import (\n    no_type_check as off,\n)\n"
    body = "def f(a): return a\n"
    used = "suppression_added::no_type_check"
    assert told(imports + body, f"{imports}@off\n{body}", "a.py") == [used]
    assert told(imports + body, f"{imports}off(1)\n{body}", "a.py") == []
    assert told(body, f"{imports}@off\n{body}", "a.py") == [f"{used} as off", used]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n", "x = '# noqa'\n"),
        ("x = 1\n", "x = 1  # noqable\n"),
        ("x = 1\n", "x = 1  # see type: ignored\n"),
        ("x = 1  # noqa\n", "x = 2  # noqa\n"),
        ("x = 1  # noqa\n", "x = 1  # noqa: E1\n"),
        ("x = 1  # noqa: E1\ny = 2\n", "y = 2\nx = 1  # noqa: E1\n"),
        ("x = 1  # noqa: E1, E2\n", "x = 1  # noqa: E2\n"),
        ("x = 1\n", "x = 1  # ruff: enable[E1]\n"),
        ("x = 1\n", "x = 1  # isort: split\n"),
        ("x = 1\n", "x = 1  # mypy: ignore-errors\n"),
        ("x = 1\n", "# mypy: disallow-untyped-defs, warn_return_any = True\nx = 1\n"),
        ("x = 1\n", '# mypy: enable-error-code="a, b", allow-untyped-defs=False\nx = 1\n'),
    ],
)
def test_nothing_is_turned_off_that_was_not(before: str, after: str) -> None:
    assert told(before, after, "a.py") == []


@pytest.mark.parametrize(
    ("comment", "what"),
    [
        ("// eslint-disable-next-line eqeqeq -- it may be null", ["eslint-disable eqeqeq"]),
        ("/* eslint-disable no-var, @a/b */", ["eslint-disable @a/b", "eslint-disable no-var"]),
        ("/* eslint-disable */", ["eslint-disable (all)"]),
        ('/* eslint eqeqeq: "off" */', ['eslint eqeqeq: "off"']),
        ("// @ts-expect-error: later", ["ts expect-error"]),
        ("/* istanbul ignore next */", ["coverage ignore"]),
        ("/* node:coverage disable */", ["coverage (all)"]),
        ("{/* biome-ignore lint/style: x */}", ["biome-ignore lint/style"]),
    ],
)
def test_kinds_in_scripts(comment: str, what: list[str]) -> None:
    found = told("const a = 1;\n", f"const a = 1;\n{comment}\n", "src/a.ts")
    assert found == [f"suppression_added::{one}" for one in what]


@pytest.mark.parametrize(
    "text",
    [
        *("// see eslint-disable", "const a = '// eslint-disable';", 'const b = "/* @ts-ignore */";'),
        *("const c = `\n// @ts-nocheck\n`;", "// eslint-disabled", "// eslint-enable no-var"),
    ],
)
def test_what_turns_nothing_off_in_scripts(text: str) -> None:
    assert told("", f"{text}\n", "src/a.js") == []
    assert told("", "// @ts-ignore\n", "node_modules/a/a.js") == []


def test_a_wider_one() -> None:
    assert told("x = 1  # noqa: E1\n", "x = 1  # noqa\n", "a.py") == ["suppression_added::noqa (all)"]
    assert told("x = 1  # noqa: E1\n", "x = 1  # noqa: E1, E2\n", "a.py") == ["suppression_added::noqa E2"]


def test_code_takes_its_comments_along_to_another_file() -> None:
    line = "x = call()  # type: ignore\n"
    assert names({"a.py": (line, "y = 1\n"), "b.py": (None, line)}) == []
    assert names({"a.py": (line, f"{line}\n"), "b.py": (None, line)}) == [
        "suppression_added:b.py::type: ignore (all)"
    ]


def test_in_a_file_of_tests_it_is_a_note() -> None:
    found = told("add(1)\n", "add(1)  # type: ignore\n", "tests/test_a.py")
    assert found == ["note suppression_added::type: ignore (all)"]


def test_a_file_that_cannot_be_read_to_its_end() -> None:
    assert told("x = 1\n", "x = 1  # noqa\ny = (\n", "a.py") == ["suppression_added::noqa (all)"]
