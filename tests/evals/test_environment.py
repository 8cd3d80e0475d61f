"""Which interpreter is used, and environments made for a project. Those that install packages are slow."""

from __future__ import annotations

import json
import os
import sys
import venv
from dataclasses import replace
from pathlib import Path

import pytest

from factory.errors import EnvironmentLacking
from factory.evals.dependencies import (
    DEPENDENCY_FILES,
    MAIN_FILES,
    TEST_FILES,
    dependency_key,
    read_dependencies,
    version_fits,
)
from factory.evals.environment import prepare, resolve
from factory.evals.install import Installer, building
from factory.evals.interpreter import describe
from factory.evals.making import base_interpreter, made_environment
from factory.evals.surroundings import package_settings, scratch_folders
from factory.evals.testrun import run_tests
from factory.globs import matches
from factory.models import Outcome
from factory.paths import HomePaths
from factory.sandbox import OFF, choose
from tests.evals.projects import Settings, environment, write
from tests.support.sandboxes import working_sandbox


def test_the_configured_interpreter_wins_and_its_own_tools_are_used(tmp_path: Path) -> None:
    project = tmp_path / "project"
    venv.create(project / ".venv", symlinks=True)
    found = environment(tmp_path, project)
    assert (found.python, found.kind, found.made, found.tools) == (
        Path(sys.executable),
        "configured",
        False,
        None,
    )


def test_a_configured_path_counts_from_the_projects_root(tmp_path: Path) -> None:
    project = tmp_path / "project"
    venv.create(project / "envs/ci", symlinks=True, system_site_packages=False)
    python = project / "envs/ci/bin/python"
    lends = "\n".join(p for p in sys.path if p.endswith("site-packages"))
    next(project.glob("envs/ci/lib/python*/site-packages")).joinpath("own.pth").write_text(lends)
    assert environment(tmp_path, project, "envs/ci/bin/python").python == python


def test_an_interpreter_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentLacking, match=r"\[eval\] python is no-such-python, and there is no"):
        environment(tmp_path, python="no-such-python")
    with pytest.raises(EnvironmentLacking, match="does not work as a Python interpreter"):
        describe(Path("/bin/ls"), cache=tmp_path)


@pytest.mark.parametrize("folder", [".venv", "venv"])
def test_the_persons_virtual_environment_is_used(tmp_path: Path, folder: str) -> None:
    project = tmp_path / "project"
    venv.create(project / folder, symlinks=True)
    lends = "\n".join(p for p in sys.path if p.endswith("site-packages"))
    next(project.glob(f"{folder}/lib/python*/site-packages")).joinpath("own.pth").write_text(lends)
    found = environment(tmp_path, project, python="")
    assert (found.python, found.kind) == (project / folder / "bin/python", "project venv")


def test_the_fingerprint_changes_with_what_is_installed(tmp_path: Path) -> None:
    venv.create(tmp_path / "v", symlinks=True)
    python = tmp_path / "v/bin/python"
    first = describe(python, cache=tmp_path / "cache")
    assert describe(python, cache=tmp_path / "cache") == first
    assert first.installed == ()
    site = next(tmp_path.glob("v/lib/python*/site-packages"))
    write(
        site / "Some_Thing-1.2.dist-info",
        {"METADATA": "Metadata-Version: 2.1\nName: Some_Thing\nVersion: 1.2\n"},
    )
    second = describe(python, cache=tmp_path / "cache")
    assert second.installed == ("some-thing==1.2",)
    assert second.fingerprint != first.fingerprint


def test_setup_runs_in_each_checkout_with_its_interpreter(tmp_path: Path) -> None:
    checkout = write(tmp_path / "c", {"thing/__init__.py": ""})
    found = environment(tmp_path)
    make = "python -c \"open('thing/_version.py', 'w').write('v = 1')\""
    assert prepare(checkout, found, "", sandbox=OFF) == ""
    assert prepare(checkout, found, make, sandbox=OFF) == ""
    assert (checkout / "thing/_version.py").read_text() == "v = 1"
    assert prepare(checkout, found, "echo 'Error: no compiler' >&2; exit 2", sandbox=OFF) == (
        "[eval] setup failed with exit code 2: Error: no compiler"
    )
    assert (
        prepare(checkout, found, "sleep 9", sandbox=OFF, timeout=0.5) == "[eval] setup took longer than 0.5 s"
    )


