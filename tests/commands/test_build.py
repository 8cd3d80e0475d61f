"""Build as a person meets it: the real command line, an agent that is a process of its own."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from factory.agents.lite import LITE_INVOCATIONS
from factory.errors import EXIT_INTERRUPTED, EXIT_NO, EXIT_OK, EXIT_REFUSED
from factory.journal import read_events
from factory.paths import ProjectPaths
from tests.support import spec_agent, specs
from tests.support.cli import command, end_group, environment, factory
from tests.support.matrix import sampled
from tests.support.projects import POLICY, assert_sound, history, journal_files, refs, small_project
from tests.support.repos import git
from tests.support.role_model import GOOD

TEN = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ONE_TRY = f"{POLICY}\n[limits]\nphase_retries = 0\n"
BUILD = ("--mode", "build", "--runner", spec_agent.NAME, "--sandbox", "off")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the agent notes what it is asked."""
    return tmp_path / "asked.jsonl"


def approved(place: Path, text: str, *, policy: str = ONE_TRY) -> Path:
    """A project whose SPEC.md a person has approved by the command, and not committed."""
    project = small_project(place, policy=policy)
    (project / "SPEC.md").write_text(text)
    factory("spec", "approve", project / "SPEC.md", "--yes").expect(EXIT_OK)
    return project


def builds(log: Path) -> list[str]:
    return [said["word"] for said in spec_agent.asked(log) if said["role"] == "builder"]


def states(project: Path, code: int) -> list[str]:
    told = factory("spec", "trace", project, "--json").expect(code).json
    return [feature["state"] for feature in told["features"]]


def started(project: Path) -> subprocess.Popen[str]:
    """A build in a process that can be interrupted."""
    return subprocess.Popen(
        command("ceo", project, *BUILD),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def stopped_after(project: Path, phase: int) -> None:
    """Run a build and interrupt it once that phase has its outcome."""
    process = started(project)
    try:
        while process.poll() is None and outcomes(project) < phase:
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == EXIT_INTERRUPTED
    finally:
        end_group(process)


def outcomes(project: Path) -> int:
    return sum(path.read_text().count('"phase.outcome"') for path in journal_files(project))


def changed(text: str) -> str:
    """The text with another wish for its third feature."""
    return text.replace("The module three is there.", "The module three is right there.")


def test_ten_features_three_skipped_four_claimed_three_built(
    tmp_path: Path, factory_home: Path, log: Path
) -> None:
    project = approved(tmp_path / "calc", specs.spec(TEN))
    does = dict.fromkeys(TEN[:3], "skips") | dict.fromkeys(TEN[3:7], "claims")
    spec_agent.configure(factory_home, does, log)
    done = factory("ceo", project, *BUILD).expect(EXIT_NO)
    assert [line for line in done.out.splitlines() if line.startswith(("feature", "not every"))] == [
        *(f"feature 5.{n}: failed  word {name}" for n, name in enumerate(TEN[:7], start=1)),
        *(f"feature 5.{n}: built  word {name}" for n, name in enumerate(TEN[7:], start=8)),
        f"not everything that was approved is built: factory spec trace {project}",
    ]
    # Who leaves no change is asked once more.
    assert builds(log) == [*(name for name in TEN[:3] for _ in range(2)), *TEN[3:]]
    assert {said["role"] for said in spec_agent.asked(log)} & {"researcher", "strategist"} == set()
    assert_trace_of_ten(project)
    assert [path.stem for path in sorted((project / "calc").glob("*.py")) if path.stem in TEN] == sorted(
        TEN[7:]
    )
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "show", "HEAD:SPEC.md") + "\n" == specs.spec(TEN)
    assert_sound(project)


