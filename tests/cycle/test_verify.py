"""What `factory verify` finds when the records are tampered with; imported histories are left alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import factory
from tests.support.projects import (
    CLEAN_SUMS,
    WORSE_SUMS,
    assert_sound,
    begin,
    history,
    journal_files,
    small_project,
)
from tests.support.repos import git


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test of this process puts the project that all of them start from."""
    return tmp_path_factory.mktemp("finished") / "calc"


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A project with a kept and a reverted experiment, by hand."""
    if not finished.exists():
        _experiment(finished)
    return shutil.copytree(finished, tmp_path / "calc", symlinks=True)


def _experiment(path: Path) -> None:
    project = small_project(path)
    assert begin(project).edit({"calc/sums.py": CLEAN_SUMS}).decide() == ("keep", "improved")
    second = begin(project, "Read JSON in sums").edit({"calc/sums.py": WORSE_SUMS})
    assert second.decide() == ("revert", "regressed")
    assert_sound(project)


def log_of(project: Path) -> Path:
    return project / ".factory/results.tsv"


def problems(project: Path) -> list[str]:
    done = factory("verify", project, "--json").expect(1)
    assert done.json["clean"] is False
    found: list[str] = done.json["problems"]
    return found


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text()
    after = change(before)
    assert after != before
    path.write_text(after)


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("\tregressed\t", "\tno_effect\t", "reason"),
        ("Read JSON in sums\t", "Read YAML in sums\t", "hypothesis"),
        ("\tEXPLORE\t", "\tFIX\t", "category"),
    ],
)
def test_an_edited_row(project: Path, old: str, new: str, column: str) -> None:
    git(project, "update-ref", "-d", "refs/factory/log")  # else the mirror tells, too
    rewrite(log_of(project), lambda text: text.replace(old, new))
    assert f"experiment 2: row and event differ in {column}" in problems(project)


def test_an_edited_score(project: Path) -> None:
    score = str(history(project)[0]["score_after"])
    rewrite(log_of(project), lambda text: text.replace(score, "0.9999", 1))
    found = problems(project)
    assert any("row and event differ in" in problem and "score_" in problem for problem in found)
    assert any("differ in the score" in problem for problem in found)


def test_a_removed_row(project: Path) -> None:
    rewrite(log_of(project), lambda text: "".join(text.splitlines(keepends=True)[:-1]))
    cycle = journal_files(project)[1].stem
    assert problems(project) == [
        f"experiment 2: finalized in cycle {cycle}, but has no row",
        "results.tsv lacks or changes lines that its mirror has; "
        "`git show refs/factory/log:results.tsv` shows them, `factory verify --restore` puts them back",
    ]


def test_a_row_and_its_journal_removed_show_in_the_mirror(project: Path) -> None:
    rewrite(log_of(project), lambda text: "".join(text.splitlines(keepends=True)[:-1]))
    journal_files(project)[1].unlink()
    assert problems(project) == [
        "results.tsv lacks or changes lines that its mirror has; "
        "`git show refs/factory/log:results.tsv` shows them, `factory verify --restore` puts them back"
    ]


def test_a_row_written_twice(project: Path) -> None:
    rewrite(log_of(project), lambda text: text + text.splitlines(keepends=True)[-1])
    assert problems(project) == ["experiment 2: has 2 rows"]


def test_a_commit_that_no_ref_holds_and_one_that_is_gone(project: Path) -> None:
    commit = git(project, "rev-parse", "refs/factory/rejected/002")
    git(project, "update-ref", "-d", "refs/factory/rejected/002")
    mend = f"git update-ref refs/factory/rejected/002 {commit[:12]}"
    told = f"experiment 2: refs/factory/rejected/002 does not hold its commit; `{mend}` mends that"
    assert problems(project) == [told]
    git(project, *mend.split()[1:])
    assert_sound(project)
    git(project, "update-ref", "-d", "refs/factory/rejected/002")
    git(project, "reflog", "expire", "--expire=now", "--all")
    git(project, "gc", "--quiet", "--prune=now")
    assert problems(project) == [f"experiment 2: its commit {commit[:12]} is gone"]


@pytest.mark.parametrize("journal", [True, False])
def test_no_ref_is_asked_for_that_would_say_what_a_damaged_row_says(project: Path, journal: bool) -> None:
    rewrite(log_of(project), lambda text: text.replace("\trevert\t", "\tkeep\t"))
    if not journal:
        journal_files(project)[1].unlink()
    found = problems(project)
    assert not [problem for problem in found if "update-ref" in problem]
    assert any("`factory verify --restore` puts them back" in problem for problem in found)
    factory("verify", project, "--restore")
    assert history(project)[1]["verdict"] == "revert"


@pytest.mark.parametrize("name", ["eval_after.json", "eval_before.json", "guard.json", "reviews/final.json"])
def test_evidence_that_was_changed_after_the_decision(project: Path, name: str) -> None:
    rewrite(project / ".factory/experiments/002" / name, lambda text: text + "\n")
    assert problems(project) == [f"experiment 2: {name} was changed after the decision"]


def test_a_measurement_that_was_made_better(project: Path) -> None:
    place = project / ".factory/experiments/002/eval_pairs.json"
    pairs = json.loads(place.read_text())
    pairs["after"][0]["dimensions"][0]["score"] = 0.9999
    place.write_text(json.dumps(pairs))
    assert problems(project) == [
        "experiment 2: eval_pairs.json was changed after the decision",
        "experiment 2: row and measurements differ in the score after",
    ]


def test_evidence_that_is_missing_or_damaged(project: Path) -> None:
    folder = project / ".factory/experiments/002"
    (folder / "precheck.json").unlink()
    (folder / "verdict.json").write_text("{")
    found = problems(project)
    assert "experiment 2: precheck.json is missing" in found
    assert any("verdict.json" in problem and "damaged" in problem for problem in found)


def test_a_missing_note(project: Path) -> None:
    (project / ".factory/archive/experiments/001.md").unlink()
    assert problems(project) == ["experiment 1: has no archive note"]


def test_a_missing_journal(project: Path) -> None:
    journal_files(project)[0].unlink()
    assert problems(project) == ["experiment 1: has a row, but no event in its cycle's journal"]


def test_a_damaged_line_in_a_journal(project: Path) -> None:
    path = journal_files(project)[1]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], "{}\n", *lines[2:]]))
    found = problems(project)
    assert f"{path}:2: this is no event; the journal is damaged." in found
    assert factory("history", project).expect(0).out.count("\n") > 2


def test_a_line_taken_out_of_a_journal(project: Path) -> None:
    path = journal_files(project)[1]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[2:]))
    assert f"{path}:2: event 2 was expected, and this is event 3; the journal is damaged." in problems(
        project
    )


def test_a_damaged_line_in_the_log(project: Path) -> None:
    with log_of(project).open("a") as log:
        log.write("3\tonly three\tfields\n")
    assert problems(project) == ["results.tsv:4: 3 fields instead of 12 or 13 or 24"]
    assert begin(project, "Something else").id == 4  # the damaged line's id is taken


def test_verify_writes_nothing_and_needs_no_state(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    assert factory("verify", project).expect(0).out == "0 rows: clean\n"
    assert not (project / ".factory").exists()


# ---- histories of other tools

TWELVE = (
    "id\ttimestamp\thypothesis\tchange_summary\tissue_number\tpr_number"
    "\tscore_before\tscore_after\tdelta\tverdict\tcost_usd\tnotes"
)
IMPORTED = [
    "003\t2026-01-03T10:00:00\tCache the parsed rows\tcache\t0\t\t0.71\t0.74\t0.03\tKEEP\t\tfine, (mostly)",
    "001\t2026-01-01T10:00:00Z\tAdd retries to uploads\tretries\t\ta1b2c3d\t0.70\t0.70\t\trevert\t\tgate: no",
    "2\t2026-01-02T10:00:00+02:00\tSplit the importer\t\t\t\t\t\t\tRevert\t\t",
    "2\t2026-01-02T12:00:00+02:00\tSplit the importer\t\t\t\t\t\t\tkeep\t\tforced",
    "7\t2026-01-04T10:00:00\t\t\t\t\t0.74\t0.75\t0.01\tkeep\t0.2\t",
]


@pytest.fixture(params=["\n", "\r\n"], ids=["LF", "CRLF"])
def imported(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A project with a history that an earlier tool wrote: 12 columns, unordered, doubled, with gaps."""
    project = small_project(tmp_path / "calc")
    log_of(project).parent.mkdir()
    log_of(project).write_bytes("".join(f"{line}{request.param}" for line in [TWELVE, *IMPORTED]).encode())
    return project


