"""`status`, `log`, `message`, `abandon`, `gc` and the mistakes that people make with `ceo` and its kin."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from factory.errors import EXIT_OK, EXIT_REFUSED, EXIT_USAGE
from factory.journal import Journal
from factory.paths import factory_home
from factory.target import FIRST_MESSAGE
from tests.support.cli import Result, factory
from tests.support.projects import (
    CLEAN_SUMS,
    assert_sound,
    begin,
    events,
    history,
    journal_files,
    refs,
    small_project,
)
from tests.support.repos import commit, git, make_repo

STATUS_KEYS = [
    *("cycle", "state", "mode", "lite", "running", "step", "parked", "ended"),
    *("kept", "reverted", "errors", "invocations", "tokens", "cost_usd", "integration"),
    *("integration_message", "research", "by_hand", "waiting"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


def journal_of(project: Path, *entries: tuple[str, Mapping[str, object]]) -> None:
    """A cycle's journal with these events after its opening."""
    cycle = "20260101-000000-00000000"
    journal = Journal(project / f".factory/cycles/{cycle}.jsonl", cycle, project / ".git")
    start = git(project, "rev-parse", "HEAD")
    journal.append("cycle.opened", mode="improve", options={"mode": "improve"}, target="main", start=start)
    for kind, data in entries:
        journal.append(kind, **data)


STUDY = ("step.started", {"scope": "", "step": "study"})
PARKED = ("cycle.parked", {"scope": "", "step": "study", "why": "no login"})
BRANCH = dict.fromkeys(("branch", "target", "head", "message", "start", "kept"), "x")
WAITING = ("integration", {"status": "pending"} | BRANCH)
RESEARCHED = ("cycle.closed", {"research": {"stop": "plateau", "detail": "no new best in 2"}})
CLOSED = ("cycle.closed", {"kept": 1})
ENDED_EARLY = ("cycle.closed", {"ended": {"reason": "no_plan", "detail": "nothing to propose"}})
ABANDONED = ("cycle.abandoned", {"why": "another idea"})


class TestUsage:
    def test_what_called_no_model_is_left_out_for_a_person(self, project: Path) -> None:
        workspace = {"name": "1", "workspace": ""}
        calls = {"builder": 0, "reviewer": 1}
        ended = {"tokens_in": 3, "tokens_out": 4, "duration_s": 0.2}
        entries: list[tuple[str, Mapping[str, object]]] = []
        for role, n in calls.items():
            entries.append(("agent.started", {"key": role, "role": role, "invocations": n, **workspace}))
            spent = ended if n else {"tokens_in": 0, "tokens_out": 0, "duration_s": 0.1}
            entries.append(("agent.completed", {"key": role, "role": role, "name": "1", **spent}))
        journal_of(project, *entries)
        assert set(factory("usage", project, "--json").expect(0).json["roles"]) == set(calls)
        told = factory("usage", project).expect(0).out
        assert "\nreviewer " in told
        assert "builder" not in told
        assert told.endswith(
            "left out: roles, cycles and experiments without a call of a model (--json has them)\n"
        )


class TestStatus:
    def test_nothing_has_run(self, project: Path) -> None:
        told = factory("status", project, "--json").expect(0).json
        assert list(told) == STATUS_KEYS
        assert (told["cycle"], told["state"], told["kept"]) == (None, "none", 0)

    @pytest.mark.parametrize(
        ("entries", "state", "lines"),
        [
            (
                [STUDY],
                "interrupted",
                ["at: study", "next: `factory ceo {0}` resumes it, `factory abandon {0}` ends it"],
            ),
            ([STUDY, PARKED], "parked", ["at: study: no login"]),
            ([STUDY, WAITING, CLOSED], "ended", ["integration: pending: x"]),
            ([STUDY, RESEARCHED], "ended", ["research ended: plateau: no new best in 2"]),
            ([STUDY, ENDED_EARLY], "ended", ["ended early: no_plan: nothing to propose"]),
            ([STUDY, ABANDONED], "abandoned", ["ended early: another idea"]),
        ],
    )
    def test_each_state(
        self, project: Path, entries: list[tuple[str, Mapping[str, object]]], state: str, lines: list[str]
    ) -> None:
        journal_of(project, *entries)
        told = factory("status", project, "--json").expect(0).json
        assert list(told) == STATUS_KEYS
        assert (told["cycle"], told["state"]) == ("20260101-000000-00000000", state)
        out = factory("status", project).expect(0).out.splitlines()
        assert out[0] == f"cycle 20260101-000000-00000000 (improve): {state}"
        assert {line.format(project) for line in lines} <= set(out)

    def test_an_experiment_by_hand_is_no_cycle(self, project: Path) -> None:
        begin(project)
        assert factory("status", project, "--json").expect(0).json["state"] == "none"
        told = factory("status", project).expect(0).out
        assert f"experiment 1, begun by hand, is not decided: `factory history {project} --id 1`\n" in told
        assert factory("abandon", project).expect(3).err.startswith("factory: There is no cycle in flight")


