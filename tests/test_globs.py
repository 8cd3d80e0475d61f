"""The matcher, by example and against git itself."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from factory.errors import BadInput
from factory.globs import matches, pattern_fault


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        (["src/**"], "src/a/b.py", True),
        (["src/**"], "src", False),
        (["src/**"], "lib/src/a.py", False),
        (["src"], "lib/src/a.py", True),
        (["/src"], "lib/src/a.py", False),
        (["src/*.py"], "src/a.py", True),
        (["src/*.py"], "src/a/b.py", False),
        (["src/**/*.py"], "src/b.py", True),
        (["src/**/*.py"], "src/a/b/c.py", True),
        (["**/conftest.py"], "conftest.py", True),
        (["**/conftest.py"], "a/b/conftest.py", True),
        (["*.md"], "docs/a.md", True),
        (["docs/"], "docs", False),
        (["docs/"], "docs/a.md", True),
        (["*.md", "!README.md"], "README.md", False),
        (["docs", "!docs/a.md"], "docs/a.md", True),
        (["a?c"], "a/c", False),
        (["a[!b]c"], "a/c", False),
        (["a[+-9]c"], "a/c", False),
        (["\\!keep"], "!keep", True),
        (["\\#x"], "#x", True),
        (["name\\ "], "name ", True),
        (["name "], "name", True),
        (["*"], "line\nbreak", True),
        (["Src/**"], "src/a.py", False),
        ([], "a.py", False),
    ],
)
def test_matches_reads_patterns_as_git_does(patterns: list[str], path: str, expected: bool) -> None:
    assert matches(patterns, path) is expected


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("", "names no file"),
        ("!", "names no file"),
        ("/", "names no file"),
        ("#x", "would be a comment; write \\# for a name that begins with #"),
        ("a\nb", "holds a line break or a NUL"),
        ("src/**.py", "has ** beside other characters; ** stands alone between slashes"),
        ("a[b", "has a bracket that is not closed before the next slash"),
        ("a\\", "has a backslash with nothing after it"),
        ("[z-a]", "has the range z-a, which runs backwards"),
        ("[[:alpha:]]", "names a character class; write out its range, such as [a-z]"),
        ("src/**/*.py", ""),
        ("![a]/", ""),
    ],
)
def test_pattern_fault_says_what_is_wrong(pattern: str, fault: str) -> None:
    assert pattern_fault(pattern) == fault


def test_a_pattern_without_meaning_is_bad_input() -> None:
    with pytest.raises(BadInput, match=r"The file pattern 'a\[' has a bracket that is not closed"):
        matches(["a["], "x")


_PIECES = [
    "a",
    "b",
    "ab",
    "*",
    "?",
    "**",
    "/",
    "/",
    "/**/",
    "!",
    "[ab]",
    "[!a]",
    "[^b]",
    "[]a]",
    "[+-9]",
    ".",
]
_patterns = st.lists(
    st.lists(st.sampled_from([*_PIECES, "\\*", "\\#", "#", " ", "-", "é"]), min_size=1, max_size=6).map(
        "".join
    ),
    min_size=1,
    max_size=4,
)
_names = st.sampled_from(["a", "b", "ab", "aa", ".a", "#", "!a", "a b", "*", "-", "é", "]", "5"])
_paths = st.lists(
    st.lists(_names, min_size=1, max_size=4).map("/".join), min_size=1, max_size=30, unique=True
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("globs")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


@settings(max_examples=300, deadline=None)
@given(patterns=_patterns, paths=_paths)
def test_matches_agrees_with_git(repository: Path, patterns: list[str], paths: list[str]) -> None:
    assume(not any(pattern_fault(pattern) for pattern in patterns))
    # git's ? and brackets stand for bytes, ours for characters.
    assume(
        not any(set("?[") & set(pattern) for pattern in patterns) or "é" not in "".join([*patterns, *paths])
    )
    assert [path for path in paths if matches(patterns, path)] == git_ignored(repository, patterns, paths)


def git_ignored(root: Path, patterns: list[str], paths: list[str]) -> list[str]:
    """Those of ``paths`` that git would ignore; none of them exists."""
    (root / ".git/info/exclude").write_text("".join(f"{pattern}\n" for pattern in patterns))
    argv = ["git", "-c", "core.ignorecase=false", "check-ignore", "--no-index", "--stdin", "-z", "-v", "-n"]
    done = subprocess.run(argv, cwd=root, input="\0".join(paths), capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    fields = done.stdout.split("\0")[:-1]
    by_path = {fields[i + 3]: fields[i + 2] for i in range(0, len(fields), 4)}
    return [path for path in paths if by_path[path] and not by_path[path].startswith("!")]