def assert_trace_of_ten(project: Path) -> None:
    """The trace, as text and as JSON, to the word."""
    kept = {row["id"]: row["commit"] for row in history(project) if row["verdict"] == "keep"}
    told = factory("spec", "trace", project).expect(EXIT_NO).out.splitlines()
    rows = [line.split("  ") for line in told[3:13]]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells == [
        *(
            [f"§5.{n}", f"word {name}", str(n), f"#{n} error", "not run", "failed"]
            for n, name in enumerate(TEN[:3], start=1)
        ),
        *(
            [f"§5.{n}", f"word {name}", str(n), f"#{n} revert", "failed", "failed"]
            for n, name in enumerate(TEN[3:7], start=4)
        ),
        *(
            [f"§5.{n}", f"word {name}", str(n), f"#{n} keep", kept[n][:8], "passed", "built"]
            for n, name in enumerate(TEN[7:], start=8)
        ),
    ]
    assert told[13:] == ["3 of 10 features built (30%), 7 failed"]
    data = factory("spec", "trace", project, "--json").expect(EXIT_NO).json
    assert data["complete"] is False
    assert data["totals"] == {
        "features": 10,
        "built": 3,
        "failed": 7,
        "blocked on the user": 0,
        "blocked by phase": 0,
        "not attempted": 0,
    }
    assert [(f["number"], f["verified"]) for f in data["features"]] == [
        (f"5.{n}", verified) for n, verified in enumerate([None] * 3 + [False] * 4 + [True] * 3, start=1)
    ]
    assert [f["commits"] for f in data["features"]] == [[]] * 7 + [[kept[n]] for n in (8, 9, 10)]


def test_a_build_goes_on_with_what_was_approved_anew(tmp_path: Path, factory_home: Path, log: Path) -> None:
    """The build of a text that only lies in the checkout, whose edit would be in the way of the merge."""
    text = specs.spec(TEN[:3])
    project = approved(tmp_path / "calc", text)
    spec_agent.configure(factory_home, {}, log)
    stopped_after(project, 1)
    (project / "SPEC.md").write_text(changed(text))
    refused = factory("ceo", project).expect(EXIT_REFUSED)
    assert "-**What:** The module three is there.\n+**What:** The module three is right there." in refused.err
    assert f"factory spec approve {project / 'SPEC.md'}, then factory ceo {project}" in refused.err
    assert builds(log) == ["one"]
    factory("spec", "approve", project / "SPEC.md", "--yes").expect(EXIT_OK)
    done = factory("ceo", project).expect(EXIT_OK)
    assert "ended early: superseded: the specification was changed, and approved anew" in done.out
    assert "goes on with: build" in done.out
    assert_three_built_once(project, log)
    assert (project / "SPEC.md").read_text() == changed(text)
    assert git(project, "show", "HEAD:SPEC.md") + "\n" == (project / "SPEC.md").read_text()


@pytest.mark.matrix
def test_a_build_goes_on_with_what_was_committed_and_approved_anew(
    tmp_path: Path, factory_home: Path, log: Path
) -> None:
    text = specs.spec(TEN[:3])
    project = approved(tmp_path / "calc", text)
    git(project, "add", "SPEC.md")
    git(project, "commit", "--quiet", "-m", "Specify")
    spec_agent.configure(factory_home, {}, log)
    stopped_after(project, 1)
    (project / "SPEC.md").write_text(changed(text))
    git(project, "commit", "--quiet", "-am", "Change the third word")
    factory("ceo", project).expect(EXIT_REFUSED)
    factory("spec", "approve", project / "SPEC.md", "--yes").expect(EXIT_OK)
    done = factory("ceo", project).expect(EXIT_OK)
    assert "main has moved" in done.err
    assert_three_built_once(project, log)


def assert_three_built_once(project: Path, log: Path) -> None:
    assert builds(log) == ["one", "two", "three"]
    assert states(project, EXIT_OK) == ["built"] * 3
    assert [(row["id"], row["verdict"]) for row in history(project)] == [(n, "keep") for n in (1, 2, 3)]
    assert git(project, "status", "--porcelain") == ""
    assert refs(project, "refs/heads") == ["refs/heads/main"]
    assert_sound(project)


@pytest.mark.matrix
def test_a_specification_of_the_build_itself_moves_with_its_target(
    tmp_path: Path, factory_home: Path, log: Path
) -> None:
    """The commit of SPEC.md is the program's own: replayed on a target that has moved, no guard objects."""
    project = approved(tmp_path / "calc", specs.spec(TEN[:2]))
    spec_agent.configure(factory_home, {}, log)
    stopped_after(project, 1)
    (project / "README.md").write_text("Calc.\n")
    git(project, "add", "README.md")
    git(project, "commit", "--quiet", "-m", "Tell what it is")
    done = factory("ceo", project).expect(EXIT_OK)
    assert "main has moved" in done.err
    assert "integrated: main is now at" in done.out
    assert states(project, EXIT_OK) == ["built", "built"]
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "show", "HEAD:README.md") == "Calc."
    assert_sound(project)