class TestLog:
    def test_a_note_goes_into_the_cycle_in_flight(self, project: Path) -> None:
        journal_of(project, STUDY)
        factory("log", project, "deploy", "--data", '{"version": "1.2", "self": 1, "type": "x"}').expect(0)
        assert len(journal_files(project)) == 1
        assert (events(project)[-1].type, events(project)[-1].data) == (
            "note.deploy",
            {"version": "1.2", "self": 1, "type": "x"},
        )

    def test_without_a_cycle_it_has_a_journal_of_its_own_and_none_is_in_flight(self, project: Path) -> None:
        done = factory("log", project, "deploy").expect(0)
        assert done.out == f"{journal_files(project)[0].stem}: event 2: note.deploy\n"
        assert factory("status", project, "--json").json["state"] == "none"
        assert_sound(project)

    def test_it_cannot_pass_for_an_event_of_the_engine(self, project: Path) -> None:
        journal_of(project, STUDY)
        factory("log", project, "cycle.closed").expect(0)
        factory("log", project, "experiment.finalized", "--data", '{"verdict": "keep"}').expect(0)
        assert factory("status", project, "--json").json["state"] == "interrupted"
        assert factory("integrate", project).expect(0).out == "nothing is pending\n"
        assert_sound(project)

    @pytest.mark.parametrize("data", ["[]", "{", "1", '{"x": NaN}', '"text"', "[" * 100_000])
    def test_data_that_is_no_object_is_a_usage_error(self, project: Path, data: str) -> None:
        assert "--data is not" in factory("log", project, "x", "--data", data).expect(2).err

    def test_a_type_that_is_none(self, project: Path) -> None:
        assert "is no event type" in factory("log", project, "a b").expect(2).err


class TestGc:
    def test_it_removes_what_nothing_needs_and_keeps_the_rest(
        self, project: Path, factory_home: Path
    ) -> None:
        open_one = begin(project)
        places = open_one.workspace.parents[1]
        for name in ("checkout-999999999-abcdefgh", "exp-077"):
            (places / name).mkdir()
        (places / f"checkout-{os.getpid()}-abcdefgh").mkdir()
        stray = git(project, "rev-parse", "HEAD")
        git(project, "branch", "factory/exp-077-left-over")
        git(project, "branch", "factory/mine")
        gone = factory("gc", project, "--dry-run", "--json").expect(0).json
        assert gone["dry_run"] is True
        assert (places / "exp-077").exists()
        assert (
            factory("gc", project, "--json").expect(0).json["removed"]
            == gone["removed"]
            == [
                str(places / "exp-077"),
                str(places / "checkout-999999999-abcdefgh"),
                "refs/heads/factory/exp-077-left-over",
            ]
        )
        assert git(project, "rev-parse", "refs/factory/abandoned/exp-077-left-over") == stray
        assert open_one.workspace.exists()
        assert (places / f"checkout-{os.getpid()}-abcdefgh").exists()
        assert "refs/heads/factory/mine" in refs(project)
        assert open_one.edit({"calc/sums.py": CLEAN_SUMS}).decide() == ("keep", "improved")

    def test_a_damaged_journal_costs_no_workspace(self, project: Path) -> None:
        begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
        path = journal_files(project)[0]
        path.write_text(path.read_text().replace('"seq":2', '"seq":7'))
        factory("gc", project)
        assert (begun.workspace / "calc/sums.py").read_text() == CLEAN_SUMS


