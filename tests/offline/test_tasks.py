from __future__ import annotations

import pytest

from factory.offline.tasks import Task, from_checklist, from_text


@pytest.mark.parametrize(
    "task",
    [
        Task("ruff", ("F401",)),
        Task("ruff", ("F401",), sparing=True),
        Task("ruff", ("E711", "UP")),
        Task("format"),
        Task("log", package="src/my_pkg"),
    ],
)
@pytest.mark.parametrize("form", ["Run: {}", "Run: `{}`", "- [ ] Run: {}", "* [x] Run: `{}`", "`Run: {}`"])
def test_a_command_is_read_back_however_the_list_is_written(task: Task, form: str) -> None:
    assert from_checklist(["first a remark", form.format(task.command)]) == task


@pytest.mark.parametrize(
    "line",
    [
        "Run: ruff F401; rm -rf /",
        "Run: ruff --unsafe-fixes",
        "Run: ruff check F401",
        "Run: pytest",
        "Run: log-swallowed a b",
        "Run: ruff F401 --fix",
        "Now run: ruff F401",
        "",
    ],
)
def test_everything_else_is_no_task(line: str) -> None:
    assert from_checklist([line]) is None


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("fix unused imports", Task("ruff", ("F401",))),
        ("Fix unused imports (F401)", Task("ruff", ("F401",))),
        ("Fix unused imports that no other file uses (F401)", Task("ruff", ("F401",), sparing=True)),
        ("Fix f-strings without placeholders (F541)", Task("ruff", ("F541",))),
        ("sort imports", Task("ruff", ("I",))),
        ("Improve import order (I001)", Task("ruff", ("I",))),
        ("Modernise syntax for Python 3.9 (UP)", Task("ruff", ("UP",))),
        ("modernize the syntax", Task("ruff", ("UP",))),
        ("Log swallowed exceptions in tally", Task("log", package="tally")),
        ("log all silent errors in the `src/tally`", Task("log", package="src/tally")),
        ("Log swallowed exceptions in top-level modules", Task("log")),
        ("Log swallowed exceptions", Task("log")),
        ("Improve formatting with ruff format", Task("format")),
        ("Fix what ruff mends safely among E (E711, E712)", Task("ruff", ("E711", "E712"))),
    ],
)
def test_words_for_tasks(text: str, task: Task) -> None:
    assert from_text(text) == task


@pytest.mark.parametrize(
    "text",
    [
        "Add rate limiting",
        "Import the old data",
        "Log in with a password",
        "Explain finding (F401)",
        "",
        "Format dates",
    ],
)
def test_words_that_are_no_task(text: str) -> None:
    assert from_text(text) is None


def test_a_wording_means_a_task_of_its_family_or_place() -> None:
    assert Task("ruff", ("UP",)).means(Task("ruff", ("UP004", "UP032")))
    assert not Task("ruff", ("F401",)).means(Task("ruff", ("F541",)))
    assert not Task("ruff", ("F401",)).means(Task("ruff", ("F401",), sparing=True))
    assert Task("log", package="tally").means(Task("log", package="src/tally"))
    assert not Task("log", package="other").means(Task("log", package="src/tally"))
    assert Task("format").means(Task("format"))