@pytest.mark.matrix
def test_a_specification_that_is_deleted_stops_the_build(
    tmp_path: Path, factory_home: Path, log: Path
) -> None:
    project = approved(tmp_path / "calc", specs.spec(TEN[:2]))
    git(project, "add", "SPEC.md")
    git(project, "commit", "--quiet", "-m", "Specify")
    spec_agent.configure(factory_home, {}, log)
    stopped_after(project, 1)
    git(project, "rm", "--quiet", "SPEC.md")
    git(project, "commit", "--quiet", "-m", "Forget it")
    assert "SPEC.md was deleted since it was approved." in factory("ceo", project).expect(EXIT_REFUSED).err
    git(project, "revert", "--no-edit", "HEAD")
    factory("ceo", project).expect(EXIT_OK)
    assert builds(log) == ["one", "two"]


def test_a_change_that_is_taken_back_lets_the_same_cycle_go_on(
    tmp_path: Path, factory_home: Path, log: Path
) -> None:
    text = specs.spec(TEN[:2])
    project = approved(tmp_path / "calc", text)
    spec_agent.configure(factory_home, {}, log)
    stopped_after(project, 1)
    (project / "SPEC.md").write_text(text + "\nMore.\n")
    factory("ceo", project).expect(EXIT_REFUSED)
    (project / "SPEC.md").write_text(text)
    factory("ceo", project).expect(EXIT_OK)
    assert builds(log) == ["one", "two"]
    assert len(journal_files(project)) == 1


def test_an_unapproved_edit_is_refused_before_anything_begins(
    tmp_path: Path, factory_home: Path, log: Path
) -> None:
    text = specs.spec(TEN[:1])
    project = approved(tmp_path / "calc", text)
    git(project, "add", "SPEC.md")
    git(project, "commit", "--quiet", "-m", "Specify")
    spec_agent.configure(factory_home, {}, log)
    (project / "SPEC.md").write_text(text.replace("word one", "word won"))
    refused = factory("ceo", project, *BUILD).expect(EXIT_REFUSED)
    assert "SPEC.md is not approved as it is now." in refused.err
    assert "-### 5.1 Feature: word one\n+### 5.1 Feature: word won" in refused.err
    assert f"factory spec approve {project / 'SPEC.md'}" in refused.err
    (project / "SPEC.md").unlink()
    assert "SPEC.md was deleted." in factory("ceo", project, *BUILD).expect(EXIT_REFUSED).err
    assert not journal_files(project)
    assert not log.exists()


def test_line_ends_that_git_converts_are_no_edit(tmp_path: Path, factory_home: Path, log: Path) -> None:
    text = specs.spec(TEN[:1])
    project = approved(tmp_path / "calc", text)
    git(project, "add", "SPEC.md")
    git(project, "commit", "--quiet", "-m", "Specify")
    git(project, "config", "core.autocrlf", "true")
    (project / "SPEC.md").write_bytes(text.replace("\n", "\r\n").encode())
    spec_agent.configure(factory_home, {}, log)
    factory("ceo", project, *BUILD).expect(EXIT_OK)
    assert builds(log) == ["one"]


def opened(project: Path) -> list[tuple[str, bool]]:
    """Mode and lite of every cycle, as they were opened, oldest first."""
    found = [read_events(path)[0].data for path in journal_files(project)]
    return [(data["mode"], data["options"]["lite"]) for data in found]


def assert_lite(project: Path, journal: Path) -> None:
    """A cycle that was lite in what it did and what it told: its calls, its steps, and the CEO's task."""
    told = read_events(journal)
    started = [event.data for event in told if event.type == "agent.started"]
    assert sum(data["invocations"] for data in started) <= LITE_INVOCATIONS
    assert "reviewer" not in {data["role"] for data in started}
    begun = [event for event in told if event.type == "experiment.begun"]
    assert len(begun) == 1
    folder = ProjectPaths(project).experiment(begun[0].experiment or 0) / "agents"
    assert ["## Lite Mode" in prompt.read_text() for prompt in folder.glob("ceo-*.prompt.md")] == [True]


def test_each_phase_of_a_lite_build_is_a_lite_cycle_until_all_were_attempted(
    tmp_path: Path, factory_home: Path, log: Path
) -> None:
    project = approved(tmp_path / "calc", specs.spec(TEN[:3], needs={"three": "two"}))
    spec_agent.configure(factory_home, {"two": "claims"}, log)
    done = factory("ceo", project, *BUILD, "--lite").expect(EXIT_NO)
    assert done.out.count("goes on with: build") == 2
    assert opened(project) == [("build", True)] * 3
    assert builds(log) == ["one", "two"]
    assert states(project, EXIT_NO) == ["built", "failed", "blocked by phase"]
    for journal in journal_files(project)[:2]:
        assert_lite(project, journal)
    assert_sound(project)


