"""The backlog keeps what people wrote into it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.backlog import BacklogItem, add_backlog, one_line, read_backlog, read_items, remove_backlog
from factory.errors import BadInput


@dataclass(frozen=True)
class Backlog:
    path: Path
    common_dir: Path

    def items(self) -> list[BacklogItem]:
        return read_items(self.path)

    def add(self, text: str) -> bool:
        return add_backlog(self.path, text, self.common_dir)

    def remove(self, which: str) -> str:
        return remove_backlog(self.path, which, self.common_dir)


@pytest.fixture
def backlog(tmp_path: Path) -> Backlog:
    return Backlog(tmp_path / "strategy" / "backlog.md", tmp_path / "git")


def put(backlog: Backlog, content: str) -> None:
    backlog.path.parent.mkdir(parents=True, exist_ok=True)
    backlog.path.write_bytes(content.encode())


def content(backlog: Backlog) -> str:
    return backlog.path.read_bytes().decode()


def texts(backlog: Backlog) -> list[str]:
    return read_backlog(backlog.path)


PEOPLES = """# Backlog

Ideas, most wanted first.

- [ ] Cache the index
  for a day
  - [ ] measure first
* **Retry** logic
+ [x] Done already
1. Numbered one

   with a second paragraph

```
- not an item
```
## Later
- [ ]
- [ ] [WIP] Watch mode
Text at the end, without a line break"""


def test_nothing_is_there_at_first(backlog: Backlog) -> None:
    assert backlog.items() == []


def test_items_are_added_at_the_end(backlog: Backlog) -> None:
    assert backlog.add("Cache  the\nindex\x1b[0m")
    assert backlog.add("[x] Retry")
    assert content(backlog) == "- [ ] Cache the index [0m\n- [ ] [x] Retry\n"
    assert texts(backlog) == ["Cache the index [0m", "[x] Retry"]


def test_a_double_is_recognised_ignoring_case_and_space(backlog: Backlog) -> None:
    backlog.add("Cache the index")
    before = content(backlog)
    assert not backlog.add(" cache THE  index ")
    assert content(backlog) == before


def test_an_empty_item_is_refused(backlog: Backlog) -> None:
    with pytest.raises(BadInput, match="needs a text"):
        backlog.add(" \n")
    assert not backlog.path.exists()


def test_what_people_write_is_read(backlog: Backlog) -> None:
    put(backlog, PEOPLES)
    assert backlog.items() == [
        BacklogItem(1, "Cache the index for a day"),
        BacklogItem(2, "**Retry** logic"),
        BacklogItem(3, "Numbered one"),
        BacklogItem(4, "[WIP] Watch mode"),
    ]


def test_adding_keeps_everything_else(backlog: Backlog) -> None:
    put(backlog, PEOPLES)
    assert backlog.add("New")
    assert content(backlog) == PEOPLES + "\n- [ ] New\n"


def test_line_ends_are_kept(backlog: Backlog) -> None:
    put(backlog, "- one\r\n- two\r\n")
    backlog.add("three")
    backlog.remove("1")
    assert content(backlog) == "- two\r\n- [ ] three\r\n"


@pytest.mark.parametrize(
    ("which", "text", "gone"),
    [
        ("1", "Cache the index for a day", "- [ ] Cache the index\n  for a day\n  - [ ] measure first\n"),
        (
            "cache the INDEX for a day",
            "Cache the index for a day",
            "- [ ] Cache the index\n  for a day\n  - [ ] measure first\n",
        ),
        ("retry", "**Retry** logic", "* **Retry** logic\n"),
        ("3", "Numbered one", "1. Numbered one\n\n   with a second paragraph\n"),
        ("4", "[WIP] Watch mode", "- [ ] [WIP] Watch mode\n"),
    ],
)
def test_removing_takes_the_whole_item_and_nothing_else(
    backlog: Backlog, which: str, text: str, gone: str
) -> None:
    put(backlog, PEOPLES)
    assert backlog.remove(which) == text
    assert content(backlog) == PEOPLES.replace(gone, "")


@pytest.mark.parametrize("which", ["0", "9", "nothing like it", "Done already", "", " "])
def test_removing_what_is_not_there(backlog: Backlog, which: str) -> None:
    put(backlog, PEOPLES)
    with pytest.raises(BadInput, match="There is no backlog item"):
        backlog.remove(which)
    assert content(backlog) == PEOPLES


def test_a_fence_that_is_never_closed_hides_nothing(backlog: Backlog) -> None:
    put(backlog, "- one\n```\n- two\n")
    backlog.add("three")
    assert texts(backlog) == ["one", "two", "three"]


def test_a_part_that_several_have_is_not_guessed(backlog: Backlog) -> None:
    put(backlog, "- Cache a\n- Cache b\n- 2\n")
    with pytest.raises(BadInput, match="in several backlog items: 1, 2"):
        backlog.remove("cache")
    assert backlog.remove("2") == "2"
    assert texts(backlog) == ["Cache a", "Cache b"]


def test_a_folder_in_its_place_is_a_clear_error(backlog: Backlog) -> None:
    backlog.path.mkdir(parents=True)
    with pytest.raises(BadInput, match="cannot be read"):
        backlog.items()


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_and_written_back(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    folder = tmp_path_factory.mktemp("noise")
    backlog = Backlog(folder / "backlog.md", folder)
    backlog.path.write_bytes(noise)
    for item in backlog.items():
        assert item.text.encode()
    assert backlog.add("One more thing to do")
    assert texts(backlog)[-1] == "One more thing to do"
    assert backlog.path.read_bytes().startswith(noise)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_what_is_added_is_listed(tmp_path_factory: pytest.TempPathFactory, wanted: list[str]) -> None:
    folder = tmp_path_factory.mktemp("added")
    backlog = Backlog(folder / "backlog.md", folder)
    expected: dict[str, str] = {}
    for text in filter(one_line, wanted):
        backlog.add(text)
        expected.setdefault("".join(text.split()).casefold(), one_line(text))
    assert texts(backlog) == [one_line(text) for text in expected.values()]


def test_many_processes_lose_nothing(backlog: Backlog) -> None:
    code = (
        "import sys; from pathlib import Path; from factory.backlog import add_backlog\n"
        "for n in range(8): add_backlog(Path(sys.argv[1]), f'{sys.argv[3]} {n}', Path(sys.argv[2]))"
    )
    argv = [sys.executable, "-c", code, str(backlog.path), str(backlog.common_dir)]
    writers = [subprocess.Popen([*argv, name]) for name in "abcd"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    assert sorted(texts(backlog)) == [f"{name} {n}" for name in "abcd" for n in range(8)]
