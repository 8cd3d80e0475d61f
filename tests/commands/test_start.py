"""TARGET on the command line: what it is taken for, and what stops before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.cycle.modes import MODES
from factory.errors import EXIT_OK, EXIT_REFUSED, EXIT_USAGE
from tests.support.cli import command, environment, factory
from tests.support.pty import Terminal
from tests.support.repos import make_repo

IDEA = "a tool that counts words"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "remote", {"README.md": "remote\n"})


@pytest.mark.parametrize(
    "args",
    [
        ("ceo", ".", "--mode", "design", "--headless"),
        ("ceo", IDEA, "--mode", "design", "--headless"),
        ("run", IDEA, "--mode", "design"),
        ("ceo", IDEA, "--mode", "design", "--plan-only", "--headless"),
        ("run", "--mode", "interactive"),
    ],
)
def test_a_design_is_not_headless(here: Path, args: tuple[str, ...]) -> None:
    done = factory(*args, cwd=here).expect(EXIT_USAGE)
    assert "A design needs a person to argue with: it cannot be headless." in done.err
    assert names(here) == []


def test_interactive_is_now_called_design(here: Path) -> None:
    done = factory("run", ".", "--mode", "interactive", cwd=here)
    assert done.err.splitlines()[0] == "The mode interactive is now called design."


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("ceo", "."), "is not in a git repository"),
        (("ceo", "chess"), "'chess' is neither a directory, nor a .md file, nor a git URL"),
        (("ceo", IDEA, "--mode", "improve"), "The mode improve needs a project that exists"),
        (("ceo", IDEA, "--mode", "nonsense"), "There is no mode 'nonsense'."),
        (("ceo", IDEA, "--plan-only"), "--plan-only goes with --mode design."),
        (("ceo", IDEA, "--trust"), "--trust is for a git URL"),
        (("ceo", ".", "--dir", "x"), "--dir names a new project's directory"),
        (("ceo", IDEA, "--as", "dir"), f"{IDEA} is not a directory."),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_made(
    here: Path, args: tuple[str, ...], said: str
) -> None:
    done = factory(*args, cwd=here).expect(EXIT_USAGE)
    assert said in done.err
    assert names(here) == []
    assert names(here) == []


def test_a_url_needs_trust(here: Path, remote: Path) -> None:
    url = remote.as_uri()
    done = factory("ceo", url, "--dry-run", cwd=here).expect(EXIT_OK)
    assert done.out.splitlines()[0] == f"{url} is taken for a git URL: to be cloned into {here}/remote."
    done = factory("run", url, cwd=here).expect(EXIT_REFUSED)
    assert done.out == f"{url} is taken for a git URL: to be cloned into {here}/remote.\n"
    assert f"The code of {url} would be run here, and nobody has agreed to that." in done.err
    assert names(here) == []


def test_trust_is_given_once(here: Path, remote: Path) -> None:
    url = remote.as_uri()
    # An unknown runner ends it after the clone, before a cycle.
    done = factory("ceo", url, "--trust", "--runner", "nobody", cwd=here)
    assert names(here) == ["remote"], done.err
    done = factory("ceo", url, "--runner", "nobody", cwd=here)
    assert done.out.splitlines()[0] == f"{url} is taken for a git URL: {here}/remote, which is there already."
    done = factory("run", url, "--dir", "again", "--runner", "nobody", cwd=here)
    assert names(here) == ["again", "remote"], done.err


@pytest.mark.parametrize(("answer", "made"), [("y", ["remote"]), ("n", [])])
def test_trust_is_asked_for_in_a_terminal(here: Path, remote: Path, answer: str, made: list[str]) -> None:
    argv = command("ceo", remote.as_uri(), "--runner", "nobody")
    with Terminal(argv, cwd=here, env=environment()) as terminal:
        told = terminal.expect("[y/N] ")
        assert told.splitlines()[0].startswith(f"{remote.as_uri()} is taken for a git URL")
        assert f"Run the code of {remote.as_uri()} on this machine?" in told
        terminal.line(answer)
        code = terminal.end()
    assert code == (EXIT_REFUSED if answer == "n" else EXIT_USAGE)
    assert names(here) == made


@pytest.mark.parametrize("made", [False, True])
def test_a_dry_run_of_a_design_lists_its_steps(here: Path, made: bool) -> None:
    if made:
        factory("ceo", IDEA, "--runner", "nobody", cwd=here)
    args = ("ceo", IDEA, "--mode", "design", "--runner", "offline", "--dry-run")
    told = factory(*args, cwd=here).expect(EXIT_OK).out
    before = (
        "steps:\n  preflight (code)\n  setup (code) left out: there is nothing to measure yet\n"
        "  study (code) left out: there is nothing to measure yet\n"
        "  research (researcher)\n  draft (strategist)\n  gate_draft (code)\n"
    )
    assert f"{before}  discuss (person)\n  approve (code)\n  close (code)\n" in told
    told = factory(*args, "--plan-only", cwd=here).expect(EXIT_OK).out
    stops = "  discuss (person) not asked: --plan-only stops here, with the draft\n"
    assert f"{before}{stops}  approve (code) left out: --plan-only\n  close (code)\n" in told
    assert names(here) == (["counts-words"] if made else [])


def test_the_specification_of_a_project_names_the_command_that_builds_it(here: Path) -> None:
    project = make_repo(here / "my words", {"SPEC.md": "# Words\n"})
    done = factory("ceo", project / "SPEC.md", "--mode", "build", cwd=here).expect(EXIT_USAGE)
    assert f"Type `factory ceo '{project}' --mode build` to build it" in done.err


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_what_is_there_and_is_no_such_project_is_refused(here: Path, options: tuple[str, ...]) -> None:
    make_repo(here / "counts-words", {"README.md": "# Another\n"})
    done = factory("ceo", IDEA, *options, cwd=here).expect(EXIT_USAGE)
    assert f"{here}/counts-words exists already, and is not a project started from this." in done.err


def test_an_idea_that_is_repeated_says_what_is_there(here: Path) -> None:
    said = '"a tool that counts words" is taken for an idea: '
    first = factory("ceo", IDEA, "--runner", "nobody", cwd=here)
    assert first.out == f"{said}a new project in {here}/counts-words.\n"
    again = factory("ceo", IDEA, "--runner", "nobody", cwd=here)
    assert again.out == f"{said}{here}/counts-words, which is there already.\n"


@pytest.mark.parametrize("name", ["ceo", "run"])
def test_the_help_lists_every_mode(name: str) -> None:
    told = " ".join(factory(name, "--help").expect(EXIT_OK).out.split())
    assert f"--mode MODE auto (default), {', '.join(MODES)} " in told


def test_the_help_says_which_options_need_another() -> None:
    told = " ".join(factory("ace", "--help").expect(EXIT_OK).out.split())
    assert "--diff N the playbook in force against version N; needs --role" in told
    assert "--rollback N put version N in force again; needs --role" in told
