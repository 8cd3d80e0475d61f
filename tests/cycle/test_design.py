"""Design: a draft, a person's word on it, and what was approved goes on as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from factory.approvals import Approvals, fingerprint
from factory.cycle.context import Cycle, CycleOptions, Draft, Opinion
from factory.cycle.lab import open_lab
from factory.cycle.launch import follow_up, run_cycle
from factory.cycle.steps import designing
from factory.cycle.steps.designing import Paused
from factory.errors import EXIT_INTERRUPTED, EXIT_NO, EXIT_OK, EXIT_REFUSED, Refused
from factory.git import Repo
from factory.journal import Journal
from factory.paths import ProjectPaths, factory_home
from factory.runners.base import AgentResult
from factory.spec import parse
from tests.spec.examples import IMPROVEMENT
from tests.support import cycles, specs
from tests.support.cli import command, end_group, environment, factory
from tests.support.cycles import Scripted, Silent, said
from tests.support.projects import events, journal_files, small_project
from tests.support.pty import Terminal
from tests.support.repos import git, make_repo

IDEA = "a command-line tool that counts words"


@dataclass
class Person:
    """Says what the script says; ``seen`` are the drafts."""

    says: list[Opinion]
    seen: list[Draft] = field(default_factory=list)

    def discuss(self, draft: Draft) -> Opinion:
        self.seen.append(draft)
        return self.says.pop(0)

    def offer(self, summary: str) -> str:
        raise AssertionError("a design offers nothing")


def design(project: Path, person: Person | None, runner: Scripted, **options: Any) -> Cycle:
    chosen = CycleOptions(**({"mode": "design", "runner": runner.name} | options))
    return run_cycle(open_lab(project, lambda _: None), chosen, Silent(), lambda role: runner, person)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "words", {"README.md": f"# Words\n\n{IDEA}\n"})


def asked(runner: Scripted, role: str) -> int:
    return len(runner.of(role))


def test_feedback_edit_and_approval_go_on_to_a_build(new: Path) -> None:
    runner = Scripted()
    person = Person([Opinion("feedback", "it must count words in a file"), Opinion("quit")])
    with pytest.raises(Paused):
        design(new, person, runner, idea=IDEA)
    first, second = person.seen
    assert (first.round, first.previous, second.round, second.previous) == (1, "", 2, first.text)
    assert "it must count words in a file" in second.text
    calls = len(runner.calls)
    edited = second.text.replace("## 6. Reference Algorithms", "## 6. Reference Algorithms\n\nBy hand.", 1)
    again = Person([Opinion("edited", edited), Opinion("approve", edited)])
    cycle = design(new, again, runner, idea=IDEA)
    assert len(runner.calls) == calls, "nothing is asked or paid twice"
    assert again.seen[0].text == second.text
    assert (again.seen[1].text, again.seen[1].round) == (edited, 2)
    assert (new / "SPEC.md").read_text() == edited
    approval = Approvals(factory_home(), ProjectPaths(new).key).of(edited)
    assert approval is not None
    assert (approval.how, approval.form) == ("editor", "project")
    following = follow_up(cycle.options, cycle.state.closed or {}, looping=False)
    assert following is not None
    assert following.to_data() == cycle.options.to_data() | {"mode": "build", "idea": ""}


def test_new_ground_is_researched_and_other_feedback_is_not(new: Path) -> None:
    runner = Scripted()
    person = Person(
        [
            Opinion("feedback", "count the words"),
            Opinion("feedback", "localised Unicode segmentation following international boundaries"),
            Opinion("quit"),
        ]
    )
    with pytest.raises(Paused):
        design(new, person, runner, idea=IDEA)
    assert (asked(runner, "researcher"), asked(runner, "strategist")) == (2, 3)


def test_a_draft_of_no_form_cannot_be_approved(new: Path) -> None:
    runner = Scripted({"strategist": ["words, words"]})
    person = Person([Opinion("quit")])
    with pytest.raises(Paused):
        design(new, person, runner, idea=IDEA)
    assert person.seen[0].text == "words, words\n"
    assert not (new / "SPEC.md").exists()


def test_plan_only_stops_after_the_draft_and_build_takes_what_is_approved_later(new: Path) -> None:
    runner = Scripted()
    cycle = design(new, None, runner, idea=IDEA, plan_only=True, focus="big files")
    assert [
        call.role for call in runner.calls if "### Focus (data)\n\n```text\nbig files" in call.prompt
    ] == [*("researcher", "strategist")]
    ended = cycle.state.scope("").ended
    draft = ProjectPaths(new).plan
    assert ended is not None
    assert ended["detail"] == f"the draft waits for a person: factory spec approve {draft}"
    factory("spec", "approve", new, "--yes").expect(EXIT_OK)
    dry = factory("ceo", new, "--mode", "build", "--dry-run").expect(EXIT_OK)
    assert "mode: build" in dry.out


def test_a_draft_that_waits_is_taken_up_by_the_directory_and_paid_once(new: Path) -> None:
    runner = Scripted()
    design(new, None, runner, idea=IDEA, plan_only=True)
    calls, waiting = len(runner.calls), ProjectPaths(new).plan.read_text()
    person = Person([Opinion("feedback", "it must count words in a file"), Opinion("quit")])
    with pytest.raises(Paused):
        design(new, person, runner)
    assert person.seen[0].text == waiting
    assert "it must count words in a file" in person.seen[1].text
    assert [call.role for call in runner.calls[calls:]] == ["strategist"], "only the feedback is paid"
    calls = len(runner.calls)
    cycle = design(new, Person([Opinion("approve")]), runner)
    assert len(runner.calls) == calls
    assert (new / "SPEC.md").read_text() == person.seen[1].text
    assert (cycle.state.closed or {})["next"] == "build"


def test_the_ideas_own_words_take_up_its_draft_too(new: Path) -> None:
    runner = Scripted()
    design(new, None, runner, idea=IDEA, plan_only=True)
    calls = len(runner.calls)
    design(new, Person([Opinion("approve")]), runner, idea=IDEA)
    assert len(runner.calls) == calls


def test_a_broken_edit_of_the_draft_that_waits_is_shown_and_not_mended_by_an_agent(new: Path) -> None:
    runner = Scripted()
    design(new, None, runner, idea=IDEA, plan_only=True)
    plan, calls = ProjectPaths(new).plan, len(runner.calls)
    plan.write_text(re.sub(r"\[R\d+\]", "", plan.read_text()))
    person = Person([Opinion("quit")])
    with pytest.raises(Paused):
        design(new, person, runner)
    assert person.seen[0].text == plan.read_text()
    assert person.seen[0].findings
    assert len(runner.calls) == calls


@pytest.mark.parametrize("mode", [("--mode", "build"), ()])
def test_a_draft_that_nobody_has_approved_is_not_built(new: Path, mode: tuple[str, ...]) -> None:
    design(new, None, Scripted(), idea=IDEA, plan_only=True)
    plan = ProjectPaths(new).plan
    done = factory("ceo", new, *mode, "--runner", "offline").expect(EXIT_REFUSED)
    assert f"{plan} is not approved." in done.err
    assert f"Read it, then: factory spec approve {plan}" in done.err
    factory("spec", "approve", plan, "--yes").expect(EXIT_OK)
    plan.write_text(plan.read_text().replace("What the idea does not name.", "A clock.", 1))
    done = factory("ceo", new, *mode, "--runner", "offline").expect(EXIT_REFUSED)
    assert f"{plan} is not approved as it is now." in done.err
    assert "+- A clock." in done.err
    assert f"factory spec approve {plan}" in done.err


def improvement(project: Path, *says: Opinion) -> tuple[Cycle, Scripted]:
    runner = Scripted()
    person = Person([*says])
    cycle = design(project, person, runner)
    return cycle, runner


def test_an_existing_project_gets_an_improvement_and_its_spec_stays(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc", {"SPEC.md": "# What this is\n"})
    cycle, _ = improvement(project, Opinion("approve"))
    plan = ProjectPaths(project).plan.read_text()
    assert plan.startswith("# Improvement Cycle — Specification")
    assert (project / "SPEC.md").read_text() == "# What this is\n"
    following = follow_up(cycle.options, cycle.state.closed or {}, looping=False)
    assert following is not None
    assert following.mode == "improve"
    runner = Scripted()
    data = {name: value for name, value in following.to_data().items() if name != "runner"}
    improved = cycles.run(project, runner, **data)
    assert {call.role for call in runner.calls} & {"researcher", "strategist"} == set()
    assert [item.title for item in improved.items]
    assert ProjectPaths(project).plan.read_text() == plan
    assert (project / "SPEC.md").read_text() == "# What this is\n"
    trace = factory("spec", "trace", project, "--json").json
    kept = [record["verdict"] == "keep" for record in improved.state.finalized.values()]
    assert [phase["state"] == "built" for phase in trace["phases"]] == kept
    for feature in trace["features"]:
        assert (feature["verified"] is not None) == bool(feature["command"])
    later = Scripted()
    cycles.run(project, later, mode="improve")
    assert asked(later, "strategist") == 1, "a plan is carried out once"


class Cut(BaseException):
    """The end of the process, at a point that a signal would hardly hit."""


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (Approvals, "approve"),
        (Approvals, "record"),
        (designing, "commit_files"),
        (Repo, "set_ref"),
        (Journal, "append"),
    ],
)
def test_an_approval_that_was_cut_off_is_not_asked_for_again(
    new: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str
) -> None:
    runner, real = Scripted(), getattr(where, name)
    person = Person([Opinion("approve")])

    def cut(*args: Any, **data: Any) -> Any:
        is_here = name != "append" or (args[1], data.get("step")) == ("step.completed", "approve")
        if is_here and person.seen and not person.says:
            raise Cut
        return real(*args, **data)

    with monkeypatch.context() as patched, pytest.raises(Cut):
        patched.setattr(where, name, cut)
        design(new, person, runner, idea=IDEA)
    nobody = Person([])
    cycle = design(new, nobody, runner, idea=IDEA)
    assert nobody.seen == []
    text = (new / "SPEC.md").read_text()
    assert text == person.seen[0].text
    known = [*Approvals(factory_home(), ProjectPaths(new).key).contracts()]
    assert [contract.sha256 for contract in known] == [fingerprint(text)]
    assert git(new, "log", "--format=%s", "--", "SPEC.md").splitlines() == ["Specify Counts words"]
    assert (cycle.state.closed or {})["next"] == "build"


def test_a_draft_changed_between_approval_and_record_is_shown_again(
    new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, person = Scripted(), Person([Opinion("approve")])

    def cut(*args: Any, **data: Any) -> None:
        raise Cut

    with monkeypatch.context() as patched, pytest.raises(Cut):
        patched.setattr(Approvals, "approve", cut)
        design(new, person, runner, idea=IDEA)
    (draft,) = ProjectPaths(new).cycles.glob("*/draft.md")
    changed = draft.read_text().replace(
        "## 6. Reference Algorithms", "## 6. Reference Algorithms\n\nNone.", 1
    )
    draft.write_text(changed)
    again = Person([Opinion("approve")])
    design(new, again, runner, idea=IDEA)
    assert [seen.text for seen in again.seen] == [changed]
    assert (new / "SPEC.md").read_text() == changed


def test_lite_is_carried_from_design_on(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    runner = Scripted()
    cycle = design(project, Person([Opinion("approve")]), runner, lite=True)
    following = follow_up(cycle.options, cycle.state.closed or {}, looping=False)
    assert following is not None
    assert (following.mode, following.lite) == ("improve", True)


def test_lite_shrinks_no_approved_plan(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    design(project, Person([Opinion("approve")]), Scripted())
    planned = [phase.title for phase in parse(ProjectPaths(project).plan.read_text()).phases]
    runner, tried = Scripted(), []
    following: CycleOptions | None = CycleOptions("improve", runner="scripted", lite=True)
    while following is not None:
        data = {name: value for name, value in following.to_data().items() if name != "runner"}
        cycle = cycles.run(project, runner, **data)
        assert len(cycle.items) == 1
        assert cycle.state.spent.invocations <= 7
        tried += [item.title for item in cycle.items]
        following = follow_up(cycle.options, cycle.state.closed or {}, looping=False)
    assert tried == planned
    assert asked(runner, "strategist") == 0


MENU = "[q]uit"


def test_a_design_in_a_terminal(tmp_path: Path) -> None:
    place = tmp_path / "words"
    editor = tmp_path / "editor"
    editor.write_text(
        f"#!{sys.executable}\nimport sys, pathlib\np = pathlib.Path(sys.argv[-1])\n"
        "p.write_text(p.read_text().replace('## 6. Reference Algorithms', "
        "'## 6. Reference Algorithms\\n\\nBy hand.', 1))\n"
    )
    editor.chmod(0o755)
    argv = command("ceo", IDEA, "--mode", "interactive", "--dir", place, "--runner", "offline")
    env = environment({"EDITOR": str(editor), "VISUAL": None})
    with Terminal(argv, cwd=tmp_path, env=env) as terminal:
        terminal.expect("The mode interactive is now called design.")
        terminal.expect(MENU)
        terminal.line("f it must read standard input")
        terminal.expect("What changed since the last draft:")
        terminal.expect(MENU)
        terminal.line("q")
        assert terminal.end() == EXIT_INTERRUPTED
    before = [e.type for e in events(place)].count("agent.completed")
    with Terminal(command("ceo", place), cwd=tmp_path, env=env, timeout=120) as terminal:
        terminal.expect("Draft 2:")
        terminal.expect(MENU)
        terminal.line("e")
        terminal.expect("By hand.")
        terminal.expect(MENU)
        assert [e.type for e in events(place)].count("agent.completed") == before
        terminal.line("a")
        terminal.expect("Approve this text as it stands? [y/N] ")
        terminal.line("y")
        terminal.expect("goes on with: build")
        terminal.expect("phases 2, 3 wait for a person, or for a runner that can do it: the builder ")
        terminal.expect("not everything that was approved is built")
        assert terminal.end() == EXIT_NO
    assert "By hand." in (place / "SPEC.md").read_text()
    assert "Scaffold and evaluation harness" in git(place, "log", "--format=%s")


@pytest.mark.parametrize("lines", [3, 6, 8])
def test_a_killed_draft_is_taken_up_again(tmp_path: Path, lines: int) -> None:
    place = tmp_path / "words"
    options = ("--mode", "design", "--plan-only", "--runner", "offline")
    process = subprocess.Popen(
        command("ceo", IDEA, "--dir", place, *options),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and (
        not place.is_dir()
        or not journal_files(place)
        or len(journal_files(place)[-1].read_bytes().splitlines()) < lines
    ):
        time.sleep(0.001)
    end_group(process)
    factory("ceo", place, *options[:3]).expect(EXIT_OK)
    answered = [event.data["key"] for event in events(place) if event.type == "agent.completed"]
    assert answered == ["/research/0/researcher/1", "/draft/0/strategist/1"]
    assert len(journal_files(place)) == 1
    assert ProjectPaths(place).plan.read_text().startswith("# ")


def test_what_was_not_shown_is_not_approved(new: Path) -> None:
    runner = Scripted()
    mark = "## 6. Reference Algorithms"

    class Reading(Person):
        def discuss(self, draft: Draft) -> Opinion:
            if not self.seen:
                (place,) = ProjectPaths(new).cycles.glob("*/draft.md")
                place.write_text(draft.text.replace(mark, f"{mark}\n\nSomething else.", 1))
            super().discuss(draft)
            return Opinion("approve", draft.text)

    person = Reading([Opinion("approve"), Opinion("approve")])
    design(new, person, runner, idea=IDEA)
    assert len(person.seen) == 2
    assert (new / "SPEC.md").read_text() == person.seen[1].text
    assert "Something else." in person.seen[1].text


def test_where_no_agent_can_mend_it_the_draft_is_still_the_persons(new: Path) -> None:
    runner = Scripted()
    told = "segmentation following international boundaries"
    person = Person([Opinion("feedback", told), Opinion("approve")])
    cycle = design(new, person, runner, idea=IDEA, budget_invocations=2)
    assert asked(runner, "strategist") == 1
    assert person.seen[1].text == person.seen[0].text
    assert (cycle.state.closed or {})["next"] == "build"
    assert (new / "SPEC.md").read_text() == person.seen[0].text


def test_findings_stay_known_where_the_researcher_cannot_be_asked_again(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    told = "segmentation following international boundaries"
    person = Person([Opinion("feedback", told), Opinion("approve")])
    cycle = design(project, person, Scripted(), budget_invocations=2)
    assert (cycle.state.closed or {})["next"] == "improve"


def test_a_draft_in_the_other_form_is_not_taken(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc", {"SPEC.md": "# What this is\n"})
    person = Person([Opinion("approve")])
    runner = Scripted({"strategist": [specs.spec(("one",))]})
    with pytest.raises(Refused):
        design(project, person, runner)
    assert person.seen[0].findings[0].rule == "form"
    assert (project / "SPEC.md").read_text() == "# What this is\n"


def approve_improvement(project: Path) -> list[str]:
    """A person has approved an improvement of two phases; their titles."""
    plan = ProjectPaths(project).plan
    plan.parent.mkdir(parents=True, exist_ok=True)
    plan.write_text(IMPROVEMENT)
    Approvals(factory_home(), ProjectPaths(project).key).approve(
        IMPROVEMENT, who="person", form="improvement", title="Improvement Cycle", how="terminal"
    )
    return [phase.title for phase in parse(IMPROVEMENT).phases]


def test_phases_that_the_budget_did_not_reach_are_not_planned_again(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    planned = approve_improvement(project)
    runner = Scripted({"builder": [said("I leave no change.")]})
    cycles.run(project, runner, mode="improve", budget_invocations=2)
    assert len(runner.calls) == 2, "the first phase has used the budget up"
    later = Scripted({"builder": [said("I leave no change.")]})
    cycle = cycles.run(project, later, mode="improve")
    assert asked(later, "strategist") == 0, "what is approved is not planned again"
    assert [item.title for item in cycle.items] == planned[1:]


def test_phases_of_an_abandoned_cycle_are_tried_again(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    planned = approve_improvement(project)

    def cut(invocation: object) -> AgentResult:
        raise Cut

    with pytest.raises(Cut):
        cycles.run(project, Scripted({"builder": [cut]}), mode="improve")
    factory("abandon", project).expect(EXIT_OK)
    cycle = cycles.run(project, Scripted(), mode="improve")
    assert [item.title for item in cycle.items] == planned


def test_an_approved_plan_changed_under_a_cycle_can_be_gone_on_from(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    design(project, Person([Opinion("approve")]), Scripted())
    plan = ProjectPaths(project).plan
    text = plan.read_text()
    changed = text.replace("## 6. Anti-patterns", "## 6. Anti-patterns\n\nNone.", 1)

    class Changing(Silent):
        def step_started(self, label: str) -> None:
            if label == "gate plan":
                plan.write_text(changed)

    runner = Scripted()
    options = CycleOptions("improve", runner=runner.name)
    with pytest.raises(Refused) as refused:
        run_cycle(open_lab(project, lambda _: None), options, Changing(), lambda role: runner)
    assert f"factory abandon {project}" in refused.value.hint
    factory("abandon", project).expect(EXIT_OK)
    factory("spec", "approve", plan, "--yes").expect(EXIT_OK)
    cycle = cycles.run(project, Scripted(), mode="improve")
    assert cycle.options.approved_plan == fingerprint(changed)


def test_plan_only_never_goes_on_to_a_build(new: Path) -> None:
    design(new, Person([Opinion("approve")]), Scripted(), idea=IDEA)
    done = factory("ceo", new, "--mode", "design", "--plan-only", "--dry-run").expect(EXIT_REFUSED)
    assert f"factory ceo {new} --mode build" in done.err
