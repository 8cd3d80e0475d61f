"""``factory spec approve`` and ``factory spec trace``, through the real command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from factory.approvals import Approvals, fingerprint
from factory.errors import EXIT_NO, EXIT_OK, EXIT_REFUSED, EXIT_USAGE
from factory.journal import Journal
from factory.paths import HomePaths, ProjectPaths
from tests.spec.examples import IMPROVEMENT, PROJECT, replaced
from tests.support.cli import command, environment, factory
from tests.support.pty import Terminal
from tests.support.repos import commit, git, make_repo

SHA = fingerprint(PROJECT)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "p", {"README.md": "p\n", "SPEC.md": PROJECT})


def approvals(factory_home: Path, repo: Path) -> Approvals:
    return Approvals(HomePaths(factory_home), ProjectPaths(repo).key)


def outcome(repo: Path, phase: int, state: str, cycle: str = "c1", **data: Any) -> None:
    journal = Journal(ProjectPaths(repo).journal(cycle), cycle, repo / ".git")
    experiment = data.pop("experiment", None)
    journal.append("phase.outcome", experiment, **({"spec": SHA, "phase": phase, "state": state} | data))


def test_approve_in_a_terminal(repo: Path, factory_home: Path) -> None:
    file = repo / "SPEC.md"
    with Terminal(command("spec", "approve", file), cwd=repo, env=environment()) as terminal:
        shown = terminal.expect("Approve this text as it stands? [y/N] ")
        assert shown == (
            f"file:      {file}\n"
            "title:     Skylark\n"
            "form:      project\n"
            "plan:      3 phases, 2 features\n"
            "blocked:   1 item waiting for you\n"
            f"SHA-256:   {SHA}\n"
            "Approve this text as it stands? [y/N] "
        )
        terminal.line("y")
        assert terminal.end() == EXIT_OK
        assert "SPEC.md is committed with this very text." in terminal.text
    made = approvals(factory_home, repo).of(PROJECT)
    assert made is not None
    assert (made.who, made.how, made.form, made.title) == ("Pat Person", "terminal", "project", "Skylark")


def test_a_no_approves_nothing(repo: Path, factory_home: Path) -> None:
    with Terminal(command("spec", "approve", repo), cwd=repo, env=environment()) as terminal:
        terminal.expect("[y/N] ")
        terminal.line("")
        assert terminal.end() == EXIT_NO
    assert approvals(factory_home, repo).latest() is None


def test_yes_from_a_script(repo: Path, factory_home: Path) -> None:
    done = factory("spec", "approve", repo / "SPEC.md", "--yes").expect(EXIT_OK)
    assert done.out.startswith(f"Skylark is approved for {repo}, by Pat Person at 20")
    made = approvals(factory_home, repo).latest()
    assert made is not None
    assert made.how == "command"
    again = factory("spec", "approve", repo / "SPEC.md", "--json").expect(EXIT_OK)
    assert again.json["when"] == made.when, "what is approved needs no second answer"


def test_refused_without_a_terminal_and_for_agents(repo: Path, factory_home: Path) -> None:
    done = factory("spec", "approve", repo).expect(EXIT_REFUSED)
    assert "An approval needs a person's answer, and there is no terminal." in done.err
    for env in ({"FACTORY_ROLE": "builder"},):
        done = factory("spec", "approve", repo, "--yes", env=env).expect(EXIT_REFUSED)
        assert "Only a person can approve a spec, and this runs inside" in done.err
    with Terminal(
        command("spec", "approve", repo), cwd=repo, env=environment({"FACTORY_ROLE": "ceo"})
    ) as terminal:
        assert terminal.end() == EXIT_REFUSED
    assert approvals(factory_home, repo).latest() is None


def test_a_spec_with_errors_is_not_approved(repo: Path, factory_home: Path) -> None:
    file = repo / "SPEC.md"
    file.write_text(replaced(PROJECT, "[R3]", ""))
    done = factory("spec", "approve", file, "--yes").expect(EXIT_NO)
    assert "depth.grounding: Why of §5.2 cites no research finding\n    Cite the findings" in done.out
    assert "A plan with errors cannot be approved: mend them first." in done.err
    file.write_text("# Hypotheses\n")
    factory("spec", "approve", file, "--yes").expect(EXIT_USAGE)
    assert approvals(factory_home, repo).latest() is None


def test_a_draft_elsewhere_is_not_committed_and_says_so(repo: Path) -> None:
    draft = repo / ".factory/strategy/current.md"
    draft.parent.mkdir(parents=True)
    draft.write_text(replaced(PROJECT, "Skylark", "Lark"))
    done = factory("spec", "approve", draft, "--yes").expect(EXIT_OK)
    assert done.out.splitlines()[1:] == [
        "Nothing was committed, and a build takes what is SPEC.md at the project's top. Type:",
        f"  cp {draft} {repo}/SPEC.md",
        f"  git -C {repo} add SPEC.md",
        f"  git -C {repo} commit -m 'Specify the project'",
    ]
    assert git(repo, "status", "--porcelain", "--", "SPEC.md") == ""


@pytest.mark.parametrize("place", ["SPEC.md", ".factory/strategy/current.md"])
def test_what_a_build_finds_need_not_be_committed(repo: Path, place: str) -> None:
    git(repo, "rm", "--quiet", "SPEC.md")
    git(repo, "commit", "--quiet", "-m", "None yet")
    (repo / place).parent.mkdir(parents=True, exist_ok=True)
    (repo / place).write_text(PROJECT)
    done = factory("spec", "approve", repo, "--yes").expect(EXIT_OK)
    advice = f"Nothing was committed; the build does that: factory ceo {repo} --mode build"
    assert done.out.splitlines()[1:] == [advice]


def test_an_improvement_is_approved_without_talk_of_commits(repo: Path) -> None:
    (repo / "plan.md").write_text(IMPROVEMENT)
    done = factory("spec", "approve", repo / "plan.md", "--yes").expect(EXIT_OK)
    plan = repo / ".factory/strategy/current.md"
    assert done.out.splitlines()[1:] == [
        f"next: cp {repo}/plan.md {plan} && factory ceo {repo} --mode improve"
    ]
    plan.parent.mkdir(parents=True)
    plan.write_text(IMPROVEMENT)
    done = factory("spec", "approve", plan, "--yes").expect(EXIT_OK)
    assert done.out.splitlines()[1:] == [f"next: factory ceo {repo} --mode improve"]


def test_of_a_directory_its_edited_spec_is_meant_and_not_the_draft_before_it(
    repo: Path, factory_home: Path
) -> None:
    """The draft that the build began with lies there still, and is nobody's plan any more."""
    plan = repo / ".factory/strategy/current.md"
    plan.parent.mkdir(parents=True)
    plan.write_text(PROJECT)
    edited = replaced(PROJECT, "Place lookup", "Place search")
    (repo / "SPEC.md").write_text(edited)
    assert "Place search" in factory("spec", "show", repo).expect(EXIT_OK).out
    done = factory("spec", "approve", repo, "--yes").expect(EXIT_OK)
    assert done.out.splitlines()[0].endswith(f"Z: {repo}/SPEC.md")
    known = approvals(factory_home, repo)
    assert known.of(edited) is not None
    assert known.of(PROJECT) is None
    again = factory("spec", "approve", repo, "--yes", "--json").expect(EXIT_OK)
    assert again.json["file"] == str(repo / "SPEC.md")


