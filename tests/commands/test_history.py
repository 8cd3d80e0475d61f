"""``factory history`` shows a log as it is, and says on stderr what is wrong with it."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

import pytest

from factory.commands import history
from factory.errors import BadInput
from factory.rows import COLUMNS, format_line

HEADER = "\t".join(COLUMNS)


def show(path: Path, *, everything: bool = False, as_json: bool = False, number: int | None = None) -> int:
    return history.run(argparse.Namespace(path=str(path), all=everything, json=as_json, id=number))


def put(project: Path, *lines: str, header: str = HEADER) -> None:
    (project / ".factory").mkdir(exist_ok=True)
    (project / ".factory" / "results.tsv").write_text("\n".join((header, *lines, "")))


def row(number: object, verdict: str = "keep", hypothesis: str = "Fix it", **values: object) -> str:
    return format_line({"id": number, "verdict": verdict, "hypothesis": hypothesis, **values}, COLUMNS)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path / "p"], check=True)
    return tmp_path / "p"


def test_nothing_yet(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(project) == 0
    assert show(project, as_json=True) == 0
    assert capsys.readouterr() == ("No experiments yet.\n[\n]\n", "")


def test_a_readable_table(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(
        project,
        row(1, reason="improved", score_before=0.5, score_after=0.5125, delta=0.0125, harness="h1"),
        row(
            2,
            "revert",
            "Try a \x1b[1m very long thing " * 3,
            reason="no_effect",
            score_after=0.5,
            harness="h1",
        ),
        row(3, "error", score_before=0.5, score_after=0.25, harness="h2"),
    )
    assert show(project) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out == (
        "id  verdict  reason       delta  score          hypothesis\n"
        "--  -------  ---------  -------  -------------  --------------------------------\n"
        " 1  keep     improved   +0.0125  0.5000→0.5125  Fix it\n"
        " 2  revert   no_effect           ?→0.5000       Try a  [1m very long thing Try a\n"
        "                                                [1m very long thing Try a  [1m\n"
        "                                                very long thing\n"
        "                                                (harness changed: compare no\n"
        "                                                scores across)\n"
        " 3  error               -0.2500  0.5000→0.2500  Fix it\n"
    )
    assert max(map(len, out.splitlines())) <= 80


def test_the_last_twenty_unless_all(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(project, *(row(n) for n in range(1, 26)))
    show(project)
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()[2:]] == [str(n) for n in range(6, 26)]
    assert err == "The last 20 of 25 experiments; --all shows every one.\n"
    show(project, everything=True)
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 27
    assert err == ""


def test_damage_and_oddities_are_told_with_their_lines(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(
        project,
        row("001", "KEEP", timestamp="2026-05-07T12:00:00"),
        "2\tbroken",
        row(1, "revert", "", timestamp="2026-05-07T12:00:00Z"),
        row(9, score_after=3),
        row(4, "maybe"),
        row("x"),
        '5\t"stray',
    )
    show(project)
    out, err = capsys.readouterr()
    assert [line.split()[:2] for line in out.splitlines()[2:]] == [
        ["1", "keep"],
        ["1", "revert"],
        ["9", "keep"],
        ["4", "maybe"],
        ["x", "keep"],
    ]
    assert err == (
        "results.tsv:3: damaged, skipped: 2 fields instead of 12 or 13 or 24\n"
        "results.tsv:8: damaged, skipped: a quote is opened and not closed as it should be\n"
        "results.tsv: line 4: the id was given to an earlier line too\n"
        "results.tsv: line 4: the hypothesis is missing\n"
        "results.tsv: line 4: the time is with a zone, unlike the first one\n"
        "results.tsv: line 5: a score is not between 0 and 1\n"
        "results.tsv: line 6: the id is lower than one before it\n"
        "results.tsv: line 6: the verdict is none of keep, revert and error\n"
        "results.tsv: line 7: the id is missing or no number\n"
    )


def test_many_damaged_lines_do_not_flood_the_terminal(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, *["x"] * 30, *[row(1)] * 9)
    show(project)
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 12
    assert err[10] == "results.tsv: 20 more damaged lines, skipped"
    assert err[11] == (
        "results.tsv: lines 33, 34, 35, 36, 37 and 3 more: the id was given to an earlier line too"
    )


def test_json_has_every_column_and_the_unknown_ones(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "mood\tid\tverdict\thypothesis\tpr_number\tissue_number\tscore_after"
    put(project, "sunny\t001\tKEEP\tFix\tabc123\t7\t0.5", "\t2\tmaybe\t\t\t0\tn/a", header=header)
    show(project, as_json=True)
    first, second = json.loads(capsys.readouterr().out)
    assert list(first) == [*COLUMNS, "mood"]
    assert (first["id"], first["verdict"], first["pr_number"], first["issue_number"]) == (
        1,
        "keep",
        "abc123",
        7,
    )
    assert (first["score_after"], first["score_before"], first["reason"], first["mood"]) == (
        0.5,
        None,
        None,
        "sunny",
    )
    assert (second["verdict"], second["hypothesis"], second["issue_number"]) == ("maybe", None, 0)
    assert (second["score_after"], second["mood"]) == ("n/a", None)


def test_json_in_several_pieces_is_one_document(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(project, *(row(n) for n in range(1, 1202)))
    show(project, everything=True, as_json=True)
    assert [found["id"] for found in json.loads(capsys.readouterr().out)] == list(range(1, 1202))


def test_the_log_is_found_from_below_and_from_a_linked_worktree(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, row(1))
    (project / "src").mkdir()
    git = ["git", "-C", str(project), "-c", "user.name=n", "-c", "user.email=e"]
    subprocess.run([*git, "commit", "-qm", "x", "--allow-empty"], check=True)
    subprocess.run([*git, "worktree", "add", "-q", str(tmp_path / "linked")], check=True)
    for place in (project / "src", tmp_path / "linked"):
        show(place, as_json=True)
        assert json.loads(capsys.readouterr().out)[0]["id"] == 1


def test_a_state_folder_without_git_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, row(1))
    show(tmp_path, as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["id"] == 1


@pytest.mark.parametrize(
    ("name", "what"), [("none", "does not exist"), ("file", "is a file"), ("", "not in a git")]
)
def test_what_is_no_project(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=what):
        show(tmp_path / name)


COMMIT = "c" * 40


def record(project: Path, number: int, **files: object) -> Path:
    """An experiment's folder with these records in it."""
    folder = project / ".factory" / "experiments" / f"{number:03d}"
    (folder / "reviews").mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name.replace('reviews_', 'reviews/')}.json").write_text(json.dumps(content))
    return folder


