"""``factory contribute`` by the real command line: what arrives, what never does, and who may say yes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory.ace.library import Library
from factory.paths import HomePaths
from factory.registry import Registry
from tests.support import example_projects, learning
from tests.support.cli import Result, command, environment, factory
from tests.support.fake_gh import FakeGitHub, install
from tests.support.learning import (
    GENERAL_HISTORY,
    GENERAL_TEXT,
    OTHER_GENERAL_HISTORY,
    OTHER_GENERAL_TEXT,
    SPECIFIC_TEXT,
)
from tests.support.pty import Terminal
from tests.support.repos import git

BUILDER = """\
# Playbook: builder

Words that people wrote.

### DO

- [build-00001] helpful=0 harmful=0 :: Read the failing test before the code, for it says what is meant.

### DON'T

- [build-00002] helpful=0 harmful=0 :: Do not touch the harness, for it belongs to the judge.
"""
SLUG = "makers/factory"
FILE = "factory/agents/playbooks/builder.md"


class Desk:
    """A person's machine with projects, evolved playbooks and an upstream repository."""

    def __init__(self, top: Path, factory_home: Path) -> None:
        self.top, self.home = top, factory_home
        history = [*GENERAL_HISTORY, *OTHER_GENERAL_HISTORY]
        names = ("zebra-x", "koala-y", "marmot-z")
        self.projects = learning.shelf(top / "projects", dict.fromkeys(names, history))
        self.bare = learning.upstream(top, {"builder": BUILDER})
        self.evolve((GENERAL_TEXT, 12, 1), (SPECIFIC_TEXT, 3, 3))

    def evolve(self, *items: tuple[str, int, int]) -> None:
        learning.evolve(self.home, learning.playbook("builder", items))

    def submit(self, *args: str, repo: str = "", **env: str) -> Result:
        where = ("--projects-dir", self.projects, "--repo", repo or self.bare)
        return factory("contribute", "--submit", *where, *args, env=env)

    def branches(self, bare: Path | None = None) -> list[str]:
        return git(bare or self.bare, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()


@pytest.fixture(scope="session")
def path_without_gh(tmp_path_factory: pytest.TempPathFactory) -> str:
    """No test meets the machine's own ``gh``: a folder of links to all else on the PATH."""
    place = tmp_path_factory.mktemp("bin")
    for folder in map(Path, os.environ["PATH"].split(os.pathsep)):
        for program in folder.iterdir() if folder.is_dir() else ():
            link = place / program.name
            if program.name != "gh" and not link.is_symlink():
                link.symlink_to(program)
    return str(place)


@pytest.fixture
def desk(tmp_path: Path, factory_home: Path, path_without_gh: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("PATH", path_without_gh)
    return Desk(tmp_path, factory_home)


@pytest.fixture
def hub(tmp_path: Path, desk: Desk) -> FakeGitHub:
    made = install(tmp_path / "hub", Path(os.environ["GIT_CONFIG_GLOBAL"]), writable=[SLUG])
    made.host(SLUG, desk.bare)
    return made


def with_hub(hub: FakeGitHub) -> dict[str, str]:
    return {"PATH": f"{hub.bin}{os.pathsep}{os.environ['PATH']}"}


class TestClassify:
    def test_it_sorts_and_says_why_within_80_columns(self, desk: Desk) -> None:
        done = factory("contribute", "--classify", "--projects-dir", desk.projects).expect(0)
        assert done.out.startswith(
            "2 learned items, judged by 3 unrelated projects\n"
            "\n"
            "General: may be offered upstream (1)\n"
            "\n"
            "0.92 █████████░  builder/build-00101  DO\n"
            "  Add tests for the error paths of a module before changing its behaviour.\n"
            "  projects ██████ 1.00 domain ██████ 1.00 evidence █████░ 0.85 topic ████░░ 0.70\n"
            "  General: experiments of its kind are found in 3 unrelated projects, and it\n"
            "  scores 0.92.\n"
            "  Evidence: 6 matching experiments in 3 of 3 unrelated projects: 6 kept, 0\n"
            "  reverted; cited helpful 12, harmful 1 as written in the file; topic testing.\n"
            "\n"
            "Specific: stays here (1)\n"
        )
        assert done.out.endswith(
            "  factory contribute --submit --dry-run    shows exactly what would be sent\n"
        )
        assert max(map(len, done.out.splitlines())) <= 80

    def test_what_was_counted_is_told_and_not_what_was_typed_since(self, desk: Desk) -> None:
        Library(HomePaths(desk.home).playbooks).refresh("builder")
        desk.evolve((GENERAL_TEXT, 50, 0))
        told = factory("contribute", "--classify", "--projects-dir", desk.projects).expect(0).out
        assert "cited helpful 12, harmful 1; topic" in " ".join(told.split())

    def test_twelve_projects_sort_a_mixed_set(self, tmp_path: Path, factory_home: Path) -> None:
        """By the projects of ``example_projects``, copies counted once."""
        example_projects.make_projects(tmp_path / "twelve")
        items = [
            ("Rename the reader module only where nobody imports it", 9, 0),
            ("Test the account with odd amounts of an invoice or payment", 4, 4),
            (SPECIFIC_TEXT, 1, 4),
        ]
        learning.evolve(factory_home, learning.playbook("builder", items))
        done = factory("contribute", "--classify", "--json", "--projects-dir", tmp_path / "twelve").expect(0)
        found = {one["id"]: one for one in done.json["items"]}
        assert done.json["projects"] == 8
        assert found["build-00101"]["label"] == "general"
        assert found["build-00101"]["unrelated_projects"] == 4
        assert (found["build-00102"]["label"], found["build-00102"]["unrelated_projects"]) == ("uncertain", 3)
        assert found["build-00102"]["missing"] == [
            "a clearer balance of helpful over harmful",
            'a wording without "invoice", "payment"',
        ]
        assert found["build-00103"]["label"] == "specific"

    def test_json_and_what_is_stored_agree(self, desk: Desk) -> None:
        found = factory("contribute", "--classify", "--json", "--projects-dir", desk.projects).expect(0).json
        assert found["projects"] == 3
        first = found["items"][0]
        assert (first["id"], first["label"], first["unrelated_projects"]) == ("build-00101", "general", 3)
        assert (first["experiments_kept"], first["experiments_reverted"], first["missing"]) == (6, 0, [])
        status = factory("contribute", "--status", "--json").expect(0).json
        assert [one["item"] for one in status["candidates"]] == ["builder/build-00101", "builder/build-00102"]
        assert status["submissions"] == []

    def test_without_an_evolved_playbook_it_says_so(self, factory_home: Path) -> None:
        done = factory("contribute", "--classify").expect(0)
        assert done.out.splitlines()[0] == (
            "No item of your playbooks differs from the defaults: `factory ace` evolves them."
        )

    def test_a_damaged_line_is_reported_and_the_rest_counts(self, desk: Desk) -> None:
        path = desk.home / "playbooks" / "builder.md"
        path.write_text(path.read_text() + "- a line of no form\n")
        done = factory("contribute", "--classify", "--projects-dir", desk.projects).expect(0)
        assert "builder.md:" in done.err
        assert "damaged, not classified" in done.err
        assert "build-00101" in done.out

    def test_options_of_submit_need_submit(self, desk: Desk) -> None:
        assert "--yes belongs to --submit" in factory("contribute", "--classify", "--yes").expect(2).err


class TestWhatArrives:
    def test_exactly_the_previewed_change(self, desk: Desk) -> None:
        shown = desk.submit("--dry-run").expect(0)
        assert desk.branches() == ["main"]
        sent = desk.submit("--yes").expect(0)
        assert sent.out.startswith(shown.out)
        branch = next(name for name in desk.branches() if name != "main")
        assert f"Branch: {branch}, new, from {git(desk.bare, 'rev-parse', 'main')[:12]}" in shown.out
        assert git(desk.bare, "diff", "--name-only", "main", branch) == FILE
        line = f"- [build-00003] helpful=0 harmful=0 :: {GENERAL_TEXT}"
        text = git(desk.bare, "show", f"{branch}:{FILE}") + "\n"
        assert text == BUILDER.replace("what is meant.\n", f"what is meant.\n{line}\n")
        assert f"--- {FILE}\n{text}" in shown.out
        message = git(desk.bare, "log", "-1", "--format=%B", branch)
        assert f"--- commit message\n{message}\n" in shown.out
        assert git(desk.bare, "log", "-1", "--format=%an %ae %cn %ce", branch) == (
            "factory factory@localhost factory factory@localhost"
        )

    def test_the_body_opens_with_the_problem_and_has_the_evidence(self, desk: Desk) -> None:
        shown = desk.submit("--dry-run").expect(0).out
        body = shown.partition("--- pull request: Add 1 learned item to the default playbooks (builder)\n")[2]
        assert body.startswith(
            "## Problems\n\n- **builder**, testing: experiments of this kind come up in 3 unrelated "
            "projects, and the default playbook says nothing of it (build-00003).\n"
        )
        assert "6 matching experiments in 3 of 3 unrelated projects: 6 kept, 0 reverted" in body

    def test_a_dry_run_as_json_has_all_of_it(self, desk: Desk) -> None:
        found = desk.submit("--dry-run", "--json").expect(0).json
        assert found["title"] == "Add 1 learned item to the default playbooks (builder)"
        assert list(found["files"]) == [FILE]
        assert [left["name"] for left in found["refused"]] == []
        assert "--json tells what a --dry-run would send" in desk.submit("--yes", "--json").expect(2).err
        assert desk.branches() == ["main"]

    def test_a_second_submission_adds_to_the_first(self, desk: Desk) -> None:
        desk.submit("--yes").expect(0)
        again = desk.submit("--yes").expect(0)
        assert again.out == "Upstream has it already, or was offered it, so nothing was sent.\n"
        desk.evolve((GENERAL_TEXT, 12, 1), (OTHER_GENERAL_TEXT, 8, 0))
        desk.submit("--yes").expect(0)
        main, branch = sorted(desk.branches(), key=lambda name: name != "main")
        assert git(desk.bare, "rev-list", "--count", f"{main}..{branch}") == "2"
        lines = git(desk.bare, "show", f"{branch}:{FILE}").splitlines()
        assert [line for line in lines if "build-0000" in line][1:3] == [
            f"- [build-00003] helpful=0 harmful=0 :: {GENERAL_TEXT}",
            f"- [build-00004] helpful=0 harmful=0 :: {OTHER_GENERAL_TEXT}",
        ]

    def test_what_upstream_says_in_other_words_is_a_duplicate(self, desk: Desk, tmp_path: Path) -> None:
        same = BUILDER.replace("Read the failing test before the code, for it says what is meant.", (
            "Add tests for a module's error paths before you change its behaviour."
        ))  # fmt: skip
        bare = learning.upstream(tmp_path / "other", {"builder": same})
        done = desk.submit("--yes", repo=str(bare)).expect(0)
        assert "builder/build-00101: not sent again: upstream has it as build-00001" in done.err
        assert desk.branches(bare) == ["main"]

    def test_a_repository_that_is_not_there_is_told(self, desk: Desk) -> None:
        assert "cannot be cloned" in desk.submit("--yes", repo=str(desk.top / "nowhere.git")).expect(4).err
        assert (
            "No upstream repository is set"
            in factory("contribute", "--submit", "--yes", "--projects-dir", desk.projects).expect(2).err
        )

    def test_the_repository_comes_from_the_settings(self, desk: Desk) -> None:
        (desk.home / "config.toml").write_text(f'[contribute]\nrepository = "{desk.bare}"\n')
        done = factory("contribute", "--submit", "--dry-run", "--projects-dir", desk.projects).expect(0)
        assert f"Repository: {desk.bare}, into main" in done.out


class TestOnGitHub:
    def test_a_pull_request_is_opened_then_updated(self, desk: Desk, hub: FakeGitHub) -> None:
        done = desk.submit("--yes", repo=SLUG, **with_hub(hub)).expect(0)
        assert done.out.endswith("Pull request: https://github.com/makers/factory/pull/1\n")
        (pull,) = hub.pulls
        assert (pull["head"], pull["base"]) == (pull["branch"], "main")
        assert pull["body"] + "\n" in done.out
        desk.evolve((GENERAL_TEXT, 12, 1), (OTHER_GENERAL_TEXT, 8, 0))
        desk.submit("--yes", repo=SLUG, **with_hub(hub)).expect(0)
        (pull,) = hub.pulls
        assert pull["title"] == "Add 2 learned items to the default playbooks (builder)"
        assert GENERAL_TEXT in pull["body"]
        assert OTHER_GENERAL_TEXT in pull["body"]
        status = factory("contribute", "--status", "--json", env=with_hub(hub)).expect(0).json
        assert [(one["state"], one["url"]) for one in status["submissions"]] == [("open", pull["url"])]

    def test_without_the_right_to_push_it_goes_through_a_fork(self, desk: Desk, hub: FakeGitHub) -> None:
        hub.change(writable=[])
        desk.submit("--yes", repo=SLUG, **with_hub(hub)).expect(0)
        (pull,) = hub.pulls
        assert pull["head"] == f"pat-login:{pull['branch']}"
        assert desk.branches(hub.repository(SLUG)) == ["main"]
        assert pull["branch"] in desk.branches(hub.repository("pat-login/factory"))

    @pytest.mark.parametrize("state", ["MERGED", "CLOSED"])
    def test_what_was_decided_upstream_is_not_offered_again(
        self, desk: Desk, hub: FakeGitHub, state: str
    ) -> None:
        desk.submit("--yes", repo=SLUG, **with_hub(hub)).expect(0)
        hub.end_pull(1, state)
        done = desk.submit("--yes", repo=SLUG, **with_hub(hub)).expect(0)
        assert f"it was {state.lower()} with https://github.com/makers/factory/pull/1" in done.err
        desk.evolve((OTHER_GENERAL_TEXT, 8, 0))
        desk.submit("--yes", repo=SLUG, **with_hub(hub)).expect(0)
        assert [one["state"] for one in hub.pulls] == [state, "OPEN"]
        assert hub.pulls[0]["branch"] != hub.pulls[1]["branch"]

    def test_a_pull_request_that_could_not_be_made_is_made_later(self, desk: Desk, hub: FakeGitHub) -> None:
        done = desk.submit("--yes", repo=SLUG).expect(4)
        assert "There is no pull request: gh is not installed" in done.err
        assert len(desk.branches(hub.repository(SLUG))) == 2
        done = desk.submit("--yes", repo=SLUG, **with_hub(hub)).expect(0)
        assert done.out.endswith("Pull request: https://github.com/makers/factory/pull/1\n")
        assert len(desk.branches(hub.repository(SLUG))) == 2

    def test_a_failing_gh_sends_nothing(self, desk: Desk, hub: FakeGitHub) -> None:
        hub.change(login="")
        done = desk.submit("--yes", repo=SLUG, **with_hub(hub)).expect(4)
        assert "Type `gh auth login`." in done.err
        assert desk.branches(hub.repository(SLUG)) == ["main"]

    def test_gh_sees_its_own_login_and_no_other_secret(self, desk: Desk, hub: FakeGitHub) -> None:
        secrets = {
            "GH_TOKEN": "gh-own-token",
            "AWS_SECRET_ACCESS_KEY": "planted",
            "OPENAI_API_KEY": "planted",
        }
        desk.submit("--yes", repo=SLUG, **with_hub(hub), **secrets).expect(0)
        assert hub.calls
        for call in hub.calls:
            assert call["env"]["GH_TOKEN"] == "gh-own-token"
            assert "planted" not in str(call["env"])

    def test_the_state_is_unknown_where_gh_cannot_say(self, desk: Desk, hub: FakeGitHub) -> None:
        desk.submit("--yes", repo=SLUG, **with_hub(hub)).expect(0)
        done = factory("contribute", "--status").expect(0)
        assert "unknown: https://github.com/makers/factory/pull/1 (makers/factory, " in done.out


class TestWhatNeverLeaves:
    PLANTED = (
        "zebra-x", "ZebraX", "pat@secret.example", "https://intra.secret.example/wiki",
        "/home/pat/zebra-x/src", "src/billing/tax.py", "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "Paint the landing page in another colour", "10.1.2.3", "owner-y/koala-y#42",
    )  # fmt: skip

    def test_planted_details_do_not(self, desk: Desk, hub: FakeGitHub) -> None:
        git(
            desk.projects / "koala-y",
            "remote",
            "add",
            "origin",
            "git@host.secret.example:owner-y/koala-y.git",
        )
        planted = [one for one in self.PLANTED if one != "ZebraX"]
        quoted = planted.index("Paint the landing page in another colour")
        planted[quoted] = f'"{planted[quoted]}"'
        desk.evolve((f"{GENERAL_TEXT} Seen with {', '.join(planted)}.", 12, 1))
        done = desk.submit("--yes", repo=SLUG, **with_hub(hub)).expect(0)
        (pull,) = hub.pulls
        left = pull["title"] + pull["body"] + pull["branch"] + git(
            hub.repository(SLUG), "log", "-p", "--format=%B%an%ae%cn%ce", f"main..{pull['branch']}"
        )  # fmt: skip
        calls = " ".join(word for call in hub.calls for word in call["argv"])
        for secret in (*self.PLANTED, "pat@example.org", "Pat Person", "koala", "owner-y", str(desk.top)):
            assert secret not in left
            assert secret not in calls
        for kind in ("URL", "e-mail address", "path", "project", "quotation", "secret", "reference"):
            assert f"builder/build-00101: taken out: {kind}: " in done.err
        assert "ghp_0123456789" not in done.err

    def test_nor_do_those_of_projects_that_are_registered_elsewhere(self, desk: Desk) -> None:
        """Whether their folder is there or was moved since: ``--projects-dir`` says what is judged by."""
        registry = Registry(HomePaths(desk.home))
        there = learning.make_project(
            desk.top / "numbat-v", [("Fix SSO", "revert")], remote="h.example:bilby/x"
        )
        registry.register(there)
        registry.register(desk.top / "quokka-w", "git@dingo.example:potoroo-team/ledger.git")
        names = "numbat-v, bilby, quokka-w, potoroo-team"
        quoted = "“Take partners of the Quoll in” and “Fix SSO”"
        desk.evolve((f"{GENERAL_TEXT} Seen in {names}, with {quoted}.", 12, 1))
        shown = desk.submit("--dry-run").expect(0)
        for secret in (*names.split(", "), "Quoll", "SSO"):
            assert secret not in shown.out
        assert f"Seen in {', '.join(['[project]'] * 4)}, with [experiment] and [experiment]." in shown.out

    def test_a_text_that_still_tells_the_project_is_refused(self, desk: Desk) -> None:
        desk.evolve((f"{GENERAL_TEXT} As ZebraXParser does.", 12, 1))
        done = desk.submit("--yes", "--items", "build-00101").expect(3)
        assert "its text still tells the project 'zebra-x'" in done.err
        assert desk.branches() == ["main"]

    def test_a_text_that_only_quotes_is_refused(self, desk: Desk) -> None:
        quoted = GENERAL_HISTORY[0][0]
        desk.evolve((f'Plan again "{quoted}" or its like: it was kept each time.', 12, 1))
        done = desk.submit("--yes", "--items", "build-00101").expect(3)
        assert "without what had to be taken out of its text it is specific" in done.err
        assert desk.branches() == ["main"]

    def test_thin_evidence_is_refused_with_what_is_missing(self, desk: Desk) -> None:
        done = desk.submit("--yes", "--items", "builder/build-00102").expect(3)
        assert (
            "builder/build-00102 cannot be sent: it is specific; missing: matching experiments in 3 more "
            "unrelated projects; a clearer balance of helpful over harmful; a wording without "
        ) in done.err
        assert desk.branches() == ["main"]

    def test_nothing_general_at_all(self, desk: Desk) -> None:
        desk.evolve((SPECIFIC_TEXT, 3, 3))
        assert "No item is general enough" in desk.submit("--yes").expect(3).err

    def test_an_unknown_item_is_bad_input(self, desk: Desk) -> None:
        done = desk.submit("--yes", "--items", "build-99999").expect(2)
        assert "The items are: builder/build-00101, builder/build-00102." in done.err


class TestConsent:
    def terminal(self, desk: Desk, *args: str, **env: str) -> Terminal:
        argv = command("contribute", "--submit", "--projects-dir", desk.projects, "--repo", desk.bare, *args)
        return Terminal(argv, cwd=desk.top, env=environment(env))

    def test_without_a_terminal_and_without_yes_it_is_refused(self, desk: Desk) -> None:
        done = desk.submit().expect(3)
        assert "takes a person's consent, and there is no terminal to ask in" in done.err
        assert desk.branches() == ["main"]

    def test_a_person_chooses_and_confirms_repository_and_branch(self, desk: Desk) -> None:
        with self.terminal(desk) as terminal:
            terminal.expect("Offer builder/build-00101? [y/N] ")
            terminal.line("y")
            terminal.expect("Send 1 item to ")
            asked = terminal.expect("? [y/N] ")
            assert str(desk.bare) in asked
            assert "branch factory-contribution-" in asked
            terminal.line("y")
            terminal.expect("Sent: branch factory-contribution-")
            assert terminal.end() == 0
        assert len(desk.branches()) == 2

    @pytest.mark.parametrize("answers", [["n"], ["y", "n"], ["y", ""]])
    def test_a_no_sends_nothing(self, desk: Desk, answers: list[str]) -> None:
        with self.terminal(desk) as terminal:
            for answer in answers:
                terminal.expect("[y/N] ")
                terminal.line(answer)
            assert terminal.end() == 1
        assert desk.branches() == ["main"]

    def test_an_agent_in_a_terminal_is_refused(self, desk: Desk) -> None:
        with self.terminal(desk, "--yes", FACTORY_ROLE="builder") as terminal:
            assert terminal.end() == 3
        assert desk.branches() == ["main"]