def test_of_a_directory_a_waiting_improvement_comes_after_an_unapproved_spec_only(repo: Path) -> None:
    plan = repo / ".factory/strategy/current.md"
    plan.parent.mkdir(parents=True)
    plan.write_text(IMPROVEMENT)
    files = [
        factory("spec", "approve", repo, "--yes", "--json").expect(EXIT_OK).json["file"] for _ in range(3)
    ]
    assert files == [str(repo / "SPEC.md"), str(plan), str(repo / "SPEC.md")]


def test_a_spec_in_no_form_hides_no_draft(repo: Path) -> None:
    plan = repo / ".factory/strategy/current.md"
    plan.parent.mkdir(parents=True)
    plan.write_text(IMPROVEMENT)
    (repo / "SPEC.md").write_text("# What this is\n")
    assert factory("spec", "approve", repo, "--yes", "--json").expect(EXIT_OK).json["file"] == str(plan)


def test_the_projects_own_limits_bind_a_plan(repo: Path, factory_home: Path) -> None:
    """The rules that stop a draft in a cycle stop the same plan here, and no others."""
    plan = repo / "plan.md"
    plan.write_text(IMPROVEMENT)
    commit(repo, {"factory.toml": "[strategy]\nmin_growth = 9\n"}, "Grow")
    done = factory("spec", "approve", plan, "--yes").expect(EXIT_NO)
    assert "of at least 9 items name a growth dimension" in done.out
    assert approvals(factory_home, repo).latest() is None


def test_outside_a_repository_there_is_no_project_to_approve_for(tmp_path: Path) -> None:
    (tmp_path / "SPEC.md").write_text(PROJECT)
    done = factory("spec", "approve", tmp_path / "SPEC.md", "--yes").expect(EXIT_USAGE)
    assert "is not in a git repository" in done.err


def test_a_trace_needs_an_approval(repo: Path) -> None:
    assert (
        f"No specification of {repo} is approved." in factory("spec", "trace", repo).expect(EXIT_REFUSED).err
    )
    done = factory("spec", "trace", repo / "SPEC.md").expect(EXIT_REFUSED)
    assert "SPEC.md is not approved." in done.err
    commit(repo, {"SPEC.md": None}, "Without one")
    done = factory("spec", "trace", repo).expect(EXIT_REFUSED)
    assert f"{repo} has no SPEC.md, and nothing that was approved to trace." in done.err


