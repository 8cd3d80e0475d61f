"""Reading other people's logs: what is damaged is one line, what is odd is still read."""

from __future__ import annotations

import csv
import io
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import BadInput
from factory.rows import (
    COLUMNS,
    DamagedLine,
    Layout,
    Row,
    accepted_widths,
    clean,
    format_line,
    read,
    read_layout,
    split_line,
    stream,
    whole,
)

OLD = COLUMNS[:13]


def write(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


def line(columns: tuple[str, ...] = COLUMNS, **values: object) -> str:
    return format_line(values, columns)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "results.tsv"


def test_a_row_has_its_columns_by_name_and_numbers_as_numbers(log: Path) -> None:
    written = line(
        id=7,
        timestamp="2026-05-07T12:11:58Z",
        hypothesis="Fix the parser",
        change_summary="src",
        score_before=0.61,
        score_after=0.63,
        delta=0.02,
        verdict="keep",
        cost_usd=1.5,
        notes="n",
        reason="improved",
        category="FIX",
        kind="code",
        cycle="c1",
        branch="b",
        commit="abc",
        harness="h1",
    )
    rows, damaged = read(write(log, "\t".join(COLUMNS), written))
    assert damaged == []
    (row,) = rows
    assert (row.line, row.id, row.hypothesis, row.verdict) == (2, 7, "Fix the parser", "keep")
    assert (row.reason, row.category, row.kind, row.cycle) == ("improved", "FIX", "code", "c1")
    assert (row.branch, row.commit, row.harness, row.notes, row.change_summary) == (
        "b",
        "abc",
        "h1",
        "n",
        "src",
    )
    assert (row.score_before, row.score_after, row.delta, row.cost_usd) == (0.61, 0.63, 0.02, 1.5)
    assert row.timestamp == "2026-05-07T12:11:58Z"
    assert row.fields["baseline"] == ""


def test_columns_may_stand_in_any_order_and_unknown_ones_are_kept(log: Path) -> None:
    rows, damaged = read(write(log, "mood\tverdict\tHypothesis\t ID ", "sunny\tKEEP\tFix it\t001"))
    assert damaged == []
    assert (rows[0].id, rows[0].verdict, rows[0].hypothesis) == (1, "keep", "Fix it")
    assert rows[0].fields == {"mood": "sunny", "verdict": "KEEP", "hypothesis": "Fix it", "id": "001"}


def test_bom_crlf_and_a_symlink_are_no_obstacle(log: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.tsv"
    target.write_bytes(
        b"\xef\xbb\xbf" + "\t".join(OLD).encode() + b"\r\n" + line(OLD, id=3).encode() + b"\r\n"
    )
    log.symlink_to(target)
    rows, damaged = read(log)
    assert [row.id for row in rows] == [3]
    assert rows[0].text("research_citations") == ""
    assert damaged == []


def test_missing_numbers_are_none_and_the_delta_is_computed_where_it_can_be(log: Path) -> None:
    rows, _ = read(
        write(
            log,
            "\t".join(OLD),
            line(OLD, id=1, score_before="n/a", score_after="nan", cost_usd="1,5"),
            line(OLD, id=2, score_before=0.5, score_after=0.75),
        )
    )
    assert (rows[0].score_before, rows[0].score_after, rows[0].delta, rows[0].cost_usd) == (
        None,
        None,
        None,
        None,
    )
    assert rows[1].delta == 0.25


def test_a_stray_quote_damages_one_line(log: Path) -> None:
    bad = line(OLD, id=2).replace("2\t\t", '2\t\t"', 1)
    rows, damaged = read(write(log, "\t".join(OLD), line(OLD, id=1), bad, line(OLD, id=3), line(OLD, id=4)))
    assert [row.id for row in rows] == [1, 3, 4]
    assert [(d.line, d.problem, d.id) for d in damaged] == [
        (3, "a quote is opened and not closed as it should be", 2)
    ]


def test_a_quote_inside_a_field_is_just_a_quote(log: Path) -> None:
    rows, damaged = read(
        write(log, "id\thypothesis\tverdict", '1\tmake 5" wide\tkeep', '2\t"say ""hi"""\tkeep')
    )
    assert [row.hypothesis for row in rows] == ['make 5" wide', 'say "hi"']
    assert damaged == []


@pytest.mark.parametrize("fields", [1, 11, 14, 23, 25])
def test_a_wrong_field_count_damages_one_line(log: Path, fields: int) -> None:
    bad = "\t".join(["9"] * fields)
    rows, damaged = read(write(log, "\t".join(COLUMNS), line(id=1), bad, line(id=2)))
    assert [row.id for row in rows] == [1, 2]
    assert [(d.line, d.problem, d.id) for d in damaged] == [
        (3, f"{fields} field{'s' if fields > 1 else ''} instead of 12 or 13 or 24", 9)
    ]


def test_rows_of_older_generations_stand_under_a_newer_header(log: Path) -> None:
    rows, damaged = read(
        write(
            log,
            "\t".join(COLUMNS),
            line(COLUMNS[:12], id=1),
            line(OLD, id=2, research_citations=["R1", "R2"]),
        )
    )
    assert damaged == []
    assert [row.id for row in rows] == [1, 2]
    assert rows[0].harness == "" and rows[0].fields["harness"] == ""
    assert rows[1].text("research_citations") == "R1|R2"


@pytest.mark.parametrize(
    ("header", "widths"),
    [
        (COLUMNS, {12, 13, 24}),
        (COLUMNS[:13], {12, 13}),
        (COLUMNS[:12], {12}),
        (("mood", *reversed(COLUMNS[:12])), {13}),
        (("mood", *reversed(COLUMNS[:13])), {14}),
        (("mood", *reversed(COLUMNS[:13]), *COLUMNS[13:]), {14, 25}),
        (("mood", *reversed(COLUMNS[:12]), *COLUMNS[12:]), {13, 14, 25}),
        ((*COLUMNS, "mood"), {25}),
        (COLUMNS[:20], {20}),
    ],
)
def test_accepted_widths(header: tuple[str, ...], widths: set[int]) -> None:
    assert accepted_widths(header) == widths


def test_a_file_without_a_header_is_one_damaged_line(log: Path) -> None:
    entries = list(stream(write(log, "1\tx\tkeep", "2\ty\tkeep")))
    assert [type(entry) for entry in entries] == [DamagedLine]
    assert "lacks hypothesis, id, verdict" in repr(entries[0])
    with pytest.raises(BadInput, match=r"results.tsv:1: the first line is no header"):
        read_layout(log)


def test_nothing_comes_from_a_missing_or_empty_file(log: Path) -> None:
    assert list(stream(log)) == []
    assert list(stream(log / "below")) == []
    assert read_layout(log) is None
    for content in (b"", b"\xef\xbb\xbf", b"\n"):
        log.write_bytes(content)
        assert list(stream(log)) == []
        assert read_layout(log) is None


def test_a_folder_in_its_place_is_a_clear_error(log: Path) -> None:
    log.mkdir()
    with pytest.raises(BadInput, match="cannot be read"):
        list(stream(log))


def test_double_and_nameless_columns_all_keep_their_text(log: Path) -> None:
    rows, _ = read(write(log, "id\thypothesis\tverdict\tx\tx\t\t", "1\th\tkeep\ta\tb\tc\td"))
    assert rows[0].fields == {
        "id": "1",
        "hypothesis": "h",
        "verdict": "keep",
        "x": "a",
        "x_2": "b",
        "column": "c",
        "column_2": "d",
    }


def test_blank_lines_are_passed_over(log: Path) -> None:
    rows, damaged = read(write(log, "id\thypothesis\tverdict", "", "  ", "1\th\tkeep", "\t\t"))
    assert [(row.line, row.id) for row in rows] == [(4, 1)]
    assert damaged == []


def test_a_row_cannot_be_changed_and_compares_by_content() -> None:
    row = Row.of(3, id=1, hypothesis='a "quoted" thing', mood="fine")
    assert row == Row.of(3, id=1, hypothesis='a "quoted" thing', mood="fine")
    assert row != Row.of(3, id=2)
    assert row.hypothesis == 'a "quoted" thing'
    assert row.fields["mood"] == "fine"
    with pytest.raises(AttributeError):
        row.id = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("001", 1),
        (" 12 ", 12),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("١", None),
        ("9" * 16, None),
    ],
)
def test_whole(text: str, value: int | None) -> None:
    assert whole(text) == value


