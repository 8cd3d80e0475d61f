"""The runs' folders: whole or not there, numbered on, found again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from factory.errors import BadInput
from factory.models import ResearchRun
from factory.research.runs import RunStore


def a_run(purpose: str = "c/x/1", value: float | None = 1.5) -> ResearchRun:
    return ResearchRun(
        kind="run", purpose=purpose, cycle="c", commit="a" * 40, tree="b" * 40, harness="h", command="true",
        seed=7, metric="m", value=value, exit_code=0, duration_s=0.1, timestamp="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs", tmp_path / "git")


def test_a_run_is_stored_and_found(store: RunStore) -> None:
    stored = store.add(a_run(), '{"m": 1.5}', "said\n")
    assert stored == a_run().model_copy(update={"number": 1})
    assert (store.result(1), store.log(1)) == ('{"m": 1.5}', "said\n")
    assert store.find("c/x/1", "a" * 40) == stored
    assert store.find("c/x/1", "c" * 40) is None
    assert store.find("c/x/2", "a" * 40) is None


def test_many_at_once_have_numbers_of_their_own(store: RunStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: store.add(a_run(f"c/{n}/1"), "", "").number, range(40)))
    assert sorted(numbers) == list(range(1, 41)) == [run.number for run in store.all()]


def test_what_a_crash_left_is_no_run(store: RunStore) -> None:
    store.add(a_run(), "", "")
    (store.folder / ".002.99.tmp").mkdir()
    assert [run.number for run in store.all()] == [1]
    assert store.add(a_run("c/x/2"), "", "").number == 2


def test_damage_is_told(store: RunStore) -> None:
    store.add(a_run(), "", "")
    (store.place(1) / "run.json").write_text("{")
    with pytest.raises(BadInput, match="is damaged"):
        list(store.all())
