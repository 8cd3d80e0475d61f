"""Build: exactly what was approved, in its own order, and nothing of it forgotten."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from factory.approvals import Approvals, fingerprint
from factory.commands.ending import exit_code
from factory.cycle.context import Cycle, CycleOptions
from factory.cycle.lab import open_lab
from factory.cycle.launch import follow_up, run_cycle
from factory.errors import EXIT_NO, EXIT_OK, EXIT_REFUSED, EXIT_USAGE, Refused
from factory.journal import Journal, read_events
from factory.paths import ProjectPaths, factory_home
from factory.spec import Form, parse
from tests.spec.examples import IMPROVEMENT
from tests.support import cycles, specs
from tests.support.cli import command, end_group, environment, factory
from tests.support.cycles import Scripted, Silent, said, verdict
from tests.support.matrix import sampled
from tests.support.projects import Begun, assert_sound, events, history, journal_files, small_project
from tests.support.repos import commit, git, make_repo

TEN = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ONE_TRY = "\n[limits]\nphase_retries = 0\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose phases get one try."""
    made = small_project(tmp_path / "calc")
    policy = (made / "factory.toml").read_text()
    commit(made, {"factory.toml": policy + ONE_TRY}, "One try")
    return made


def build(project: Path, does: Mapping[str, str] | None = None, **options: Any) -> tuple[Cycle, Scripted]:
    runner = Scripted({"builder": [specs.builder(does or {})]})
    return cycles.run(project, runner, mode="build", **options), runner


def traced(project: Path) -> tuple[int, dict[str, str]]:
    """The exit code of ``spec trace``, and each word's state."""
    done = factory("spec", "trace", project, "--json")
    return done.code, {f["title"].split()[-1]: f["state"] for f in done.json["features"]}


def builds(runner: Scripted) -> list[str]:
    return [str(call.facts["item"]["title"]).split()[-1] for call in runner.of("builder")]


def test_all_that_was_approved_is_built(project: Path) -> None:
    specs.approve(project, specs.spec(TEN[:4]))
    cycle, runner = build(project, focus="long words")
    assert cycle.state.closed is not None and cycle.state.closed["account"]["complete"]
    assert all("### Focus (data)\n\n```text\nlong words" in call.prompt for call in runner.of("builder"))
    assert builds(runner) == list(TEN[:4])
    assert {call.role for call in runner.calls} & {"researcher", "strategist"} == set()
    assert traced(project) == (EXIT_OK, dict.fromkeys(TEN[:4], "built"))
    assert "4 of 4 features built (100%)" in factory("spec", "trace", project).out
    assert [row["hypothesis"] for row in history(project)] == [f"Add word {name}" for name in TEN[:4]]
    assert (project / "calc/four.py").exists()
    assert_sound(project)


def test_what_is_skipped_or_only_claimed_is_told(project: Path) -> None:
    specs.approve(project, specs.spec(TEN))
    skipped, claimed = TEN[:3], TEN[3:7]
    does = dict.fromkeys(skipped, "skips") | dict.fromkeys(claimed, "claims")
    cycle, _ = build(project, does)
    expected = dict.fromkeys((*skipped, *claimed), "failed") | dict.fromkeys(TEN[7:], "built")
    assert traced(project) == (EXIT_NO, {name: expected[name] for name in TEN})
    assert cycle.state.closed is not None
    assert cycle.state.closed["account"]["totals"]["built"] == 3
    verdicts = [(row["verdict"], row["reason"]) for row in history(project)]
    assert verdicts[:3] == [("error", "error")] * 3
    assert {verdict for verdict, _ in verdicts[3:7]} == {"revert"}
    assert [verdict for verdict, _ in verdicts[7:]] == ["keep"] * 3
    assert_sound(project)