def test_setup_runs_in_the_sandbox_and_installs_into_what_was_made_alone(tmp_path: Path) -> None:
    checkout = write(tmp_path / "c", {"thing/__init__.py": ""})
    write(tmp_path, {"person/secret": "s", "env/lib": ""})
    found = replace(environment(tmp_path), prefix=tmp_path / "env")
    sandbox = working_sandbox()
    told = prepare(checkout, found, f"cat {tmp_path}/person/secret", sandbox=sandbox)
    assert told.startswith("[eval] setup failed with exit code 1: ")
    install = f"echo made >thing/made && echo {{}} >{tmp_path}/env/installed"
    assert "Read-only file system" in prepare(checkout, found, install.format(1), sandbox=sandbox)
    assert prepare(checkout, replace(found, made=True), install.format(2), sandbox=sandbox) == ""
    assert (tmp_path / "env/installed").read_text() == "2\n"
    assert (checkout / "thing/made").read_text() == "made\n"


def test_what_is_installed_is_built_in_the_sandbox(tmp_path: Path) -> None:
    code = "import os; print(os.path.exists('../person'), os.listdir(os.environ['PIP_CACHE_DIR']))"
    write(tmp_path, {"person/secret": "s", "c/pip.py": code, "home/cache/pip/kept": ""})
    home = HomePaths(tmp_path / "home")
    with scratch_folders() as scratch:
        log = home.logs / "one.log"
        installer = Installer(Path(sys.executable), home, scratch, log, working_sandbox())
        assert installer.pip(["install", "."], cwd=tmp_path / "c").stdout == "False ['kept']\n"


def test_what_the_settings_of_package_clients_name_can_be_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"pip.conf": "[global]\nindex-url = https://a/b\ncert = /c/ca.pem\nfind-links=file:///w /x\n"},
    )
    env = {
        "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "UV_FIND_LINKS": "/wheels",
        "UV_PROJECT": "/home/project",
    }
    seen = {str(path) for path in package_settings(env)}
    assert {str(tmp_path / "pip.conf"), "/etc/pip.conf", "/c/ca.pem", "/w", "/x", "/wheels"} <= seen
    assert "/home/project" not in seen


PYPROJECT = """
[project]
name = "My_Thing"
version = "1"
dependencies = ["one>=1"]
requires-python = ">=3.8"
[project.optional-dependencies]
test = ["two", "my-thing[fast]"]
fast = ["three"]
[dependency-groups]
dev = ["four", {include-group = "lint"}, {include-group = "dev"}]
lint = ["five"]
docs = ["six"]
"""


def test_what_a_project_declares(tmp_path: Path) -> None:
    files = {"pyproject.toml": PYPROJECT, "requirements.txt": "x", "requirements-dev.txt": "y"}
    found = read_dependencies(write(tmp_path, files))
    assert found.name == "my-thing"
    assert (found.buildable, found.extras, found.requires_python) == (True, ("test",), ">=3.8")
    assert (found.groups, found.declared, found.files) == (
        ("four", "five"),
        ("one>=1", "two"),
        ("requirements-dev.txt",),
    )


def test_what_poetry_declares(tmp_path: Path) -> None:
    text = (
        '[tool.poetry]\nname = "p"\n[tool.poetry.dependencies]\npython = "^3.9"\na = "^1.2.3"\nb = "^0.3"\n'
        'c = "~1.4"\nd = {version = "*", extras = ["x"]}\ne = {path = "../e"}\nf = "1.5"\ng = ">=1,<3"\n'
        '[tool.poetry.group.test.dependencies]\nh = "^0.0.3"\n'
    )
    found = read_dependencies(write(tmp_path, {"pyproject.toml": text}))
    assert found.declared == ("a>=1.2.3,<2", "b>=0.3,<0.4", "c>=1.4,<1.5", "d[x]", "f==1.5", "g>=1,<3")
    assert found.groups == ("h>=0.0.3,<0.0.4",)


