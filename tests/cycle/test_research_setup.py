"""How research comes by its target: discover, a specification that a person approved, a complete build."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.approvals import Approvals
from factory.config import load_project
from factory.cycle.context import CycleOptions, Draft, Opinion
from factory.cycle.lab import open_lab
from factory.cycle.launch import follow_up, run_cycle
from factory.errors import BadInput, Refused
from factory.paths import ProjectPaths, factory_home
from tests.research.test_target import CONFIGURATION, specification
from tests.support.cli import factory
from tests.support.cycles import Scripted, Silent, run, said
from tests.support.packing import DECREASING, POLICY, TARGET, files, packing_project
from tests.support.projects import assert_sound, events, history
from tests.support.repos import commit, git, make_repo, write


def approve(project: Path, text: str) -> None:
    paths = ProjectPaths(project)
    write(paths.strategy, {"current.md": text})
    Approvals(factory_home(), paths.key).approve(
        text, form="improvement", title="Fewer bins", how="terminal", who="Pat"
    )


def better(invocation: object) -> object:
    write(invocation.cwd, {"packing/solver.py": DECREASING})  # type: ignore[attr-defined]
    return said("Done.")


class TestDiscover:
    def found(self, tmp_path: Path, configuration: str = CONFIGURATION) -> tuple[str, str]:
        given = {k: v for k, v in files().items() if k != "factory.toml"}
        project = make_repo(tmp_path / "packing", {**given, "SPEC.md": specification(configuration)})
        out = factory("discover", project, timeout=300).expect(0).out
        return out, (project / "factory.toml").read_text()

    def test_the_target_is_tried_twice_and_written(self, tmp_path: Path) -> None:
        out, text = self.found(tmp_path)
        research, limits = load_project(text).research, load_project(text).limits
        assert limits.usd == 12.5
        assert (research.metric, research.run, research.repeats) == ("mean_gap", "python bench/score.py", 5)
        assert (research.objective, research.fixed) == ("minimize", ("bench/**", "factory.toml"))
        assert "in two runs: repeats = 5" in out

    def test_what_cannot_be_run_is_a_comment_with_the_reason(self, tmp_path: Path) -> None:
        out, text = self.found(tmp_path, CONFIGURATION.replace("bench/score.py", "bench/none.py"))
        assert not load_project(text).research.configured
        assert "# [research]" in text
        assert "SPEC.md names a research target, and its run fails: it exited with 2" in out


class TestAnApprovedPlan:
    def test_its_configuration_becomes_the_target_and_its_phases_the_plan(self, tmp_path: Path) -> None:
        project = packing_project(tmp_path / "packing", policy=POLICY)
        approve(project, specification())
        runner = Scripted({"builder": [better]})  # type: ignore[list-item]
        cycle = run(project, runner, mode="research")
        assert [call.role for call in runner.calls][:1] == ["builder"], "nothing is analysed or planned"
        assert [(r["verdict"], r["reason"]) for r in history(project)] == [("keep", "improved")]
        policy = load_project((project / "factory.toml").read_text())
        assert (policy.research.metric, policy.limits.usd) == ("mean_gap", 12.5)
        assert git(project, "log", "--format=%s", "main").splitlines()[1] == "Set up research"
        assert (cycle.state.closed or {})["research"]["stop"] == "plan"
        assert [e.data["state"] for e in events(project) if e.type == "phase.outcome"] == ["built"]
        assert_sound(project)

    def test_without_an_approval_there_is_no_target(self, tmp_path: Path) -> None:
        project = packing_project(tmp_path / "packing", policy=POLICY)
        write(ProjectPaths(project).strategy, {"current.md": specification()})
        with pytest.raises(BadInput, match="There is no research target"):
            run(project, Scripted(), mode="research")
        commit(project, {"SPEC.md": specification()}, "A specification nobody agreed to")
        with pytest.raises(Refused, match=r"SPEC\.md is not approved"):
            run(project, Scripted(), mode="research")

    def test_half_a_target_is_for_the_person(self, tmp_path: Path) -> None:
        half = "\n".join(line for line in TARGET.splitlines() if not line.startswith("run"))
        project = packing_project(tmp_path / "packing", policy=POLICY + half)
        approve(project, specification())
        with pytest.raises(BadInput, match="names no metric or no run command"):
            run(project, Scripted(), mode="research")


class Approving:
    """A person who agrees to the first draft."""

    def discuss(self, draft: Draft) -> Opinion:
        assert not [f for f in draft.findings if f.severity == "error"]
        return Opinion("approve")

    def offer(self, summary: str) -> str:
        raise AssertionError("a design offers nothing")


def test_a_design_with_a_research_configuration_goes_on_to_research(tmp_path: Path) -> None:
    project = packing_project(tmp_path / "packing", policy=POLICY)
    runner = Scripted({"strategist": [specification()]})
    options = CycleOptions(mode="design", runner=runner.name)
    cycle = run_cycle(open_lab(project, lambda _: None), options, Silent(), lambda role: runner, Approving())
    following = follow_up(cycle.options, cycle.state.closed or {}, looping=False)
    assert following is not None
    assert following.mode == "research"


def test_research_items_without_a_failure_mode_are_no_design(tmp_path: Path) -> None:
    project = packing_project(tmp_path / "packing", policy=POLICY)
    without = specification().replace("- **Failure mode:** too many bins\n", "")
    runner = Scripted({"strategist": [without, specification()]})
    options = CycleOptions(mode="design", runner=runner.name)
    run_cycle(open_lab(project, lambda _: None), options, Silent(), lambda role: runner, Approving())
    told = runner.of("strategist")[1].facts["corrections"]
    assert any("has no Failure mode" in text for text in told)
