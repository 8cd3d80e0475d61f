"""What a person's override decides: the failed checks that they have named, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.config import default_project
from factory.cycle import deciding
from factory.cycle.deciding import Override
from factory.cycle.lab import Lab, open_lab
from factory.models import Check, Experiment, PrecheckReport, Reason, Verdict, VerdictRecord
from tests.support.finalized import finalize_as_errors
from tests.support.projects import small_project

BY_RULE = VerdictRecord(
    commit="c", verdict=Verdict.REVERT, reason=Reason.NO_EFFECT, rationale="by rule", timestamp=""
)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A project with an experiment."""
    project = small_project(tmp_path / "calc")
    finalize_as_errors(project, ["Write more"])
    return open_lab(project, lambda _: None)


def decided(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, failing: set[str], overridden: set[str]
) -> VerdictRecord:
    """The decision on an experiment of which these checks fail, where a person overrides those."""
    names = ("guard", "score_direction", "review")
    checks = [Check(name=n, passed=n not in failing, detail="", reason=Reason.GUARD) for n in names]
    monkeypatch.setattr(deciding, "precheck", lambda *_: PrecheckReport(commit="c", checks=checks))
    monkeypatch.setattr(deciding, "_by_score", lambda *_: BY_RULE)
    experiment = lab.store.experiment(1).read("experiment.json", Experiment)
    (lab.store.experiment(1).path / "verdict.json").unlink()
    return deciding.settle(lab, experiment, default_project(), override=Override(frozenset(overridden), "x"))


def test_a_keep_by_override_says_so_and_names_what_failed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    record = decided(lab, monkeypatch, {"score_direction"}, {"guard", "score_direction"})
    assert (record.verdict, record.reason, record.decided_by) == ("keep", "override", "person")
    assert record.rationale == "a person overrode score_direction: x"


@pytest.mark.parametrize(
    ("failing", "overridden"), [(set(), {"guard"}), ({"review"}, {"guard"}), ({"review", "guard"}, {"guard"})]
)
def test_what_was_not_named_or_does_not_fail_is_decided_by_rule(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, failing: set[str], overridden: set[str]
) -> None:
    record = decided(lab, monkeypatch, failing, overridden)
    assert (record.reason, record.decided_by) == ("no_effect", "factory")