def test_a_lite_build_goes_on_to_a_lite_improve(tmp_path: Path, factory_home: Path, log: Path) -> None:
    project = approved(tmp_path / "calc", specs.spec(TEN[:2]))
    spec_agent.configure(factory_home, {}, log)
    factory("run", project, *BUILD, "--lite", "--loop", "--max-cycles", "2").expect(EXIT_OK)
    assert opened(project) == [("build", True), ("build", True), ("improve", True)]
    for journal in journal_files(project):
        assert_lite(project, journal)
    assert [row["hypothesis"] for row in history(project)] == ["Add word one", "Add word two", GOOD.title]
    assert {row["verdict"] for row in history(project)} == {"keep"}


@pytest.mark.slow
@pytest.mark.matrix
def test_a_lite_build_sets_up_and_goes_on_lite(tmp_path: Path, factory_home: Path, log: Path) -> None:
    """The link through discover: a project without a policy gets one before its first phase."""
    project = approved(tmp_path / "calc", specs.spec(TEN[:1]))
    git(project, "rm", "--quiet", "factory.toml")
    git(project, "commit", "--quiet", "-m", "Forget the policy")
    spec_agent.configure(factory_home, {}, log)
    factory("run", project, *BUILD, "--lite", "--loop", "--max-cycles", "2").expect(EXIT_OK)
    assert opened(project) == [("build", True), ("improve", True)]
    assert "factory.toml" in git(project, "ls-tree", "--name-only", "HEAD")
    made = next(e.data for e in read_events(journal_files(project)[0]) if e.data.get("step") == "setup_phase"
                and e.type == "step.completed")  # fmt: skip
    assert made["result"]["made"]
    for journal in journal_files(project):
        assert_lite(project, journal)


@pytest.mark.matrix
def test_a_build_that_is_not_complete_is_not_improved(tmp_path: Path, factory_home: Path, log: Path) -> None:
    project = approved(tmp_path / "calc", specs.spec(TEN[:2]))
    spec_agent.configure(factory_home, {"two": "claims"}, log)
    factory("run", project, *BUILD, "--loop", "--max-cycles", "3").expect(EXIT_NO)
    assert opened(project) == [("build", False)]


@pytest.mark.parametrize("how", sampled(["edits", "commits"], ["edits"]))
def test_an_agent_that_changes_the_persons_specification_is_noticed(
    tmp_path: Path, factory_home: Path, log: Path, how: str
) -> None:
    """Without a sandbox it can: that phase does not count, and the next one does not begin."""
    text = specs.spec(TEN[:2])
    project = approved(tmp_path / "calc", text)
    git(project, "add", "SPEC.md")
    git(project, "commit", "--quiet", "-m", "Specify")
    spec_agent.configure(factory_home, {"one": f"{how} {project / 'SPEC.md'}"}, log)
    refused = factory("ceo", project, *BUILD).expect(EXIT_REFUSED)
    assert "SPEC.md was changed since it was approved." in refused.err
    assert "+And more." in refused.err
    assert builds(log) == ["one"]
    assert [row["reason"] for row in history(project)] == ["guard"]
    # It cannot have approved that; a person who does goes on.
    factory("spec", "approve", project / "SPEC.md", "--yes", env={"FACTORY_ROLE": "builder"}).expect(
        EXIT_REFUSED
    )
    spec_agent.configure(factory_home, {}, log)
    factory("spec", "approve", project / "SPEC.md", "--yes").expect(EXIT_OK)
    factory("ceo", project).expect(EXIT_OK)
    assert states(project, EXIT_OK) == ["built", "built"]
    assert builds(log) == ["one", "one", "two"]
    assert_sound(project)


def test_an_agent_that_changes_the_specification_in_its_workspace_is_reverted(
    tmp_path: Path, factory_home: Path, log: Path
) -> None:
    project = approved(tmp_path / "calc", specs.spec(TEN[:2]))
    spec_agent.configure(factory_home, {"one": "edits SPEC.md"}, log)
    factory("ceo", project, *BUILD).expect(EXIT_NO)
    assert states(project, EXIT_NO) == ["failed", "built"]
    assert [row["reason"] for row in history(project)] == ["guard", "held_delivered"]
    assert git(project, "show", "HEAD:SPEC.md") + "\n" == specs.spec(TEN[:2])