def test_the_exit_code_says_that_not_all_is_built(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two")))
    done = factory("ceo", project, "--mode", "build", "--runner", "offline").expect(EXIT_NO)
    assert "feature 5.2: failed  word two" in done.out
    declined = "the builder declined: not a mechanical task"
    assert done.out.count(declined) == 1
    assert f"phases 1, 2 wait for a person, or for a runner that can do it: {declined}" in done.out
    shown = " ".join(factory("history", project).out.split())
    assert f"Add word two ({declined}" in shown
    row = factory("history", project, "--json").json[1]
    assert row["reason"] == "error"
    assert row["notes"].startswith(declined)
    assert f"to do it yourself: factory begin {project} --phase 1\n" in done.out
    assert row["change_summary"] == row["notes"]
    assert f"not everything that was approved is built: factory spec trace {project}" in done.out
    assert traced(project) == (EXIT_NO, {"one": "failed", "two": "failed"})


def test_dependents_of_a_failed_phase_are_blocked_and_others_go_on(project: Path) -> None:
    specs.approve(project, specs.spec(TEN[:4], needs={"two": "one", "three": "two"}))
    _, runner = build(project, {"one": "claims"})
    assert builds(runner) == ["one", "four"]
    states = {"one": "failed", "two": "blocked by phase", "three": "blocked by phase", "four": "built"}
    assert traced(project) == (EXIT_NO, states)


def test_a_phase_is_tried_again_and_told_why(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    specs.approve(project, specs.spec(("one", "two")))
    runner = Scripted({"builder": [specs.builder({"one": "claims"}), specs.builder({})]})
    cycles.run(project, runner, mode="build")
    assert traced(project) == (EXIT_OK, {"one": "built", "two": "built"})
    assert [row["verdict"] for row in history(project)] == ["revert", "keep", "keep"]
    first = factory("spec", "trace", project, "--json").json["features"][0]
    assert [(a["id"], a["verdict"]) for a in first["experiments"]] == [(1, "revert"), (2, "keep")]
    second = runner.of("builder")[1].facts["item"]
    assert second["title"] == "Add word one"
    assert second["new_approach"].startswith("the last attempt was not kept: ")


def test_a_second_build_goes_on_with_what_was_not_built(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two", "three")))
    build(project, {"two": "claims"})
    _, runner = build(project)
    assert builds(runner) == ["two"]
    assert traced(project) == (EXIT_OK, dict.fromkeys(("one", "two", "three"), "built"))


def by_hand(project: Path, phase: int, files: Mapping[str, str]) -> dict[str, Any]:
    """A phase of the specification that a person does, decided and integrated; its row."""
    told = factory("begin", project, "--phase", str(phase), "--json").expect(EXIT_OK).json
    begun = Begun(project, told["id"], told["branch"], told["baseline"], Path(told["workspace"]))
    begun.edit(files).measure()
    begun.review()
    row = begun.finalize()
    if row["verdict"] == "keep":
        early = factory("ceo", project, "--mode", "build", "--runner", "offline").expect(EXIT_REFUSED)
        assert f"Phase {phase}, which was done by hand, is kept on {begun.branch}, and what" in early.err
        assert f"To bring it in: factory integrate {project}\n" in early.err
    factory("integrate", project).expect(EXIT_OK)
    return row


def test_a_phase_that_a_person_has_done_is_built(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two", "three"), needs={"three": "two"}))
    build(project, {"two": "claims"})
    assert traced(project)[1] == {"one": "built", "two": "failed", "three": "blocked by phase"}
    row = by_hand(project, 2, specs.delivers("two"))
    assert (row["id"], row["hypothesis"], row["kind"]) == (3, "Add word two", "contract")
    assert (row["verdict"], row["reason"]) == ("keep", "held_delivered")
    second = factory("spec", "trace", project, "--json").json["features"][1]
    assert (second["state"], second["verified"], second["commits"]) == ("built", True, [row["commit"]])
    assert [(a["id"], a["verdict"]) for a in second["experiments"]] == [(2, "revert"), (3, "keep")]
    _, runner = build(project)
    assert builds(runner) == ["three"]
    assert traced(project) == (EXIT_OK, dict.fromkeys(("one", "two", "three"), "built"))
    assert_sound(project)


def test_a_phase_that_a_person_has_tried_in_vain_is_still_to_be_built(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two")))
    row = by_hand(project, 2, {"notes.md": "The word two is there.\n"})
    assert (row["verdict"], row["reason"]) == ("revert", "no_effect")
    assert traced(project)[1] == {"one": "not attempted", "two": "not attempted"}
    _, runner = build(project)
    assert builds(runner) == ["one", "two"]
    second = factory("spec", "trace", project, "--json").json["features"][1]
    assert [(a["id"], a["verdict"]) for a in second["experiments"]] == [(1, "revert"), (3, "keep")]


def test_a_phase_of_approved_improvements_that_a_person_has_done_is_built(project: Path) -> None:
    plan = ProjectPaths(project).plan
    plan.parent.mkdir(parents=True)
    plan.write_text(IMPROVEMENT)
    text = IMPROVEMENT
    Approvals(factory_home(), ProjectPaths(project).key).approve(
        text, who="person", form=str(Form.IMPROVEMENT), title="Calc", how="terminal"
    )
    item = parse(text).items()[0]
    done = factory(
        "begin", project, "--phase", str(item.phase), "--verify", "grep -q more notes.md", "--json"
    )
    told = done.expect(EXIT_OK).json
    begun = Begun(project, told["id"], told["branch"], told["baseline"], Path(told["workspace"]))
    assert begun.edit({"notes.md": "Said more.\n"}).decide() == ("keep", "held_delivered")
    phase = factory("spec", "trace", project, "--json").json["phases"][0]
    assert (phase["state"], [a["id"] for a in phase["experiments"]]) == ("built", [1])


def test_an_approved_file_is_committed_by_the_build(project: Path) -> None:
    (project / "SPEC.md").write_text(specs.spec(("one",)))
    factory("spec", "approve", project / "SPEC.md", "--yes").expect(EXIT_OK)
    git(project, "add", "SPEC.md")
    git(project, "commit", "--quiet", "-m", "Specify")
    _, runner = build(project)
    assert {call.role for call in runner.calls} & {"researcher", "strategist"} == set()
    assert traced(project) == (EXIT_OK, {"one": "built"})
    assert (project / "SPEC.md").read_text() == specs.spec(("one",))


def test_an_unapproved_specification_is_refused(project: Path) -> None:
    commit(project, {"SPEC.md": specs.spec(("one",))}, "Specify")
    done = factory("ceo", project, "--mode", "build", "--runner", "offline").expect(EXIT_REFUSED)
    assert "SPEC.md is not approved." in done.err
    assert f"factory spec approve {project / 'SPEC.md'}" in done.err
    assert not journal_files(project)


def test_a_project_without_a_specification_has_nothing_to_build(project: Path) -> None:
    done = factory("ceo", project, "--mode", "build", "--runner", "offline").expect(EXIT_USAGE)
    assert "There is nothing to build" in done.err
    assert not journal_files(project)


def test_a_specification_edited_between_phases_stops_the_build(project: Path) -> None:
    text = specs.spec(("one", "two"))
    specs.approve(project, text)
    file = project / "SPEC.md"

    def edit(_: Any) -> Any:
        file.write_text(text.replace("word two", "word too"))
        return said(verdict("PROCEED"))

    runner = Scripted({"builder": [specs.builder({})], "reviewer": [edit, verdict("PROCEED")]})
    with pytest.raises(Refused) as stopped:
        cycles.run(project, runner, mode="build")
    assert "-### 5.2 Feature: word two\n+### 5.2 Feature: word too" in stopped.value.message
    assert "factory spec approve" in stopped.value.hint
    assert builds(runner) == ["one"]
    file.write_text(text)  # taken back: the same cycle goes on, and nothing is asked twice
    cycles.run(project, runner, mode="build")
    assert builds(runner) == ["one", "two"]
    assert traced(project) == (EXIT_OK, {"one": "built", "two": "built"})


def test_what_another_branch_has_is_no_change(project: Path) -> None:
    text = specs.spec(("one",))
    specs.approve(project, text)
    git(project, "checkout", "--quiet", "-b", "side")
    commit(project, {"SPEC.md": text.replace("word one", "word won")}, "Think of something else")
    build(project, branch="main")
    assert git(project, "show", "main:calc/one.py") == '"""Word one: done."""'


def test_what_stands_in_a_changed_and_approved_specification_stays_built(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two")))
    build(project)
    specs.approve(project, specs.spec(("one", "two", "three")))
    _, runner = build(project)
    assert builds(runner) == ["three"]
    assert traced(project) == (EXIT_OK, dict.fromkeys(("one", "two", "three"), "built"))


def test_what_stands_unchanged_under_other_numbers_stays_built(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two", "three"), needs={"three": "two"}))
    build(project, {"three": "claims"})
    specs.approve(project, specs.spec(("zero", "two", "one", "three")))
    _, runner = build(project)
    assert builds(runner) == ["zero", "three"]
    assert traced(project) == (EXIT_OK, dict.fromkeys(("zero", "two", "one", "three"), "built"))
    told = factory("spec", "trace", project, "--json").json["features"]
    assert [f["verified"] for f in told] == [True] * 4
    assert [[a["id"] for a in f["experiments"]] for f in told] == [[4], [2], [1], [5]]


def test_cut_off_while_carrying_over_nothing_is_built_twice(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs.approve(project, specs.spec(("one", "two")))
    build(project)
    specs.approve(project, specs.spec(("zero", "one", "two")))
    append = Journal.append

    def cut_off_after_the_first(self: Journal, kind: str, *args: Any, **data: Any) -> Any:
        if kind == "phase.outcome" and any(event.type == kind for event in self.events()):
            raise KeyboardInterrupt
        return append(self, kind, *args, **data)

    monkeypatch.setattr(Journal, "append", cut_off_after_the_first)
    with pytest.raises(KeyboardInterrupt):
        build(project)
    monkeypatch.setattr(Journal, "append", append)
    _, runner = build(project)
    assert builds(runner) == ["zero"]
    assert traced(project) == (EXIT_OK, dict.fromkeys(("zero", "one", "two"), "built"))


def test_what_is_asked_for_in_other_words_is_built_again(project: Path) -> None:
    text = specs.spec(("one", "two"))
    specs.approve(project, text)
    build(project)
    check = "grep -q done calc/two.py && grep -q more calc/two.py"
    specs.approve(project, text.replace("grep -q done calc/two.py", check))
    runner = Scripted({"builder": [adds_more]})
    cycles.run(project, runner, mode="build")
    assert builds(runner) == ["two"]
    assert traced(project) == (EXIT_OK, {"one": "built", "two": "built"})


def adds_more(invocation: Any) -> Any:
    (invocation.cwd / "calc/two.py").write_text('"""Word two: done, and more."""\n')
    return said("Added more.")


def test_a_draft_that_waits_is_what_auto_builds(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    draft = ProjectPaths(project).plan
    draft.parent.mkdir(parents=True)
    draft.write_text(specs.spec(("one",)))
    factory("spec", "approve", draft, "--yes").expect(EXIT_OK)
    assert "mode: build\n" in factory("ceo", project, "--dry-run").expect(EXIT_OK).out
    # Asked for an improvement, it is no approved plan of one.
    cycle = cycles.run(project, Scripted(), mode="improve")
    assert not cycle.options.approved_plan
    assert [row["hypothesis"] for row in history(project)] == ["Fix unused imports (F401)"]


def test_auto_builds_what_was_approved_after_a_build_and_improves_when_that_is_done(project: Path) -> None:
    specs.approve(project, specs.spec(("one",)))
    build(project)
    assert "mode: improve\n" in factory("ceo", project, "--dry-run").expect(EXIT_OK).out
    (project / "SPEC.md").write_text(specs.spec(("one", "two")))
    assert "mode: improve\n" in factory("ceo", project, "--dry-run").expect(EXIT_OK).out
    factory("spec", "approve", project, "--yes").expect(EXIT_OK)
    assert "mode: build\n" in factory("ceo", project, "--dry-run").expect(EXIT_OK).out
    focused = factory("ceo", project, "--dry-run", "--focus", "speed").expect(EXIT_OK)
    assert "mode: improve\n" in focused.out
    runner = Scripted({"builder": [specs.builder({})]})
    cycles.run(project, runner, mode="auto")
    assert builds(runner) == ["two"]


def test_auto_says_what_a_build_has_left_and_how_to_retry(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two", "three")))
    build(project, {"two": "claims"})
    told = factory("ceo", project, "--dry-run").expect(EXIT_OK)
    again = f"to try them again: factory ceo {project} --mode build"
    assert f"1 of 3 approved features are unbuilt; {again}" in told.out + told.err
    assert "mode: improve\n" in told.out


def test_what_nobody_approved_is_called_specified(tmp_path: Path) -> None:
    idea = "a command-line tool that counts words"
    done = factory("ceo", idea, "--dir", tmp_path / "words", "--runner", "offline", "--headless")
    assert f"not everything that was specified is built: factory spec trace {tmp_path}/words" in done.out


def test_an_agent_that_edits_the_specification_is_stopped(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two")))

    def edits(invocation: Any) -> Any:
        place = invocation.cwd / "SPEC.md"
        place.write_text(place.read_text().replace("word two", "word too"))
        return specs.builder({})(invocation)

    runner = Scripted({"builder": [edits]})
    cycles.run(project, runner, mode="build")
    assert [row["reason"] for row in history(project)] == ["guard", "guard"]
    assert traced(project) == (EXIT_NO, {"one": "failed", "two": "failed"})


def chained(project: Path, runner: Scripted, **options: Any) -> list[Cycle]:
    """A cycle and all that it goes on to by itself."""
    ran = [cycles.run(project, runner, **options)]
    while (following := follow_up(ran[-1].options, ran[-1].state.closed or {}, looping=False)) is not None:
        data = {name: value for name, value in following.to_data().items() if name != "runner"}
        ran.append(cycles.run(project, runner, **data))
    return ran


def test_lite_takes_one_phase_a_cycle_until_all_were_attempted(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two", "three"), needs={"three": "one"}))
    runner = Scripted({"builder": [specs.builder({"two": "claims"})]})
    ran = chained(project, runner, mode="build", lite=True)
    assert builds(runner) == ["one", "two", "three"]
    assert [len(cycle.items) for cycle in ran] == [1, 1, 1]
    assert all(cycle.options.lite and cycle.state.spent.invocations <= 7 for cycle in ran)
    assert traced(project) == (EXIT_NO, {"one": "built", "two": "failed", "three": "built"})


def test_a_lite_build_cut_off_between_two_cycles_goes_on_lite(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two")))
    build(project, lite=True, sandbox="off")
    told = factory("ceo", project, "--dry-run").expect(EXIT_OK).out
    assert "mode: build\n" in told
    assert "lite: yes\n" in told
    assert "runner: scripted" not in factory("ceo", project, "--runner", "offline", "--dry-run").out
    assert "mode: improve\n" in factory("ceo", project, "--mode", "improve", "--dry-run").expect(EXIT_OK).out
    done = factory("ceo", project, "--runner", "offline").expect(EXIT_NO)
    assert "Goes on with build, as the last cycle was to.\n" in done.err
    assert "feature 5.2: failed  word two" in done.out
    assert [read_events(path)[0].data["options"]["lite"] for path in journal_files(project)] == [True, True]
    # All that was approved was attempted: nothing is left of the chain.
    assert "mode: improve\n" in factory("ceo", project, "--dry-run").expect(EXIT_OK).out


def test_a_build_goes_on_to_improve_with_its_options(project: Path) -> None:
    specs.approve(project, specs.spec(("one",)))
    cycle, _ = build(project, lite=True, sandbox="off", max_new=1)
    following = follow_up(cycle.options, cycle.state.closed or {}, looping=True)
    assert following is not None
    expected = cycle.options.to_data() | {"mode": "improve"}
    assert following.to_data() == expected
    assert following.lite


def test_where_the_budget_ends_the_rest_is_not_attempted(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two")))
    build(project, budget_invocations=6)
    assert traced(project) == (EXIT_NO, {"one": "built", "two": "not attempted"})
    _, runner = build(project)
    assert builds(runner) == ["two"]
    assert traced(project)[0] == EXIT_OK


@pytest.mark.parametrize("lines", sampled([4, 12, 24, 34], [12]))
def test_a_killed_build_goes_on_where_it_stood(project: Path, lines: int) -> None:
    specs.approve(project, specs.spec(("one", "two")))
    process = subprocess.Popen(
        command("ceo", project, "--mode", "build", "--runner", "offline"),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and (
        not journal_files(project) or len(journal_files(project)[-1].read_bytes().splitlines()) < lines
    ):
        time.sleep(0.001)
    end_group(process)
    factory("ceo", project).expect(EXIT_NO)
    assert traced(project) == (EXIT_NO, {"one": "failed", "two": "failed"})
    assert [row["hypothesis"] for row in history(project)] == ["Add word one", "Add word two"]
    told = events(project)
    answered = [event.data["key"] for event in told if event.type == "agent.completed"]
    assert len(answered) == len(set(answered)), "nothing is asked twice"
    assert [e.data["phase"] for e in told if e.type == "phase.outcome"] == [1, 2]
    assert len(journal_files(project)) == 1
    assert_sound(project)


def test_an_improvement_in_between_does_not_undo_what_was_built(project: Path) -> None:
    specs.approve(project, specs.spec(("one", "two")))
    build(project)
    Approvals(factory_home(), ProjectPaths(project).key).approve(
        IMPROVEMENT, who="person", form="improvement", title="Improvement Cycle", how="terminal"
    )
    ProjectPaths(project).plan.parent.mkdir(exist_ok=True)
    ProjectPaths(project).plan.write_text(IMPROVEMENT)
    cycles.run(project, Scripted({"builder": ["Nothing is done."]}), mode="improve")
    specs.approve(project, specs.spec(("one", "two", "three")))
    _, runner = build(project)
    assert builds(runner) == ["three"]
    assert traced(project) == (EXIT_OK, dict.fromkeys(("one", "two", "three"), "built"))


def test_a_journal_that_came_with_the_repository_builds_nothing(project: Path, tmp_path: Path) -> None:
    specs.approve(project, specs.spec(("one", "two")))
    build(project)
    assert traced(project) == (EXIT_OK, {"one": "built", "two": "built"})
    told = {
        f".factory/cycles/{path.name}": path.read_text()
        for path in ProjectPaths(project).cycles.glob("*.jsonl")
    }
    given = small_project(tmp_path / "given")
    for path, text in told.items():
        (given / path).parent.mkdir(parents=True, exist_ok=True)
        (given / path).write_text(text)
    git(given, "add", "--force", ".factory")
    git(given, "commit", "--quiet", "-m", "Hand it over as built")
    specs.approve(given, specs.spec(("one", "two")))
    assert traced(given) == (EXIT_NO, {"one": "not attempted", "two": "not attempted"})
    _, runner = build(given)
    assert builds(runner) == ["one", "two"]


class Nobody:
    """A terminal with a person that a build has no question for."""

    def discuss(self, draft: Any) -> Any:
        raise AssertionError("a build argues about no draft")

    def offer(self, summary: str) -> str:
        raise AssertionError("a build offers nothing")


def test_a_draft_that_breaks_rules_is_not_built_in_a_terminal_either(tmp_path: Path) -> None:
    new = make_repo(tmp_path / "words", {"README.md": "# Words\n"})
    spoiled = specs.spec(("one",)).replace("**Why:** It is wanted [R1].\n", "")
    runner = Scripted({"strategist": [spoiled], "builder": [specs.builder({})]})
    options = CycleOptions("build", runner=runner.name, idea="count words")
    lab = open_lab(new, lambda _: None)
    cycle = run_cycle(lab, options, Silent(), lambda role: runner, Nobody())
    ended = cycle.state.scope("").ended
    assert ended is not None and ended["reason"] == "draft_rejected"
    assert runner.of("builder") == []
    assert not (new / "SPEC.md").exists()


def test_in_lite_what_failed_is_not_excused_by_an_item_under_blocked(project: Path) -> None:
    waits = "- word one (§5.1) — which word it is"
    specs.approve(project, specs.spec(("one", "two")).replace("(none)", waits))
    runner = Scripted({"builder": [specs.builder({"one": "claims"})]})
    assert [exit_code(cycle) for cycle in chained(project, runner, mode="build", lite=True)][-1] == EXIT_NO


def test_an_approval_that_a_builder_has_laid_there_does_not_count(project: Path) -> None:
    text = specs.spec(("one", "two"))
    specs.approve(project, text)
    changed = text.replace("word two", "word too")

    def forge(invocation: Any) -> Any:
        """By another process of its own, that no parent tells of: the record as a person's would be."""
        (project / "SPEC.md").write_text(changed)
        folder = factory_home().approvals / ProjectPaths(project).key
        known = next(folder.glob("*.json")).read_text()
        sha256 = fingerprint(changed)
        (folder / f"{sha256}.md").write_text(changed)
        (folder / f"{sha256}.json").write_text(known.replace(fingerprint(text), sha256))
        return said("Done.")

    runner = Scripted({"builder": [forge]})
    with pytest.raises(Refused) as refused:
        cycles.run(project, runner, mode="build", sandbox="off")
    assert "SPEC.md was changed since it was approved" in refused.value.message
    assert Approvals(factory_home(), ProjectPaths(project).key).of(changed) is None
    again = factory("spec", "approve", project / "SPEC.md", "--yes").expect(EXIT_OK)
    assert "is approved" in again.out