def test_what_requirements_and_setup_cfg_declare(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain", {"requirements.txt": "x\n", "requirements/test.txt": "y\n"})
    assert read_dependencies(plain).files == ("requirements.txt", "requirements/test.txt")
    old = "[metadata]\nname = old\n[options]\ninstall_requires =\n    a\n"
    old += "[options.extras_require]\ntesting = b\n"
    found = read_dependencies(write(tmp_path / "old", {"setup.cfg": old}))
    assert (found.name, found.buildable, found.extras, found.declared) == (
        "old",
        True,
        ("testing",),
        ("a", "b"),
    )
    assert read_dependencies(write(tmp_path / "none", {"x.py": ""})).nothing


def test_the_python_that_is_needed_may_stand_in_setup_cfg(tmp_path: Path) -> None:
    write(tmp_path, {"setup.cfg": "[metadata]\nname = a\n[options]\npython_requires = >=3.9\n"})
    assert read_dependencies(tmp_path).requires_python == ">=3.9"


def test_where_nothing_names_the_tests_needs_the_requirements_are_a_guess(tmp_path: Path) -> None:
    declared = '[project]\nname = "a"\n'
    write(tmp_path, {"pyproject.toml": declared, "requirements.txt": "click\n"})
    assert read_dependencies(tmp_path).guessed == ("requirements.txt",)
    assert read_dependencies(tmp_path).files == ()
    write(tmp_path, {"requirements-dev.txt": "pytest\n"})
    assert read_dependencies(tmp_path).guessed == ()
    (tmp_path / "pyproject.toml").unlink()
    assert read_dependencies(tmp_path).files == ("requirements.txt", "requirements-dev.txt")


@pytest.mark.slow
@pytest.mark.parametrize(("guess", "there"), [("iniconfig\n", True), ("./no-such-folder\n", False)])
def test_a_guess_that_is_wrong_does_no_harm(tmp_path: Path, guess: str, there: bool) -> None:
    project = '[project]\nname = "a"\nversion = "1"\n[tool.setuptools]\npy-modules = ["a"]\n'
    checkout = write(tmp_path / "c", {"pyproject.toml": project, "a.py": "", "requirements.txt": guess})
    home = HomePaths(tmp_path / "home")
    found = resolve(
        tmp_path, checkout, Settings(python=""), sandbox=choose(), home=home, progress=lambda _: None
    )
    assert found.note == ""
    assert any((site / "iniconfig").is_dir() for site in found.sites) is there


def test_the_key_follows_dependencies_and_nothing_else(tmp_path: Path) -> None:
    key = dependency_key(write(tmp_path, {"pyproject.toml": PYPROJECT}), "3.11", "")
    write(tmp_path, {"pyproject.toml": PYPROJECT + "[tool.ruff]\nline-length = 9\n", "src/a.py": "A = 1"})
    assert dependency_key(tmp_path, "3.11", "") == key
    others = [dependency_key(tmp_path, "3.12", ""), dependency_key(tmp_path, "3.11", "make")]
    write(tmp_path, {"pyproject.toml": PYPROJECT.replace("one>=1", "one>=2")})
    others.append(dependency_key(tmp_path, "3.11", ""))
    assert len({key, *others}) == 4


@pytest.mark.parametrize("file", [*MAIN_FILES, *TEST_FILES, "setup.py", "setup.cfg", "pyproject.toml"])
def test_a_change_that_brings_another_environment_is_one_of_dependencies(tmp_path: Path, file: str) -> None:
    text = '[project]\ndependencies = ["one"]\n' if file.endswith(".toml") else "one\n"
    before = dependency_key(tmp_path, "3.11", "")
    assert dependency_key(write(tmp_path, {file: text}), "3.11", "") != before
    assert matches(DEPENDENCY_FILES, file)


@pytest.mark.parametrize(
    ("version", "specifier", "fits"),
    [
        ("3.11.7", "", True),
        ("3.11.7", ">=3.8,<4", True),
        ("3.11.7", ">=3.12", False),
        ("3.11.7", "<3.11", False),
        ("3.11.7", "~=3.10", True),
        ("3.11.7", "~=3.10.2", False),
        ("3.11.7", "==3.11.*", True),
        ("3.11.7", "!=3.11.*", False),
        ("3.11.7", ">3.11", True),
        ("3.11.7", "odd", True),
    ],
)
def test_version_specifiers(version: str, specifier: str, fits: bool) -> None:
    assert version_fits(version, specifier) is fits


def test_no_interpreter_for_the_project(tmp_path: Path) -> None:
    assert base_interpreter("")[1] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    with pytest.raises(EnvironmentLacking, match="The project needs Python >=4, and none on the PATH is"):
        base_interpreter(">=4")


def test_one_run_at_a_time_builds(tmp_path: Path) -> None:
    said: list[str] = []
    with building(tmp_path / "e", said.append):
        pid = os.fork()
        if pid == 0:
            waiting: list[str] = []
            from threading import Timer  # noqa: PLC0415

            Timer(
                0.5, lambda: os._exit(0 if waiting == ["waiting for another run that builds e"] else 1)
            ).start()
            with building(tmp_path / "e", waiting.append):
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert said == []


PROJECT = {
    "pyproject.toml": (
        '[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "my-thing"\nversion = "1.5"\ndependencies = ["iniconfig"]\n'
        '[project.optional-dependencies]\ntest = ["pluggy"]\n[project.scripts]\nmy-thing = "my_thing:main"\n'
    ),
    "src/my_thing/__init__.py": (
        "from importlib.metadata import version\n\n__version__ = version('my-thing')\n\n"
        "def main():\n    print('old')\n"
    ),
    "src/my_thing/gone.py": "",
    "tests/test_it.py": (
        "import subprocess\nimport iniconfig, pluggy, my_thing\n\ndef test_version():\n"
        "    assert my_thing.__version__ == '1.5'\n\ndef test_script():\n"
        "    assert subprocess.run(['my-thing'], capture_output=True, text=True).stdout == 'new\\n'\n\n"
        "def test_gone():\n    import my_thing.gone\n"
    ),
}


@pytest.mark.slow
def test_a_made_environment_holds_what_is_declared_but_not_the_projects_code(tmp_path: Path) -> None:
    checkout = write(tmp_path / "c", PROJECT)
    home, said = HomePaths(tmp_path / "home"), list[str]()
    found = resolve(
        tmp_path, checkout, Settings(python=""), sandbox=choose(), home=home, progress=said.append
    )
    assert (found.kind, found.made, found.note) == ("made", True, "")
    assert "my_thing/gone.py" in found.project_files
    assert found.tools is not None
    # Another commit of the project uses the same environment, and only its own code.
    second = write(tmp_path / "d", PROJECT)
    (second / "src/my_thing/gone.py").unlink()
    code = second / "src/my_thing/__init__.py"
    code.write_text(code.read_text().replace("'old'", "'new'"))
    said.clear()
    again = resolve(tmp_path, second, Settings(python=""), sandbox=choose(), home=home, progress=said.append)
    assert (again, said) == (found, [])
    run = run_tests(second, again, timeout=60, covered=[], progress=lambda _: None)
    assert run.outcomes == {
        "tests/test_it.py::test_version": Outcome.PASSED,
        "tests/test_it.py::test_script": Outcome.PASSED,
        "tests/test_it.py::test_gone": Outcome.FAILED,
    }
    assert (run.error, run.outside) == ("", [])
    assert run.coverage is not None
    assert run.coverage.error == ""


@pytest.mark.slow
def test_a_project_that_cannot_be_built_gets_its_dependencies_and_the_reason_is_told(tmp_path: Path) -> None:
    files = PROJECT | {"setup.py": "raise RuntimeError('no compiler here')\n"}
    checkout = write(tmp_path / "c", files)
    home = HomePaths(tmp_path / "home")
    found = resolve(
        tmp_path, checkout, Settings(python=""), sandbox=choose(), home=home, progress=lambda _: None
    )
    assert found.note.startswith("the project could not be installed, only what it declares to need: ")
    (log,) = home.logs.glob("environment-*.log")
    assert found.note.endswith(
        f" (see {log}); mend that, have [eval] setup install it, or name as [eval] python one that has it"
    )
    assert "no compiler here" in log.read_text()
    assert {"iniconfig", "pluggy"} <= {
        p.name for site in found.sites for p in site.iterdir() if not p.name.endswith(".dist-info")
    }


@pytest.mark.slow
def test_a_failed_installation_says_why_and_leaves_nothing_that_counts(tmp_path: Path) -> None:
    checkout = write(tmp_path / "c", {"requirements.txt": "./no-such-folder\n"})
    home = HomePaths(tmp_path / "home")
    with pytest.raises(
        EnvironmentLacking, match="The project's dependencies could not be installed: ERROR: "
    ) as info:
        resolve(tmp_path, checkout, Settings(python=""), sandbox=OFF, home=home, progress=lambda _: None)
    log = Path(info.value.message.split("(see ")[1].rstrip(")"))
    assert "no-such-folder" in log.read_text()
    assert list(home.environments.glob("*/factory-environment.json")) == []


def test_a_setup_that_fails_is_what_is_to_be_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factory.evals.making.make_venv", lambda *_, **__: None)
    checkout, home = write(tmp_path / "c", {"a.py": ""}), HomePaths(tmp_path / "home")
    with pytest.raises(EnvironmentLacking, match="made for the project: no compiler ") as info:
        made_environment(checkout, "echo first; echo no compiler; exit 3", OFF, home, lambda _: None)
    assert info.value.hint == "Mend [eval] setup in factory.toml, and commit it."
    log = Path(info.value.message.split("(see ")[1].rstrip(")"))
    assert log.read_text() == (
        "$ echo first; echo no compiler; exit 3\nfirst\nno compiler\n\n[exit code 3]\n"
    )


def test_the_log_of_an_installation_holds_no_secret(tmp_path: Path) -> None:
    home, key = HomePaths(tmp_path / "home"), "ghp_" + "0123456789abcdef"
    with scratch_folders() as scratch:
        installer = Installer(Path(sys.executable), home, scratch, home.logs / "one.log", OFF)
        installer.run(["sh", "-c", f"echo told; echo {key} >&2"], cwd=tmp_path)
    said = (home.logs / "one.log").read_text()
    assert "told\n[redacted]\n\n[exit code 0]\n" in said
    assert key not in said


def test_a_half_built_environment_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = write(tmp_path / "c", {"thing.py": ""})
    home = HomePaths(tmp_path / "home")
    tag = sys.implementation.cache_tag
    write(home.tools / str(tag), dict.fromkeys(["pytest/__init__.py", "coverage/__init__.py"], ""))
    found = resolve(tmp_path, checkout, Settings(python=""), sandbox=OFF, home=home, progress=lambda _: None)
    record = found.python.parent.parent / "factory-environment.json"
    assert json.loads(record.read_text()) == {"v": 1, "note": "", "project_files": []}
    record.unlink()
    (record.parent / "half").write_text("")
    said: list[str] = []
    again = resolve(tmp_path, checkout, Settings(python=""), sandbox=OFF, home=home, progress=said.append)
    assert not (record.parent / "half").exists()
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert said == [f"making a Python {version} environment for the project"]
    assert again == found
