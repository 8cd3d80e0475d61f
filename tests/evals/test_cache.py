"""What is kept in the cache, what is not, and what a key depends on."""

from pathlib import Path

import pytest

from factory.evals.cache import MeasurementCache, cache_key, cacheable, resampled
from factory.models import CommandResult, DimensionScore, Measurement, Outcome, Tier


def measurement(**changes: object) -> Measurement:
    dimension = DimensionScore(name="tests", tier=Tier.HYGIENE, score=1.0)
    base = Measurement(
        commit="c",
        tree="t",
        harness="h",
        environment="e",
        key="k" * 64,
        timestamp="2024-01-01T00:00:00+00:00",
        composite=1.0,
        dimensions=[dimension],
    )
    return base.model_copy(update=changes)


def test_a_key_depends_on_each_of_its_parts() -> None:
    base = ("tree", "harness", "environment")
    keys = {
        cache_key(*base, {"ruff": "1"}),
        cache_key("other", "harness", "environment", {"ruff": "1"}),
        cache_key("tree", "other", "environment", {"ruff": "1"}),
        cache_key("tree", "harness", "other", {"ruff": "1"}),
        cache_key(*base, {"ruff": "2"}),
    }
    assert len(keys) == 5
    assert cache_key(*base, {"a": "1", "b": "2"}) == cache_key(*base, {"b": "2", "a": "1"})


def test_what_is_put_in_comes_out(tmp_path: Path) -> None:
    cache = MeasurementCache(tmp_path / "new")
    assert cache.get("k" * 64) is None
    cache.put(measurement())
    assert cache.get("k" * 64) == measurement()


@pytest.mark.parametrize(
    "changes",
    [
        {"void": "code from elsewhere"},
        {"composite": None},
        {"dimensions": [DimensionScore(name="lint", tier=Tier.HYGIENE, error="ruff took too long")]},
    ],
)
def test_what_a_second_try_might_better_is_not_kept(tmp_path: Path, changes: dict[str, object]) -> None:
    cache = MeasurementCache(tmp_path)
    cache.put(measurement(**changes))
    assert not cacheable(measurement(**changes))
    assert cache.get("k" * 64) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b'{"v": 1}'])
def test_a_damaged_file_is_no_measurement(tmp_path: Path, content: bytes) -> None:
    (tmp_path / f"{'k' * 64}.json").write_bytes(content)
    assert MeasurementCache(tmp_path).get("k" * 64) is None


def test_a_file_of_a_newer_format_is_no_measurement(tmp_path: Path) -> None:
    MeasurementCache(tmp_path).put(measurement(v=99))
    assert MeasurementCache(tmp_path).get("k" * 64) is None


def test_a_smoke_test_that_fails_in_a_further_sample_is_not_forgotten() -> None:
    passed, failed = (CommandResult(name="smoke", command="true", exit_code=code) for code in (0, 1))
    again = measurement(smoke=failed, dimensions=[], composite=None)
    assert resampled(measurement(smoke=passed), again).smoke == failed


def test_a_noisy_suite_that_runs_again_leaves_the_tests_of_the_others() -> None:
    passed, failed = Outcome.PASSED, Outcome.FAILED

    def told(**tests: Outcome) -> Measurement:
        own = [DimensionScore(name="ui", tier=Tier.PROJECT, score=0.5, tests=[t for t in tests if t != "py"])]
        of_pytest = [DimensionScore(name="tests", tier=Tier.HYGIENE, score=1.0, tests=["py"])]
        return measurement(tests=tests, dimensions=[*(of_pytest if "py" in tests else []), *own])

    again = resampled(told(py=passed, a=passed, gone=passed), told(a=failed, new=passed))
    assert again.tests == {"py": passed, "a": failed, "new": passed}
    assert [d.tests for d in again.dimensions] == [["py"], ["a", "new"]]
