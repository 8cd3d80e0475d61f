"""The log is appended to, never altered: by one process, by many, and over somebody else's file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from factory.errors import BadInput, Refused
from factory.models import ExperimentRecord, ReviewRecord, ReviewVerdict, Verdict
from factory.paths import ProjectPaths
from factory.rows import COLUMNS, Row, format_line, read
from factory.store import HIGHEST_ID, ExperimentStore, widened

OLD = COLUMNS[:13]


@pytest.fixture
def store(tmp_path: Path) -> ExperimentStore:
    return ExperimentStore(ProjectPaths(tmp_path / "project"), tmp_path / "git")


def record(number: int, **values: object) -> ExperimentRecord:
    given = {
        "id": number,
        "timestamp": "2026-05-07T12:00:00Z",
        "hypothesis": f"Fix {number}",
        "verdict": Verdict.KEEP,
        "cycle": "c1",
        "reason": "improved",
        "category": "FIX",
        "harness": "h1",
        **values,
    }
    return ExperimentRecord.model_validate(given)


def put_log(store: ExperimentStore, content: bytes) -> Path:
    store.paths.state.mkdir(parents=True)
    store.paths.results.write_bytes(content)
    return store.paths.results


def old_log(*lines: str, columns: tuple[str, ...] = OLD, end: str = "\r\n") -> bytes:
    return "".join(line + end for line in ("\t".join(columns), *lines)).encode()


def ids(store: ExperimentStore) -> list[int | None]:
    return [row.id for row in store.rows()]


def test_a_new_log_has_the_header_and_one_line_an_experiment(store: ExperimentStore) -> None:
    store.append(record(1, hypothesis="Fix\tthe\nparser", research_citations=["R1", "R2"], score_after=0.625))
    store.append(record(2, verdict=Verdict.REVERT, issue_number=7))
    header, first, second, rest = store.paths.results.read_text().split("\n")
    assert header == "\t".join(COLUMNS)
    assert first == (
        "1\t2026-05-07T12:00:00Z\tFix the parser\t\t\t\t\t0.625\t\tkeep\t\t\tR1|R2\timproved\tFIX\t\tc1"
        "\t\t\t\t\t\t\th1"
    )
    assert second.split("\t")[:10] == [
        "2",
        "2026-05-07T12:00:00Z",
        "Fix 2",
        "",
        "7",
        "",
        "",
        "",
        "",
        "revert",
    ]
    assert rest == ""


def test_the_same_experiment_twice_is_one_row(store: ExperimentStore) -> None:
    store.append(record(1))
    before = store.paths.results.read_bytes()
    store.append(record(1, timestamp="2026-05-07T13:00:00Z"))
    assert store.paths.results.read_bytes() == before


@pytest.mark.parametrize(
    "other", [{"cycle": "c2"}, {"verdict": Verdict.REVERT}, {"hypothesis": "Fix it all"}]
)
def test_another_experiment_with_the_same_id_is_refused(
    store: ExperimentStore, other: dict[str, object]
) -> None:
    store.append(record(1))
    before = store.paths.results.read_bytes()
    with pytest.raises(Refused, match=r"Experiment 1 is already in the log, on line 2") as refused:
        store.append(record(1, **other))
    assert refused.value.hint == "The log is append-only; `factory verify` shows whether it adds up."
    assert store.paths.results.read_bytes() == before


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("width", [12, 13])
def test_an_older_log_is_continued_with_its_lines_untouched(
    store: ExperimentStore, width: int, end: str
) -> None:
    columns = COLUMNS[:width]
    lines = [format_line({"id": n, "hypothesis": f"h{n}", "verdict": "KEEP"}, columns) for n in (3, 3, 1)]
    lines.insert(1, '5\t"stray')
    log = put_log(store, old_log(*lines, columns=columns, end=end))
    old = log.read_bytes()
    assert store.next_id() == 6
    store.append(record(6))
    new = log.read_bytes()
    assert new.split(b"\n")[0] == ("\t".join(COLUMNS) + end).encode()[:-1]
    assert new.split(b"\n")[1:5] == old.split(b"\n")[1:5]
    assert new.endswith(b"\th1\n")
    rows, damaged = read(log)
    assert [row.id for row in rows] == [3, 3, 1, 6]
    assert (rows[-1].reason, rows[-1].harness, rows[0].reason) == ("improved", "h1", "")
    assert [(d.line, d.id) for d in damaged] == [(3, 5)]


def test_unknown_columns_and_another_order_are_kept(store: ExperimentStore) -> None:
    columns = ("mood", *reversed(OLD))
    log = put_log(
        store, old_log(format_line({"mood": "sunny", "id": 4, "verdict": "keep"}, columns), columns=columns)
    )
    store.append(record(5))
    rows, damaged = read(log)
    assert damaged == []
    assert [(row.id, row.fields["mood"], row.category) for row in rows] == [(4, "sunny", ""), (5, "", "FIX")]


def test_a_header_that_cannot_be_widened_safely_stays(store: ExperimentStore) -> None:
    columns = (*OLD, "reason")
    log = put_log(
        store, old_log(format_line({"id": 1, "verdict": "keep", "reason": "x"}, columns), columns=columns)
    )
    store.append(record(2))
    store.append(record(2))
    rows, damaged = read(log)
    assert damaged == []
    assert [(row.id, row.reason, row.category) for row in rows] == [(1, "x", ""), (2, "improved", "")]
    assert log.read_bytes().startswith("\t".join(columns).encode() + b"\r\n")


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_header_is_widened_at_its_end(store: ExperimentStore, end: str) -> None:
    log = put_log(store, f"id\thypothesis\tverdict\tmood {end}".encode())
    store.append(record(1))
    header, row, rest = log.read_bytes().split(b"\n")
    assert header == "\t".join(("id", "hypothesis", "verdict", "mood ", *COLUMNS[12:])).encode() + (
        b"\r" if "\r" in end else b""
    )
    assert (row.split(b"\t")[:4], rest) == ([b"1", b"Fix 1", b"keep", b""], b"")


def test_widened() -> None:
    assert widened(COLUMNS) == COLUMNS
    assert widened(COLUMNS[:12]) == COLUMNS
    assert widened(COLUMNS[:13]) == COLUMNS
    assert widened(("id", "hypothesis", "verdict")) == ("id", "hypothesis", "verdict", *COLUMNS[12:])
    assert widened((*COLUMNS[:13], "harness")) == (*COLUMNS[:13], "harness")


def test_a_last_line_without_an_end_is_ended_not_lost(store: ExperimentStore) -> None:
    log = put_log(store, old_log(format_line({"id": 1, "hypothesis": "h", "verdict": "keep"}, OLD))[:-2])
    store.append(record(2))
    rows, damaged = read(log)
    assert damaged == []
    assert [row.id for row in rows] == [1, 2]


@pytest.mark.parametrize("kept", [1, 5, 40, 90])
def test_a_row_torn_by_a_crash_is_completed(store: ExperimentStore, kept: int) -> None:
    store.append(record(1))
    store.append(record(2))
    whole = store.paths.results.read_bytes()
    cut = whole.index(b"\n2\t") + 1
    store.paths.results.write_bytes(whole[: cut + min(kept, len(whole) - cut - 1)])
    store.append(record(2))
    assert store.paths.results.read_bytes() == whole


def test_a_torn_row_that_is_written_anew_differently_stays_as_damage(store: ExperimentStore) -> None:
    store.append(record(1))
    with store.paths.results.open("ab") as log:
        log.write(b"2\t2026-05-07T11:00")
    store.append(record(2))
    rows, damaged = read(store.paths.results)
    assert [row.id for row in rows] == [1, 2]
    assert [(d.line, d.id) for d in damaged] == [(3, 2)]


def test_a_log_without_a_header_is_not_written_to(store: ExperimentStore) -> None:
    for content in (b"1\tFix\tkeep\n", b"\n1\tFix\tkeep\n"):
        store.paths.state.mkdir(parents=True, exist_ok=True)
        store.paths.results.write_bytes(content)
        with pytest.raises(BadInput, match="no header"):
            store.next_id()
        with pytest.raises(BadInput, match="no header"):
            store.append(record(1))
        assert store.paths.results.read_bytes() == content


def test_a_linked_log_is_continued_where_it_lies(store: ExperimentStore, tmp_path: Path) -> None:
    target = tmp_path / "shared.tsv"
    target.write_bytes(old_log())
    store.paths.state.mkdir(parents=True)
    store.paths.results.symlink_to(target)
    store.append(record(1))
    assert store.paths.results.is_symlink()
    assert [row.id for row in read(target)[0]] == [1]


def test_a_link_to_nowhere_is_not_followed(store: ExperimentStore, tmp_path: Path) -> None:
    store.paths.state.mkdir(parents=True)
    store.paths.results.symlink_to(tmp_path / "new.tsv")
    with pytest.raises(BadInput, match="is a link to") as refused:
        store.append(record(1))
    assert refused.value.hint == "Make that file, or remove the link; nothing was written."
    assert not (tmp_path / "new.tsv").exists()


@pytest.mark.parametrize("huge", [HIGHEST_ID + 1, 999_999_999_999_999])
def test_an_id_that_nothing_could_follow_is_passed_by(store: ExperimentStore, huge: int) -> None:
    """A repository could bring it along, and every experiment would have the same id after it."""
    put_log(store, old_log(f"{huge}\t" + "\t" * 11, "4\t" + "\t" * 11))
    (store.paths.experiments / f"{huge}-mine").mkdir(parents=True)
    assert store.next_id([huge]) == 5
    with pytest.raises(Refused, match=f"No id is left for an experiment here: {HIGHEST_ID} is taken"):
        store.next_id([HIGHEST_ID])


def test_the_next_id_is_above_rows_folders_and_reservations(store: ExperimentStore) -> None:
    assert store.next_id() == 1
    put_log(store, old_log("stray"))
    assert store.next_id() == 1
    store.append(record(4))
    assert store.next_id() == 5
    for name in ("009", "notes", "007-old"):
        (store.paths.experiments / name).mkdir(parents=True)
    assert store.next_id() == 10
    assert store.next_id([12, 3]) == 13


def test_a_folder_stores_models_and_texts(store: ExperimentStore) -> None:
    folder = store.experiment(3)
    review = ReviewRecord(by="ceo", commit="abc", verdict=ReviewVerdict.PROCEED, reason="fine", timestamp="t")
    assert not folder.exists("reviews/ceo-1.json")
    assert folder.names("reviews") == []
    assert folder.write("reviews/ceo-1.json", review) == store.paths.experiments / "003/reviews/ceo-1.json"
    folder.write("hypothesis.md", "Fix it\n")
    folder.write("raw.bin", b"\xc3\xa4\xff")
    assert folder.read_text("raw.bin") == "ä\N{REPLACEMENT CHARACTER}"
    assert folder.exists("reviews/ceo-1.json")
    assert folder.read("reviews/ceo-1.json", ReviewRecord) == review
    assert folder.read_text("hypothesis.md") == "Fix it\n"
    assert folder.names() == ["hypothesis.md", "raw.bin"]
    assert folder.names("reviews") == ["reviews/ceo-1.json"]
    with pytest.raises(BadInput, match="does not exist"):
        folder.read("verdict.json", ReviewRecord)
    with pytest.raises(BadInput, match="cannot be read"):
        folder.read_text("changes.diff")


@pytest.mark.parametrize("name", ["../004/x.json", "/etc/passwd", "link/x.json"])
def test_a_name_cannot_lead_out_of_the_folder(store: ExperimentStore, tmp_path: Path, name: str) -> None:
    folder = store.experiment(3)
    folder.path.mkdir(parents=True)
    (folder.path / "link").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="leads out"):
        folder.write(name, "x")


def test_a_folder_that_is_a_link_to_elsewhere_is_not_written_to(
    store: ExperimentStore, tmp_path: Path
) -> None:
    store.paths.experiments.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (store.paths.experiments / "003").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="leads out"):
        store.experiment(3).write("x.json", "x")


WRITER = """
import sys
from pathlib import Path
from factory.models import ExperimentRecord
from factory.paths import ProjectPaths
from factory.store import ExperimentStore
store = ExperimentStore(ProjectPaths(Path(sys.argv[1])), Path(sys.argv[2]))
for number in range(int(sys.argv[3]), int(sys.argv[3]) + 10):
    store.append(ExperimentRecord(id=number, timestamp="t", hypothesis=f"h{number}", verdict="keep"))
"""


def test_many_processes_write_whole_rows(store: ExperimentStore, tmp_path: Path) -> None:
    put_log(store, old_log(format_line({"id": 5, "verdict": "keep"}, OLD)))
    argv = [sys.executable, "-c", WRITER, str(store.paths.root), str(store.common_dir)]
    writers = [subprocess.Popen([*argv, str(first)]) for first in (6, 16, 26, 36)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    rows, damaged = read(store.paths.results)
    assert damaged == []
    assert sorted(row.id or 0 for row in rows) == [5, *range(6, 46)]
    assert all(isinstance(row, Row) for row in store.rows())