def test_the_trace_of_a_build(repo: Path) -> None:
    factory("spec", "approve", repo, "--yes").expect(EXIT_OK)
    outcome(repo, 1, "built", experiment=1, verdict="keep", reason="held_delivered", commit="a" * 40)
    outcome(repo, 2, "retry", experiment=2, verdict="revert", reason="no_effect", commit="b" * 40)
    outcome(repo, 2, "built", "c2", experiment=3, verdict="keep", commit="c" * 40, verified={"§5.1": True})
    outcome(repo, 3, "failed", "c2", experiment=4, verdict="revert", reason="guard", verified={"5.2": False})
    done = factory("spec", "trace", repo, "--json").expect(EXIT_NO)
    first, second = done.json["features"]
    assert first == {
        "number": "5.1",
        "title": "Place lookup",
        "state": "built",
        "blocked_by": 0,
        "passed_before": False,
        "phases": [2],
        "experiments": [
            {"id": 2, "verdict": "revert", "reason": "no_effect", "commit": "b" * 40},
            {"id": 3, "verdict": "keep", "reason": "", "commit": "c" * 40},
        ],
        "commits": ["c" * 40],
        "command": "pytest tests/test_places.py",
        "verified": True,
    }
    assert (second["state"], second["verified"]) == ("failed", False)
    assert done.json["totals"] == {
        "features": 2,
        "built": 1,
        "failed": 1,
        "blocked on the user": 0,
        "blocked by phase": 0,
        "not attempted": 0,
    }
    assert done.json["approval"]["sha256"] == SHA
    told = factory("spec", "trace", repo).expect(EXIT_NO)
    assert told.out.splitlines()[-2:] == [
        "blocked on the user: Severe weather alerts — the service needs a key from the user",
        "1 of 2 features built (50%), 1 failed",
    ]
    outcome(repo, 3, "built", "c3", experiment=5, verdict="keep", commit="d" * 40, verified={"5.2": True})
    told = factory("spec", "trace", repo).expect(EXIT_OK)
    assert told.out.splitlines()[-1] == "2 of 2 features built (100%)"
    assert max(map(len, told.out.splitlines()[:-2])) <= 80


def test_outcomes_of_another_specification_count_for_nothing(repo: Path, factory_home: Path) -> None:
    outcome(repo, 2, "built", spec="0" * 64, verified={"5.1": True})
    factory("spec", "approve", repo, "--yes").expect(EXIT_OK)
    outcome(repo, 3, "built", spec="0" * 64, verified={"5.2": True})
    told = factory("spec", "trace", repo, "--json").expect(EXIT_NO).json
    assert [f["state"] for f in told["features"]] == ["not attempted", "not attempted"]
    outcome(repo, 3, "built", spec=SHA, verified={"5.2": True})
    told = factory("spec", "trace", repo, "--json").expect(EXIT_NO).json
    assert [f["state"] for f in told["features"]] == ["not attempted", "built"]


def test_a_changed_specification_is_traced_as_approved_and_said(repo: Path) -> None:
    factory("spec", "approve", repo, "--yes").expect(EXIT_OK)
    commit(repo, {"SPEC.md": PROJECT + "\nMore.\n"}, "Change it")
    done = factory("spec", "trace", repo).expect(EXIT_NO)
    assert "SPEC.md was changed since it was approved" in done.err


def test_an_approved_edit_is_traced_before_it_is_committed(repo: Path) -> None:
    factory("spec", "approve", repo, "--yes").expect(EXIT_OK)
    (repo / "SPEC.md").write_text(replaced(PROJECT, "Place lookup", "Place search"))
    assert "SPEC.md was changed since" in factory("spec", "trace", repo).expect(EXIT_NO).err
    factory("spec", "approve", repo / "SPEC.md", "--yes").expect(EXIT_OK)
    done = factory("spec", "trace", repo).expect(EXIT_NO)
    assert "was changed since" not in done.err
    assert "Place search" in done.out


def test_a_draft_approved_beside_the_spec_is_not_what_the_project_is_traced_by(repo: Path) -> None:
    factory("spec", "approve", repo, "--yes").expect(EXIT_OK)
    (repo / "old.md").write_text(replaced(PROJECT, "Skylark", "Lark"))
    factory("spec", "approve", repo / "old.md", "--yes").expect(EXIT_OK)
    assert factory("spec", "trace", repo, "--json").expect(EXIT_NO).json["title"] == "Skylark"


def test_a_damaged_journal_is_noted_and_the_rest_is_told(repo: Path) -> None:
    factory("spec", "approve", repo, "--yes").expect(EXIT_OK)
    outcome(repo, 2, "built", verified={"5.1": True})
    (ProjectPaths(repo).cycles / "c0.jsonl").write_text("{\n")
    done = factory("spec", "trace", repo, "--json").expect(EXIT_NO)
    assert json.loads(done.out)["features"][0]["state"] == "built"
    assert "left out:" in done.err
    assert "c0.jsonl:1" in done.err