def test_values_are_written_on_one_line() -> None:
    written = format_line(
        {"a": "x\ty\r\nz\x1b[1m", "b": None, "c": 0.1, "d": ["p|q", "r"], "e": 'say "x"', "f": float("nan")},
        ("a", "b", "c", "d", "e", "f", "missing"),
    )
    assert written == 'x y  z [1m\t\t0.1\tp/q|r\t"say ""x"""\t\t'


texts = st.text(max_size=40)


@given(st.lists(texts, min_size=2, max_size=30))
def test_what_is_written_is_read_again(values: list[str]) -> None:
    columns = [f"c{at}" for at in range(len(values))]
    written = format_line(dict(zip(columns, values, strict=True)), columns)
    assert "\n" not in written and written.encode()
    assert split_line(written) == [clean(value) for value in values]
    assert next(csv.reader([written], "excel-tab", strict=True)) == [clean(value) for value in values]


@given(st.lists(st.text(alphabet='ab"\t,', max_size=6), min_size=1, max_size=5))
def test_quotes_are_read_as_the_csv_module_reads_them(values: list[str]) -> None:
    sink = io.StringIO()
    csv.writer(sink, "excel-tab", lineterminator="").writerow(values)
    text = sink.getvalue()
    if "\t" not in "".join(values):
        assert split_line(text) == values
    raw = "\t".join(values)
    try:
        expected = next(csv.reader([raw], "excel-tab", strict=True), []) or [""]
    except csv.Error:
        assert split_line(raw) is None
    else:
        assert split_line(raw) == expected


@given(st.lists(texts, min_size=24, max_size=24), st.permutations(COLUMNS))
def test_any_order_of_columns_gives_the_same_row(values: list[str], order: list[str]) -> None:
    by_name = dict(zip(COLUMNS, values, strict=True))
    text = format_line(by_name, order)
    row = Row(2, text, Layout(order), split_line(text))
    assert row.fields == {name: clean(by_name[name]) for name in order}


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    path = tmp_path_factory.mktemp("noise") / "results.tsv"
    for content in (noise, b"id\thypothesis\tverdict\n" + noise + b"\n77\tlast\tkeep\n"):
        path.write_bytes(content)
        entries = list(stream(path))
        for entry in entries:
            if isinstance(entry, Row):
                assert isinstance(entry.fields, dict)
                assert entry.delta is None or entry.delta == entry.delta
    assert isinstance(entries[-1], Row) and entries[-1].id == 77


@pytest.mark.slow
def test_a_hundred_thousand_rows_stream_in_little_time_and_memory(log: Path) -> None:
    log.write_text(
        "\t".join(COLUMNS) + "\n" + (line(id=5, hypothesis="Fix " * 20, notes="n" * 100) + "\n") * 100_000
    )
    start = time.process_time()
    assert sum(1 for _ in stream(log)) == 100_000
    assert time.process_time() - start < 1.5
    tracemalloc.start()
    assert sum(row.id or 0 for row in stream(log) if isinstance(row, Row)) == 500_000
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