def one_sentence(done: Result) -> str:
    """The first line of an error, which is all that it takes; no traceback."""
    assert "Traceback" not in done.err
    assert done.out == ""
    first, *_ = done.err.splitlines()
    assert first.startswith("factory: ")
    assert first.endswith(".")
    return first.removeprefix("factory: ")


COMMANDS = [
    ("ceo", ()),
    ("run", ()),
    ("begin", ("--hypothesis", "x")),
    ("eval", ()),
    ("guard", ("--baseline", "HEAD")),
    ("verify", ()),
    ("integrate", ()),
    ("gc", ()),
    ("study", ()),
    ("discover", ()),
    ("init", ()),
    ("log", ("x",)),
    ("message", ("x",)),
    ("abandon", ()),
    ("status", ()),
]


class TestMistakes:
    @pytest.mark.parametrize(("name", "options"), COMMANDS)
    def test_a_path_that_is_none_a_file_or_no_repository(
        self, tmp_path: Path, name: str, options: tuple[str, ...]
    ) -> None:
        (tmp_path / "file").write_text("x")
        (tmp_path / "plain").mkdir()
        for place in ("none", "file", "plain"):
            done = factory(name, tmp_path / place, *options).expect(2)
            assert str(tmp_path / place) in one_sentence(done)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "plain"]

    @pytest.mark.parametrize(("name", "options"), [c for c in COMMANDS if c[0] != "status"])
    def test_a_repository_without_a_commit(self, tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
        git(tmp_path, "init", "--quiet", "empty")
        done = factory(name, tmp_path / "empty", *options).expect(2)
        assert one_sentence(done) == f"{tmp_path / 'empty'} has no commit yet."
        assert "There is no file in it: put a project's files there" in done.err

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (("--versoin",), "unrecognized arguments: --versoin"),
            ((), "a COMMAND is required; `factory --help` lists all"),
            (("history", ".", "--al"), "unrecognized arguments: --al; did you mean '--all'?"),
            (("eval", ".", "x", "y"), "unrecognized arguments: x y\n"),
            (("ceo", ".", "--lit"), "unrecognized arguments: --lit"),
            (("ceo", ".", "--focus", " "), "The focus is empty."),
        ],
    )
    def test_what_was_mistyped_is_named(self, project: Path, args: tuple[str, ...], said: str) -> None:
        assert said in factory(*args, cwd=project).expect(2).err

    def test_a_home_that_cannot_be_made_is_noticed_before_a_cycle_is_opened(self, project: Path) -> None:
        words = ("ceo", project, "--runner", "offline")
        lacking = factory(*words, env={"FACTORY_HOME": "/proc/none"}).expect(4)
        assert one_sentence(lacking) == "/proc/none cannot be made."
        assert journal_files(project) == []

    def test_files_without_git_are_told_the_commands_to_type(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").touch()
        done = factory("ceo", tmp_path).expect(2)
        assert f"git -C {tmp_path} init\n" in done.err

    def test_a_detached_head(self, project: Path) -> None:
        policy = (project / "factory.toml").read_text().replace('target_branch = "main"\n', "")
        commit(project, {"factory.toml": policy}, "No target")
        git(project, "checkout", "--quiet", "--detach")
        for command in (("ceo", project), ("begin", project, "--hypothesis", "x")):
            done = factory(*command).expect(2)
            assert "The head is detached, so there is no target branch." in done.err
            assert "--branch" in done.err
        git(project, "branch", "--force", "main")
        factory("begin", project, "--hypothesis", "x", "--branch", "main").expect(0)

    def test_a_target_branch_that_is_not_there(self, project: Path) -> None:
        done = factory("begin", project, "--hypothesis", "x", "--branch", "nowhere").expect(2)
        assert one_sentence(done) == "There is no local branch 'nowhere' to take as target."

    def test_a_broken_policy_names_its_line(self, project: Path) -> None:
        commit(project, {"factory.toml": 'goal = "x"\n[evil]\npython = 3\n'}, "Broken")
        for command in (("ceo", project), ("begin", project, "--hypothesis", "x"), ("eval", project)):
            done = factory(*command).expect(2)
            assert "factory.toml at " in done.err
            assert ":2: evil" in done.err
            assert "Traceback" not in done.err

    def test_an_unknown_runner_and_mode(self, project: Path) -> None:
        said = factory("ceo", project, "--runner", "nobody").expect(2).err
        assert '--runner: got "nobody", expected one of auto, claude, ' in said
        assert "There is no mode 'fly'." in factory("ceo", project, "--mode", "fly").expect(2).err
        assert journal_files(project) == []

    def test_an_id_that_is_none(self, project: Path) -> None:
        for command in ("eval", "precheck", "finalize"):
            done = factory(command, project, "--id", "9").expect(2)
            assert one_sentence(done) == "There is no experiment 9 here to work on."
        assert "'0' is not a whole number, 1 or more" in factory("eval", project, "--id", "0").expect(2).err

    def test_an_experiment_of_a_cycle_is_not_worked_on_by_hand(self, project: Path) -> None:
        factory("ceo", project, "--runner", "offline").expect(0)
        assert "Experiment 1 is finalized already." in factory("finalize", project, "--id", "1").expect(3).err
        assert factory("precheck", project, "--id", "1", "--json").expect(0).json["passed"] is True

    def test_an_empty_hypothesis(self, project: Path) -> None:
        assert (
            one_sentence(factory("begin", project, "--hypothesis", " ").expect(2))
            == "The hypothesis is empty."
        )

    def test_no_score_is_an_argument_anywhere(self, project: Path) -> None:
        begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
        for option in ("--score", "--score-after", "--delta", "--verdict"):
            assert "unrecognized arguments" in begun.run("finalize", option, "1").expect(2).err

    def test_a_check_is_not_passed_by_without_a_terminal(self, project: Path) -> None:
        begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
        begun.measure()
        done = begun.run("finalize", "--override", "review", "--reason", "trust me").expect(3)
        assert "Traceback" not in done.err
        override = ("finalize", project, "--id", str(begun.id), "--override", "review", "--reason", "x")
        agent = factory(*override, env={"FACTORY_CYCLE": "1"}).expect(3)  # its role it has taken off
        assert "Only a person can pass a check by" in agent.err
        assert "There is no check 'all'." in begun.run("finalize", "--override", "all").expect(2).err
        assert "only with a reason" in begun.run("finalize", "--override", "review").expect(2).err
        assert history(project) == []

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_checkout_that_may_not_be_written_to(self, project: Path) -> None:
        project.chmod(0o555)
        try:
            done = factory("begin", project, "--hypothesis", "x").expect(4)
        finally:
            project.chmod(0o755)
        assert "Permission denied" in done.err

    def test_a_state_folder_in_the_way(self, project: Path) -> None:
        (project / ".factory").write_text("a file")
        done = factory("begin", project, "--hypothesis", "x")
        assert "Traceback" not in done.err
        assert "this is a bug" not in done.err
        assert done.code == 2

    def test_a_branch_name_that_git_will_not_have(self, tmp_path: Path) -> None:
        project = small_project(tmp_path / "calc")
        git(project, "branch", "factory")
        done = factory("begin", project, "--hypothesis", "x").expect(2)
        assert "Traceback" not in done.err
        assert "git could not move refs/heads/factory/exp-001-x" in done.err

    def test_a_linked_worktree_is_the_same_project(self, project: Path, tmp_path: Path) -> None:
        git(project, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
        factory("begin", tmp_path / "side", "--hypothesis", "x").expect(0)
        assert (project / ".factory").is_dir()
        assert not (tmp_path / "side/.factory").exists()

    def test_json_of_begin_is_what_a_script_needs(self, project: Path) -> None:
        done = factory("begin", project, "--hypothesis", "x", "--json").expect(0)
        assert list(json.loads(done.out)) == ["id", "branch", "workspace", "baseline"]

    def test_a_submodule_is_its_own_project(self, project: Path, tmp_path: Path) -> None:
        inner = make_repo(tmp_path / "inner", {"x.py": "X = 1\n"})
        git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
        git(project, "commit", "--quiet", "--message", "Sub")
        begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
        assert begun.decide() == ("keep", "improved")


def test_the_distiller_is_told_of_politely(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    done = factory("agent", "distiller", "--project", project, "--task", "x").expect(EXIT_USAGE)
    assert done.err.startswith(
        "factory: There is no Distiller any more: turning research into a spec is the Strategist's work.\n"
        "  `factory agent strategist …`\n"
    )


def test_a_design_tells_the_ceo_what_it_starts_from(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    dry = factory("ceo", project, "--mode", "design", "--dry-run").expect(EXIT_OK).out
    assert "## Design Mode (Phase 0)\n" in dry and "`existing_project: true`\n" in dry
    new = make_repo(tmp_path / "new", {"README.md": "# new\n\na chess clock\n"}, message=FIRST_MESSAGE)
    dry = factory("ceo", "a chess clock", "--mode", "design", "--dry-run", "--dir", new).expect(EXIT_OK).out
    assert "A new project.\n\nThe idea:\n\n```text\na chess clock\n```\n" in dry


class TestSettingsOfACycle:
    """Flag, environment, project, the user's config.toml: the stronger one's word counts."""

    USER = (
        '[runner]\ndefault = "mine"\nmodel = "m-1"\n'
        '[runner.reviewer]\nname = "offline"\n[runner.builder]\nmodel = "m-2"\n'
        '[limits]\ninvocations = 9\n[runner.commands.mine]\nargv = ["true"]\n'
    )

    def told(self, project: Path, *flags: str, env: dict[str, str | None] | None = None) -> list[str]:
        lines = factory("ceo", project, "--dry-run", *flags, env=env).expect(0).out.splitlines()
        return [line for line in lines if line.startswith(("runner", "budget"))]

    def test_precedence(self, project: Path) -> None:
        home = factory_home().root
        home.mkdir(parents=True, exist_ok=True)
        (home / "config.toml").write_text(self.USER)
        assert self.told(project) == [
            "runner: mine m-1",
            "runner of the builder: mine m-2",
            "runner of the reviewer: offline",
            "budget: 9 invocations, 2 redirects",
        ]
        policy = (project / "factory.toml").read_text() + '\n[runner]\ndefault = "offline"\n'
        commit(project, {"factory.toml": policy + "[limits]\ninvocations = 8\n"}, "Runner and limits")
        assert self.told(project) == ["runner: offline", "budget: 8 invocations, 2 redirects"]
        env: dict[str, str | None] = {"FACTORY_RUNNER": "mine", "FACTORY_BUDGET_INVOCATIONS": "7"}
        assert self.told(project, env=env) == ["runner: mine", "budget: 7 invocations, 2 redirects"]
        flags = ("--runner", "offline", "--budget-invocations", "6")
        assert self.told(project, *flags, env=env) == [
            "runner: offline",
            "budget: 6 invocations, 2 redirects",
        ]


def test_a_mistyped_command_is_told_with_the_one_that_was_meant() -> None:
    assert factory("histroy").expect(2).err == (
        "factory: there is no command 'histroy'; did you mean 'history'? `factory --help` lists all.\n"
    )
    assert factory("eval", "a", "b").expect(2).err.startswith("usage: factory eval [-h] ")


@pytest.mark.parametrize("words", [("discover",), ("ceo", "--runner", "offline")])
def test_a_commit_without_a_file_is_nothing_to_measure(tmp_path: Path, words: tuple[str, ...]) -> None:
    place = tmp_path / "empty"
    git(tmp_path, "init", "--quiet", "empty")
    git(place, "commit", "--quiet", "--allow-empty", "-m", "Start")
    done = factory(words[0], place, *words[1:]).expect(4)
    assert f"There is no file in {place} at " in done.err
    assert 'start with an idea in a folder of its own: factory ceo "…" --dir FOLDER' in done.err
    assert not (place / "factory.toml").exists()
    factory("abandon", place).expect(EXIT_REFUSED)
