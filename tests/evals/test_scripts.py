"""What is read of JavaScript and TypeScript without a parser: comments, and how much code there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.evals.scripts import code_lines, comments

CODE = """\
/**
 * Sums.
 */
function add(a, b) { // two
  const url = "http://x"; /* a
  long one */ return a + b;

}
"""


def test_comments_with_their_lines_and_the_code_before_them() -> None:
    assert [tuple(found) for found in comments(CODE)] == [
        ("Sums.", 1, ""),
        ("two", 4, "function add(a, b) {"),
        ("a\n  long one", 5, 'const url = "http://x";'),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "const tick = /`/;\n{}\nconst tock = /`/;",
        "const tick = /['`]/g, slash = /[/]`/;\n{}",
        "f(/`/);\n{}",
        "const tick = `${{'`'}}`;\n{}\nconst tock = `${{`a`}}`;",
        "if (a) /`/.test(a);\n{}",
        "function f() {{ return /`/ }}\n{}",
        "{{}}\n/`/.test(a);\n{}",
        "const half = a / 2; {} const other = b / 2;",
        "const half = (a + b) / 2; {} const other = b / 2;",
        "const half = a[0] / b['c']; {}",
        "i++ / 2; {} j / 2",
        'x = "a" / 2; {} x / 2',
        "x = <b>x</b>; {} y = <br />;",
        "x = <A b={{x}} />; {}",
        "x = a /* one */ / 2; {} x / 2",
    ],
)
def test_a_comment_after_regular_expressions_and_divisions(code: str) -> None:
    assert "@ts-nocheck" in [found.text for found in comments(code.format("/* @ts-nocheck */"))]


def test_what_is_no_comment_in_a_regular_expression() -> None:
    assert list(comments("const url = /https?:[/][/]x|[/*]a/;\nconst b = /'/ ;\n")) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (CODE, 3),
        ("", 0),
        ("// one\n\n/* two\nthree */\n}\n", 0),
        ("const a = `\n// text\n`;\n", 2),
        ("a(); // one\nb();\n", 2),
        ("const tick = /`/; // `\n/* one\ntwo */ const tock = /`/;\n", 2),
    ],
)
def test_comments_blank_lines_and_brackets_are_no_code(text: str, lines: int) -> None:
    assert code_lines(text) == lines


@given(st.text(alphabet="/*'\"`\\\na ", max_size=40))
def test_any_text_can_be_read(text: str) -> None:
    assert code_lines(text) <= len(text.splitlines())
    assert all(1 <= found.line <= text.count("\n") + 1 for found in comments(text))
