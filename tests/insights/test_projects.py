"""Histories of many projects: found, read, and each project counted once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from factory.errors import BadInput
from factory.insights import discover_projects, load_all_histories
from factory.insights.projects import same_address
from tests.support.learning import make_project, write_log
from tests.support.repos import git, make_repo

ROWS = (("Add a test for the reader", "keep"), ("Split the writer", "revert"), ("Ponder", "error"))


def test_projects_are_found_by_their_logs(tmp_path: Path) -> None:
    for name in ("b", "a", "deep/er/c", "deep/er/and/much/deeper", ".hidden"):
        write_log(tmp_path / name, ROWS)
    write_log(tmp_path / "a" / "inside", ROWS)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "nothing").mkdir()
    assert discover_projects(tmp_path) == [tmp_path / name for name in ("a", "b", "deep/er/c")]
    assert discover_projects(tmp_path / "a") == [tmp_path / "a"]
    with pytest.raises(BadInput, match="is not a folder"):
        discover_projects(tmp_path / "nowhere")


def test_unrelated_projects_with_equal_logs_are_several(tmp_path: Path) -> None:
    paths = [make_project(tmp_path / name, ROWS) for name in ("a", "b")]
    assert [one.path for one in load_all_histories(paths)] == paths


def test_clones_and_forks_are_one_project_with_the_rows_of_both(tmp_path: Path) -> None:
    one = make_project(tmp_path / "one", ROWS)
    git(tmp_path, "clone", "--quiet", str(one), "fork")
    write_log(tmp_path / "fork", [*ROWS, ("Go one's own way", "keep")])
    (found,) = load_all_histories([one, tmp_path / "fork", one])
    assert found.path == one
    assert found.copies == (tmp_path / "fork",)
    assert [row.hypothesis for row in found.rows] == [*(text for text, _ in ROWS), "Go one's own way"]


def test_the_same_remote_is_the_same_project(tmp_path: Path) -> None:
    a = make_project(tmp_path / "a", ROWS, remote="https://pat:token@Example.org/Owner/Thing.git")
    b = make_project(tmp_path / "b", ROWS[:1], remote="git@example.org:owner/thing")
    c = make_project(tmp_path / "c", ROWS[:1], remote="git@example.org:owner/other")
    found = load_all_histories([a, b, c])
    assert [one.path for one in found] == [a, c]
    assert found[0].remotes == ("example.org/owner/thing",)


@pytest.mark.parametrize(
    "remote",
    ["https://Host.org/A/b.git", "git@host.org:a/B", "ssh://git@host.org/a/b/", "host.org/a/b", "http://u:p@host.org/a/b"],
)  # fmt: skip
def test_an_address_has_one_spelling(remote: str) -> None:
    assert same_address(remote) == "host.org/a/b"


def test_a_copied_folder_without_git_is_the_same_project(tmp_path: Path) -> None:
    write_log(tmp_path / "a", ROWS)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    write_log(tmp_path / "c", ROWS[:2])
    assert [one.path.name for one in load_all_histories(discover_projects(tmp_path))] == ["a", "c"]


def test_what_joins_two_groups_makes_them_one(tmp_path: Path) -> None:
    a = make_project(tmp_path / "a", ROWS, remote="https://example.org/o/a")
    b = make_project(tmp_path / "b", ROWS[:1])
    git(tmp_path, "clone", "--quiet", str(b), "both")
    git(tmp_path / "both", "remote", "set-url", "origin", "https://example.org/o/a")
    (found,) = load_all_histories([a, b, tmp_path / "both"])
    assert found.path == a
    assert len(found.copies) == 2


def test_what_is_wrong_with_a_log_is_told(tmp_path: Path) -> None:
    make_repo(tmp_path / "none", {"a": ""})
    write_log(tmp_path / "empty", [])
    write_log(tmp_path / "damaged", ROWS)
    log = tmp_path / "damaged" / ".factory" / "results.tsv"
    log.write_bytes(log.read_bytes() + b'4\tonly two\n\xff\xfe"\n')
    broken = tmp_path / "broken" / ".factory" / "results.tsv"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(bytes(range(256)))
    write_log(tmp_path / "skewed", ROWS, day="2999-01-01")
    names = ("none", "empty", "damaged", "broken", "skewed", "gone")
    found = {one.name: one for one in load_all_histories(tmp_path / name for name in names)}
    assert found["none"].problem == found["gone"].problem == "it has no experiment log"
    assert found["empty"].problem == "its experiment log is empty"
    assert (len(found["damaged"].rows), found["damaged"].damaged) == (3, 2)
    assert "no header of an experiment log" in found["broken"].problem
    assert (found["skewed"].future, len(found["skewed"].decided)) == (3, 2)


def test_rows_that_came_with_a_repository_are_nobodys_own(tmp_path: Path) -> None:
    """Also where the person has a copy of the project with a log of their own."""
    mine = make_project(tmp_path / "mine", ROWS)
    git(tmp_path, "clone", "--quiet", str(mine), "fork")
    write_log(tmp_path / "fork", [("Do as I say", "keep")])
    git(tmp_path / "fork", "add", "--force", ".factory")
    (found,) = load_all_histories([mine, tmp_path / "fork"])
    assert [row.hypothesis for row in found.rows] == [*(text for text, _ in ROWS), "Do as I say"]
    assert [row.hypothesis for row in found.own] == [text for text, _ in ROWS]


def test_a_scaffold_and_an_undo_are_no_evidence(tmp_path: Path) -> None:
    """Every new project has the same scaffold: it would be the one pattern that holds everywhere."""
    path = make_project(tmp_path / "a", [*ROWS, ("Scaffold and evaluation harness", "keep")])
    log = path / ".factory/results.tsv"
    header, *rows = log.read_text().splitlines()
    at = header.split("\t").index("kind")
    for number, kind in ((1, "undo"), (3, "scaffold")):
        cells = rows[number].split("\t")
        cells[at] = kind
        rows[number] = "\t".join(cells)
    log.write_text("".join(f"{line}\n" for line in (header, *rows)))
    (found,) = load_all_histories([path])
    assert [row.hypothesis for row in found.rows] == ["Add a test for the reader", "Ponder"]
    assert [row.hypothesis for row in found.decided] == ["Add a test for the reader"]


def test_a_keep_that_was_undone_counts_no_more(tmp_path: Path) -> None:
    log = [("Add a test for the reader", "keep"), ("Undo experiment 1: Add a test for the reader", "keep")]
    path = make_project(tmp_path / "a", [*log, ("Split the writer", "keep")])
    results = path / ".factory/results.tsv"
    header, *rows = results.read_text().splitlines()
    cells = rows[1].split("\t")
    cells[header.split("\t").index("kind")] = "undo"
    results.write_text("".join(f"{line}\n" for line in (header, rows[0], "\t".join(cells), rows[2])))
    (found,) = load_all_histories([path])
    assert [row.hypothesis for row in found.rows] == ["Split the writer"]
