"""The journal: durable, complete, and honest about damage."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import BadInput, FactoryError, Refused
from factory.journal import Event, Journal, read_events

REPOSITORY = Path(__file__).parent.parent

APPENDING = """
import sys
from pathlib import Path
from factory.journal import Journal
root = Path(sys.argv[1])
for number in range(10):
    Journal(root / "c.jsonl", "c", root).append("step", int(sys.argv[2]), number=number)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "cycles" / "c1.jsonl", "c1", tmp_path)


def test_events_come_back_as_they_were_appended(journal: Journal) -> None:
    first = journal.append("cycle_started", mode="improve", text="é\n\u2028", nested={"a": [1, None]})
    second = journal.append("step_started", 7, step="begin")
    assert journal.events() == [first, second]
    assert (first.seq, first.experiment, second.seq, second.experiment) == (1, None, 2, 7)
    assert journal.path.read_bytes().count(b"\n") == 2
    assert json.loads(journal.path.read_text().splitlines()[1]) == {
        **{"v": 1, "seq": 2, "ts": second.ts, "cycle": "c1", "experiment": 7, "type": "step_started"},
        "data": {"step": "begin"},
    }


def test_a_missing_journal_has_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize(
    "torn", ['{"v":1,"se', '{"v":1,"seq":3,"ts":"","cycle":"","experiment":null}', "\0\0"]
)
def test_a_torn_last_line_never_happened_and_is_repaired(journal: Journal, torn: str) -> None:
    one, two = journal.append("a"), journal.append("b")
    with journal.path.open("a") as file:
        file.write(torn)
    assert journal.events() == [one, two]
    three = journal.append("c")
    assert three.seq == 3
    assert journal.events() == [one, two, three]


def test_a_torn_first_line_is_repaired(journal: Journal) -> None:
    journal.append("a")
    journal.path.write_text('{"v"')
    assert journal.events() == []
    assert journal.append("a").seq == 1


@pytest.mark.parametrize(
    "damage",
    [
        *["", "not json", "[]", "{}", '{"v":1,"seq":2}', "\0\0\0", '"text"', "[" * 50_000],
        '{"v":1,"seq":"2","ts":"","cycle":"","experiment":null,"type":"a","data":{}}',
        '{"v":1,"seq":2,"ts":"","cycle":"","experiment":null,"type":"a","data":{},"more":1}',
        '{"v":1,"seq":2,"ts":"","cycle":"","experiment":null,"type":"step.started","data":{"step":"x"}}',
        '{"v":1,"seq":2,"ts":"","cycle":"","experiment":null,"type":"cycle.closed","data":{"ended":"x"}}',
        '{"v":1,"seq":2,"ts":"","cycle":"","experiment":null,"type":"experiment.recorded","data":{"commit":"x"}}',
    ],
)
def test_damage_in_the_middle_is_reported_with_its_line(journal: Journal, damage: str) -> None:
    for name in "abc":
        journal.append(name)
    lines = journal.path.read_text().splitlines()
    lines[1] = damage
    journal.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(BadInput) as caught:
        journal.events()
    assert caught.value.message == f"{journal.path}:2: this is no event; the journal is damaged."
    assert caught.value.hint == "`factory abandon` ends the cycle and keeps its evidence."


def test_a_missing_line_is_damage(journal: Journal) -> None:
    for name in "abc":
        journal.append(name)
    lines = journal.path.read_text().splitlines(keepends=True)
    journal.path.write_text(lines[0] + lines[2])
    with pytest.raises(BadInput, match=":2: event 2 was expected, and this is event 3"):
        journal.events()


def test_nothing_is_appended_behind_damage(journal: Journal) -> None:
    journal.append("a")
    with journal.path.open("a") as file:
        file.write("damaged\n")
    before = journal.path.read_bytes()
    with pytest.raises(BadInput, match=":2: this is no event"):
        journal.append("b")
    assert journal.path.read_bytes() == before


def test_a_newer_format_is_refused(journal: Journal) -> None:
    journal.append("a")
    journal.path.write_text('{"v":2,"whatever":true}\n')
    for use in (journal.events, lambda: journal.append("b")):
        with pytest.raises(Refused) as caught:
            use()
        assert "this cycle was begun by a newer factory (format 2; this one knows 1)." in caught.value.message


def test_32_processes_lose_nothing(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", APPENDING, str(tmp_path), str(n)], cwd=REPOSITORY)
        for n in range(32)
    ]
    assert [w.wait(120) for w in writers] == [0] * 32
    events = read_events(tmp_path / "c.jsonl")
    assert sorted((e.experiment, e.data["number"]) for e in events if e.experiment is not None) == [
        (writer, number) for writer in range(32) for number in range(10)
    ]


def test_what_is_no_json_is_not_written(journal: Journal) -> None:
    with pytest.raises(TypeError):
        journal.append("a", path=Path("x"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.append("a", score=float("nan"))
    assert journal.events() == []


@given(content=st.binary(max_size=200))
def test_arbitrary_bytes_end_in_events_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(content)
    try:
        assert all(isinstance(e, Event) for e in read_events(path))
    except FactoryError as error:
        assert str(path) in error.message


def test_what_others_append_is_seen_and_what_was_read_is_not_read_again(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Journal(journal.path, journal.cycle, journal.path.parent)
    journal.append("one")
    assert [event.type for event in journal.events()] == ["one"]
    other.append("two")
    with journal.path.open("ab") as file:
        file.write(b'{"torn')
    assert [event.type for event in journal.events()] == ["one", "two"]
    other.append("three")
    assert [event.type for event in journal.events()] == ["one", "two", "three"]
    monkeypatch.setattr("factory.journal._to_event", lambda *_: pytest.fail("read again"))
    assert len(journal.events()) == 3


def test_damage_after_what_was_read_is_told_with_its_line(journal: Journal) -> None:
    journal.append("one")
    journal.events()
    with journal.path.open("ab") as file:
        file.write(b"nonsense\n")
    with pytest.raises(BadInput, match=":2: this is no event"):
        journal.events()