def test_what_waits_for_the_user_is_told_and_no_failure(
    tmp_path: Path, factory_home: Path, log: Path
) -> None:
    text = specs.spec(TEN[:2])
    start = text.index("### Phase 2")
    blocked = "### Blocked (requires user input)\n\n- word two (§5.2) — the spelling that the user wants\n"
    project = approved(tmp_path / "calc", text[:start] + blocked)
    spec_agent.configure(factory_home, {}, log)
    done = factory("ceo", project, *BUILD).expect(EXIT_OK)
    assert "feature 5.2: blocked on the user  word two" in done.out
    told = factory("spec", "trace", project).expect(EXIT_OK).out
    assert "blocked on the user: word two (§5.2) — the spelling that the user wants" in told
    assert told.splitlines()[-1] == "1 of 2 features built (50%), 1 blocked on the user"
    assert states(project, EXIT_OK) == ["built", "blocked on the user"]


def test_a_check_that_passed_before_shows_nothing(tmp_path: Path, factory_home: Path, log: Path) -> None:
    text = specs.spec(TEN[:2]).replace("`grep -q done calc/two.py`", "`test -d calc`")
    project = approved(tmp_path / "calc", text)
    spec_agent.configure(factory_home, {}, log)
    factory("ceo", project, *BUILD).expect(EXIT_NO)
    assert states(project, EXIT_NO) == ["built", "failed"]
    told = factory("spec", "trace", project).expect(EXIT_NO).out.splitlines()[4]
    assert told.split()[4:] == ["#2", "revert", "passed", "before", "already", "failed"]
    second = factory("spec", "trace", project, "--json").json["features"][1]
    assert (second["verified"], second["passed_before"]) == (False, True)
    assert "a row of the matrix does not show it" in history(project)[1]["notes"]


@pytest.mark.parametrize("retries", sampled([0, 2], [2]))
def test_a_phase_is_tried_as_often_as_the_limit_says(
    tmp_path: Path, factory_home: Path, log: Path, retries: int
) -> None:
    """A retry resembles what was just reverted, and is no repetition without a new approach."""
    policy = f"{POLICY}\n[limits]\nphase_retries = {retries}\n"
    project = approved(tmp_path / "calc", specs.spec(TEN[:1]), policy=policy)
    spec_agent.configure(factory_home, {"one": "claims"}, log)
    factory("ceo", project, *BUILD).expect(EXIT_NO)
    assert builds(log) == ["one"] * (1 + retries)
    assert [row["reason"] for row in history(project)] == ["no_effect"] * (1 + retries)
    told = factory("spec", "trace", project, "--json").expect(EXIT_NO).json["features"][0]
    assert [(a["id"], a["verdict"]) for a in told["experiments"]] == [
        (n, "revert") for n in range(1, 2 + retries)
    ]


@pytest.mark.parametrize(
    "step", sampled(["build", "measure", "finalize", "archive", "account", "close"], ["build", "account"])
)
def test_a_build_killed_in_a_step_comes_to_what_it_would_have_come_to(
    tmp_path: Path, factory_home: Path, log: Path, step: str
) -> None:
    project = approved(tmp_path / "calc", specs.spec(TEN[:2]))
    spec_agent.configure(factory_home, dict.fromkeys(TEN[:2], "slowly"), log)
    process = started(project)
    while process.poll() is None and not in_step(project, step):
        time.sleep(0.001)
    end_group(process)
    process.wait()
    if read_events(journal_files(project)[0])[-1].type != "cycle.closed":
        factory("ceo", project).expect(EXIT_OK)
    assert states(project, EXIT_OK) == ["built", "built"]
    assert [(row["id"], row["verdict"]) for row in history(project)] == [(1, "keep"), (2, "keep")]
    assert len(journal_files(project)) == 1
    told = read_events(journal_files(project)[0])
    answered = [event.data["key"] for event in told if event.type == "agent.completed"]
    assert len(answered) == len(set(answered)), "what was answered is not asked again"
    # A call in flight is paid again, and no other.
    assert len(spec_agent.asked(log)) <= len(answered) + 1
    assert [event.data["phase"] for event in told if event.type == "phase.outcome"] == [1, 2]
    assert refs(project, "refs/heads") == ["refs/heads/main"]
    assert factory("gc", project).expect(EXIT_OK).out == "nothing to remove\n"
    assert_sound(project)


def in_step(project: Path, step: str) -> bool:
    return any(f'"step":"{step}"' in path.read_text() for path in journal_files(project))
