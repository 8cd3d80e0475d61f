"""`factory verify --restore`: a damaged or lost log is put right from its mirror and the journals."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.cycle.lab import Lab, open_lab
from factory.cycle.mirror import mirror_log
from factory.cycle.restoring import restore_log
from factory.cycle.verify import verify
from tests.support.cli import factory
from tests.support.finalized import finalize_as_errors
from tests.support.matrix import sampled
from tests.support.projects import journal_files, small_project
from tests.support.repos import git, write

IMPORTED = (
    "id\ttimestamp\thypothesis\tchange_summary\tissue_number\tpr_number\t"
    "score_before\tscore_after\tdelta\tverdict\tcost_usd\tnotes\n"
    "7\t2025-01-01\tOld\t\t\t\t0.5\t0.6\t0.1\tkeep\t\t\n"
)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Three experiments after one that another tool has logged."""
    project = small_project(tmp_path / "calc")
    write(project, {".factory/results.tsv": IMPORTED})
    finalize_as_errors(project, ["One", "Two", "Three"])
    return open_lab(project, lambda _: None)


def unmirrored(lab: Lab) -> None:
    git(lab.paths.root, "update-ref", "-d", "refs/factory/log")


def damaged(text: str) -> dict[str, str]:
    """Ways in which a log can be damaged."""
    header, old, one, two, three = text.splitlines(keepends=True)
    return {
        "emptied": "",
        "a row lost": header + old + one + three,
        "a row changed": text.replace("Two", "Too"),
        "a row garbled": header + old + one + "\x00\x01" + two[4:] + three,
        "a quote that is not closed": header + old + one + two.replace("Two", '"Two') + three,
        "a row twice": text + two,
        "the header garbled": "x" + text,
        "cut in the middle": text[: len(header + old + one) + 9],
    }


HOW = list(damaged("h\no\n1\n2\n3\n"))


@pytest.mark.parametrize("mirror", sampled([True, False], [True]))
@pytest.mark.parametrize("how", sampled(HOW, ["a row garbled"]))
def test_what_was_damaged_is_put_back(lab: Lab, how: str, mirror: bool) -> None:
    log = lab.paths.results
    text = log.read_text()
    if not mirror:
        unmirrored(lab)
    log.write_text(damaged(text)[how])
    done = restore_log(lab)
    assert done is not None
    # Without a mirror nobody knows any more what another tool has written.
    gone = [] if mirror or how != "emptied" else [text.splitlines(keepends=True)[1]]
    kept = [line for line in text.splitlines(keepends=True) if line not in gone]
    restored = log.read_text().splitlines(keepends=True)
    if mirror or how not in ("a row lost", "a row garbled", "emptied"):
        assert restored == kept
    else:
        assert sorted(line for line in restored if "\x00" not in line) == sorted(kept)
    assert done.aside is None or done.aside.read_text() == damaged(text)[how]
    assert restore_log(lab) is None


def test_a_lost_log_comes_back_by_the_command_and_all_adds_up(lab: Lab) -> None:
    text = lab.paths.results.read_text()
    lab.paths.results.unlink()
    assert factory("verify", lab.paths.root).expect(1).out.endswith("4 problems\n")
    done = factory("verify", lab.paths.root, "--restore").expect(0)
    assert done.err.startswith(f"restored: 5 lines of {lab.paths.results}\n")
    assert done.out == "4 rows: clean\n"
    assert lab.paths.results.read_text() == text
    again = factory("verify", lab.paths.root, "--restore").expect(0)
    assert "There is nothing to restore in the log." in again.err


@pytest.mark.parametrize("mirror", [True, False])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"\n", b"\r\n", id="CRLF"),
        pytest.param(b"Old", b"Old\rand older", id="a lone CR"),
        pytest.param(b"\n7", b"\n\n7", id="a blank line"),
        pytest.param(b"\n7", b"\n7\t2024-01-01\tOlder" + b"\t" * 9 + b"\n7", id="an id twice"),
    ],
)
def test_a_log_in_which_all_rows_are_sound_stays_as_it_is(
    lab: Lab, old: bytes, new: bytes, mirror: bool
) -> None:
    unmirrored(lab)
    log = lab.paths.results
    log.write_bytes(log.read_bytes().replace(old, new).removesuffix(b"\n"))
    if mirror:
        mirror_log(lab, "one cycle")
    text, rows = log.read_bytes(), len(lab.history())
    assert restore_log(lab) is None
    assert log.read_bytes() == text
    assert verify(lab).problems == []
    log.write_bytes(text.replace(b"Two", b"Too"))
    done = restore_log(lab)
    assert done is not None and done.lines == 1
    assert [row.hypothesis for row in lab.history()][-2] == "Two"
    assert len(lab.history()) == rows


def test_rows_that_came_after_the_mirror_stay(lab: Lab) -> None:
    mirror = git(lab.paths.root, "rev-parse", "refs/factory/log~1")
    git(lab.paths.root, "update-ref", "refs/factory/log", mirror)
    text = lab.paths.results.read_text()
    lab.paths.results.write_text(text.replace("One", "Won"))
    assert restore_log(lab) is not None
    assert lab.paths.results.read_text() == text
    assert verify(lab).problems == []


def test_a_row_whose_journal_is_gone_stays_as_it_is(lab: Lab) -> None:
    unmirrored(lab)
    journal_files(lab.paths.root)[1].unlink()
    text = lab.paths.results.read_text()
    lab.paths.results.write_text(text.replace("Three", "3"))
    assert restore_log(lab) is not None
    assert lab.paths.results.read_text() == text


def test_agents_may_not(lab: Lab) -> None:
    told = factory("verify", lab.paths.root, "--restore", env={"FACTORY_ROLE": "builder"}).expect(3)
    assert "Only a person can restore the log" in told.err