def test_an_imported_history_is_shown_truthfully(imported: Path) -> None:
    rows = history(imported)
    assert [row["id"] for row in rows] == [3, 1, 2, 2, 7]
    assert [row["verdict"].lower() for row in rows] == ["keep", "revert", "revert", "keep", "keep"]
    assert [row["hypothesis"] for row in rows][-2:] == ["Split the importer", None]
    assert rows[2]["score_before"] is None
    assert rows[0]["notes"] == "fine, (mostly)"


def test_an_imported_history_is_remarked_upon_and_no_problem(imported: Path) -> None:
    done = factory("verify", imported, "--json").expect(0).json
    assert done["problems"] == []
    assert done["rows"] == 5
    assert done["remarks"][0] == "written by another tool, so only their form was checked: 5 rows"
    assert not any("lower" in remark for remark in done["remarks"])
    assert any("id" in remark and "line 5" in remark for remark in done["remarks"])


def test_an_imported_history_is_continued_without_touching_its_lines(imported: Path) -> None:
    before = log_of(imported).read_bytes().split(b"\n", 1)[1]
    begun = begin(imported).edit({"calc/sums.py": CLEAN_SUMS})
    assert begun.id == 8
    assert begun.decide() == ("keep", "improved")
    after = log_of(imported).read_bytes()
    assert after.split(b"\n", 1)[1].startswith(before)
    assert after.split(b"\n", 1)[0].startswith(TWELVE.encode())
    rows = history(imported)
    assert [row["id"] for row in rows] == [3, 1, 2, 2, 7, 8]
    assert (rows[-1]["verdict"], rows[-1]["reason"]) == ("keep", "improved")
    assert_sound(imported)


def test_a_reverted_imported_experiment_is_evidence_too(imported: Path) -> None:
    done = factory("begin", imported, "--hypothesis", "Add retries to the uploads").expect(3)
    assert "resembles experiment 1, reverted" in done.err


def test_a_log_that_is_a_link_is_continued_where_it_leads(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    elsewhere = tmp_path / "kept" / "results.tsv"
    elsewhere.parent.mkdir()
    elsewhere.write_text("".join(f"{line}\n" for line in [TWELVE, *IMPORTED]))
    log_of(project).parent.mkdir()
    log_of(project).symlink_to(elsewhere)
    begin(project).edit({"calc/sums.py": CLEAN_SUMS}).decide()
    assert log_of(project).is_symlink()
    assert len(elsewhere.read_text().splitlines()) == 7
    assert_sound(project)