def sample(score: float) -> dict[str, object]:
    return {"commit": COMMIT, "dimensions": [{"name": "tests", "score": score}]}


def test_one_experiment_whole(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    why = "precheck failed: guard: integrity: test_removed: test_total is gone (tests/test_cart.py)"
    put(
        project,
        row(1),
        row(2, "revert", "Tidy up", reason="guard", notes=why, score_before=0.5, score_after=0.25,
            baseline="b" * 40, commit=COMMIT, cycle="hand-1"),
    )  # fmt: skip
    finding = {"guard": "integrity", "file": "tests/test_cart.py", "message": "test_total is gone"}
    check = {
        "before": {"exit_code": 1, "command": "ruff check"},
        "after": {"exit_code": 1, "command": "ruff check"},
    }
    folder = record(
        project,
        2,
        experiment={"hypothesis": "Tidy up\nthe cart", "baseline": "b" * 40},
        eval_pairs={"before": [sample(1.0), sample(0.5)], "after": [sample(0.5), sample(0.5)]},
        guard={"head": COMMIT, "findings": [finding | {"mend": "Put it back."}]},
        verify={"commit": COMMIT, "checks": [check]},
        failures={"commit": COMMIT, "confirmed": ["tests/test_cart.py::test_total"]},
        reviews_final={"commit": COMMIT, "by": "ceo", "verdict": "ABORT", "reason": "no"},
    )
    note = project / ".factory" / "archive" / "experiments" / "002.md"
    note.parent.mkdir(parents=True)
    note.write_text("# Experiment 2\n")
    assert show(project, number=2) == 0
    assert capsys.readouterr().out == (
        "experiment 2: revert (guard)\n"
        "hypothesis: Tidy up\nthe cart\n"
        f"why: {why}\n"
        "score: 0.5000 → 0.2500 (-0.2500), the mean of 2 pairs\n"
        "its own check: ruff check: exits 1 at the baseline, exits 1 with the change\n"
        "guard: integrity: test_total is gone (tests/test_cart.py)\n"
        "  Put it back.\n"
        "no longer passing: tests/test_cart.py::test_total\n"
        "review: ceo says ABORT: no\n"
        f"commits: {'b' * 12}..{'c' * 12}, to look at: git show {'c' * 12}\n"
        "cycle: hand-1\n"
        f"note: {note}\n"
        f"record: {folder}\n"
        "\n"
        "dimension  score\n"
        "---------  -------------------------\n"
        "tests      0.7500 → 0.5000 (-0.2500)\n"
    )
    assert show(project, number=2, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["dimensions"], told["review"]["by"]) == (
        "revert", [{"name": "tests", "before": 0.75, "after": 0.5}], "ceo",
    )  # fmt: skip


def test_one_experiment_of_which_little_is_known(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(project, row(1, "keep", "Imported", notes="went well"))
    record(project, 3, experiment={"hypothesis": "Half done"}, guard=["no", "object"], verify={"checks": 5})
    (project / ".factory" / "experiments" / "003" / "eval_pairs.json").write_text("{broken")
    assert show(project, number=1) == show(project, number=3) == 0
    out = capsys.readouterr().out
    assert out.startswith("experiment 1: keep ()\nhypothesis: Imported\nwhy: went well\n")
    assert "experiment 3: not decided yet\nhypothesis: Half done\n" in out
    with pytest.raises(BadInput, match="There is no experiment 2"):
        show(project, number=2)


def test_one_experiment_shows_the_whole_of_what_was_changed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, row(1, change_summary="Two imports are gone"), row(2, change_summary="By hand"))
    answers = project / ".factory" / "experiments" / "001" / "agents"
    answers.mkdir(parents=True)
    (answers / "builder-2.output.md").write_text("Two imports are gone\nIn the first try")
    (answers / "builder-10.output.md").write_text(
        "\nTwo imports\tare gone\n\n- Look at a.py\nNothing is left.\n"
    )
    (answers / "builder-11.output.md").write_text("Something else")
    (answers / "builder-12.output.md").write_bytes(b"\xff")
    assert show(project, number=1) == 0
    told = "\nchange: Two imports are gone\n  - Look at a.py\n  Nothing is left.\n"
    assert told in capsys.readouterr().out
    assert show(project, number=1, as_json=True) == 0
    whole = "Two imports are gone\n- Look at a.py\nNothing is left."
    assert json.loads(capsys.readouterr().out)["change_summary"] == whole
    assert show(project, number=2) == 0
    assert "\nchange: By hand\n" in capsys.readouterr().out
