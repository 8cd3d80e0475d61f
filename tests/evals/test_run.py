"""Measuring real checkouts: what is measured, what is cached, and what happens when things are broken."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from factory.config import ProjectConfig
from factory.evals.cache import write_last_eval
from factory.evals.run import check_once, measure
from factory.evals.run import test_once as run_tests_once
from factory.git import Repo, checkout_at
from factory.models import Measurement, Outcome
from factory.paths import HomePaths
from tests.evals.project_builder import FILES, config, scores
from tests.support.repos import commit, make_repo, write

Measure = Callable[..., Measurement]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def measured(tmp_path: Path, said: list[str]) -> Measure:
    """Measure a revision of the project in ``tmp_path / "project"`` in a fresh checkout."""
    root = tmp_path / "project"

    def run(
        settings: ProjectConfig | None = None, fresh: bool = False, harness: str = "harness"
    ) -> Measurement:
        repo = Repo(root)
        checkout = tmp_path / "checkout"
        sha = checkout_at(repo, "HEAD", checkout)
        return measure(
            checkout,
            config=settings or config(),
            commit=sha,
            tree=repo.tree(sha),
            harness=harness,
            project_root=root,
            project_key="project-1",
            progress=said.append,
            home=HomePaths(tmp_path / "home"),
            fresh=fresh,
        )

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_repo(tmp_path / "project", FILES)
    return tmp_path / "project"


def test_a_small_project_by_all_built_in_dimensions(project: Path, measured: Measure) -> None:
    result = measured()
    assert result.void == ""
    assert scores(result) == {
        "tests": 1.0,
        "lint": pytest.approx(1 / (1 + 100 / 7 / 5)),
        "coverage": 0.25,
        "capability_surface": pytest.approx(1 / 7),
        "observability": 0.0,
        "documentation": 0.5,
    }
    assert result.tests == {"tests/test_calc.py::test_add": Outcome.PASSED}
    lint = result.dimension("lint")
    assert lint is not None
    assert lint.details["rules"] == lint.details["fixable"] == {"F401": 1}
    assert lint.details["places"] == [
        {"file": "src/calc.py", "line": 3, "what": "F401 `os` imported but unused"}
    ]


def test_the_places_name_what_to_mend(project: Path, measured: Measure) -> None:
    places = {d.name: d.details.get("places") for d in measured().dimensions}
    file = "src/calc.py"
    assert places["observability"] == [{"file": file, "line": 14, "what": "silent except OSError"}]
    assert places["documentation"] == [{"file": file, "line": 11, "what": "divide has no docstring"}]
    assert places["capability_surface"] == [{"file": file, "line": 11, "what": "divide is not exercised"}]
    assert places["coverage"] == [{"file": file, "line": 12, "what": "3 lines not run"}]


def test_an_unchanged_tree_is_not_measured_twice(project: Path, measured: Measure, said: list[str]) -> None:
    first = measured()
    commit(project, {}, "an empty commit has the same tree")
    said.clear()
    second = measured()
    assert said == ["unchanged since it was measured: taken from the cache"]
    assert second.commit != first.commit
    assert second.model_copy(update={"commit": first.commit}) == first


def test_another_harness_has_another_key(project: Path, measured: Measure) -> None:
    runs = [measured(), measured(harness="another")]
    assert [run.harness for run in runs] == ["harness", "another"]
    assert runs[0].key != runs[1].key


def test_a_damaged_cache_is_measured_again(project: Path, measured: Measure, tmp_path: Path) -> None:
    first = measured()
    file = tmp_path / "home" / "cache" / "project-1" / f"{first.key}.json"
    file.write_bytes(b"\xff{")
    assert scores(measured()) == scores(first)


def test_only_noisy_dimensions_are_sampled_anew(project: Path, measured: Measure, tmp_path: Path) -> None:
    counter = tmp_path / "count"
    command = f"echo x >> {counter}; printf '{{\\\"score\\\": 0.%s}}' $(wc -l < {counter})"
    noisy = config(
        f'[[eval.dimension]]\nname = "speed"\ncommand = "{command}"\nparser = "json"\nnoisy = true\n'
    )
    runs = [measured(noisy), measured(noisy), measured(noisy, fresh=True)]
    assert [scores(run)["speed"] for run in runs] == [0.1, 0.1, 0.2]
    assert runs[2].tests == runs[0].tests
    assert runs[2].composite == pytest.approx((runs[0].composite or 0) + 0.05)


def test_a_failing_smoke_test_leaves_the_rest_unmeasured(project: Path, measured: Measure) -> None:
    result = measured(config('smoke = "echo broken; exit 3"'))
    assert result.smoke is not None
    assert (result.smoke.exit_code, result.smoke.output) == (3, "broken")
    assert (result.dimensions, result.composite) == ([], None)


def test_constraints_are_run_and_recorded(project: Path, measured: Measure) -> None:
    table = '[[eval.constraint]]\nname = "{}"\ncheck = "{}"\n'
    both = config(table.format("ok", "true") + table.format("no", "exit 4"))
    assert [(c.name, c.exit_code) for c in measured(both).constraints] == [("ok", 0), ("no", 4)]


def test_the_projects_own_dimensions_take_half(project: Path, measured: Measure) -> None:
    own = '[[eval.dimension]]\nname = "mine"\ncommand = "python -c \'import calc; exit(calc.add(0, 1))\'"\n'
    result = measured(config(own))
    mine = result.dimension("mine")
    assert mine is not None
    assert (mine.score, mine.details, mine.tier.value) == (0.0, {"exit_code": 1}, "project")
    assert result.composite == pytest.approx((measured().composite or 0) * 0.5, rel=0.3)


def test_listed_built_in_dimensions_are_the_only_ones(project: Path, measured: Measure) -> None:
    table = '[[eval.dimension]]\nname = "{}"\n{}\n'
    result = measured(
        config(table.format("tests", 'command = "pytest -q"') + table.format("lint", "weight = 3"))
    )
    assert [(d.name, d.tier.value, d.weight) for d in result.dimensions] == [
        ("tests", "hygiene", 1.0),
        ("lint", "hygiene", 3.0),
    ]


def test_the_projects_own_pytest_command_is_what_measures(project: Path, measured: Measure) -> None:
    slow = "def test_slow():\n    assert False\n"
    commit(project, {"tests/test_slow.py": slow}, "change")
    result = measured(config('[[eval.dimension]]\nname = "tests"\ncommand = "pytest -k add"\n'))
    assert (scores(result), set(result.tests)) == ({"tests": 1.0}, {"tests/test_calc.py::test_add"})


def test_a_syntax_error_is_counted_and_reported(project: Path, measured: Measure) -> None:
    commit(project, {"src/broken.py": "x = 1\ny = = 2\n"}, "change")
    result = measured()
    lint = result.dimension("lint")
    assert lint is not None
    assert lint.details["syntax_errors"] == [{"file": "src/broken.py", "line": 2, "what": "invalid syntax"}]
    assert lint.details["problems"] == 3


def test_no_tests_score_zero(tmp_path: Path, measured: Measure) -> None:
    make_repo(tmp_path / "project", {"src/calc.py": FILES["src/calc.py"]})
    result = measured()
    assert (result.void, scores(result)["tests"], scores(result)["coverage"]) == ("", 0.0, 0.0)


def test_a_suite_that_does_not_end_voids_the_measurement(
    project: Path, measured: Measure, tmp_path: Path
) -> None:
    commit(project, {"tests/test_hang.py": "import time\n\ndef test_hang():\n    time.sleep(60)\n"}, "change")
    result = measured(config("time_limit = 4"))
    assert result.void.startswith("timed out after")
    assert result.composite is None
    assert not (tmp_path / "home" / "cache" / "project-1").exists()


def test_a_failing_setup_voids_the_measurement(project: Path, measured: Measure) -> None:
    assert measured(config('setup = "exit 7"')).void.startswith("[eval] setup failed with exit code 7")


REPORT = """\
cat <<END
{"testResults": [{"name": "$PWD/lib/a.test.js", "assertionResults": [{"title": "t", "status": "passed"}]}]}
END
"""


def test_a_test_is_known_by_its_place_in_the_checkout(tmp_path: Path, measured: Measure) -> None:
    make_repo(tmp_path / "project", {"run.sh": REPORT, "a.js": "1\n"})
    own = '[[eval.dimension]]\nname = "tests"\ntier = "hygiene"\ncommand = "sh run.sh"\nparser = "jest"\n'
    assert measured(config(own)).tests == {"lib/a.test.js::t": Outcome.PASSED}


def test_a_report_that_was_committed_is_no_report(tmp_path: Path, measured: Measure) -> None:
    files = {"out/score.json": '{"score": 1}', "half.json": '{"score": 0.5}'}
    make_repo(tmp_path / "project", files)
    table = '[[eval.dimension]]\nname = "mine"\ncommand = "{}"\nparser = "json:out/score.json"\n'
    scored = [
        measured(config(table.format(command))).dimensions[0].score
        for command in ("true", "cp half.json out/score.json")
    ]
    assert scored == [None, 0.5]


TWICE = "def twice(x):\n    return 2 * x\n"


@pytest.mark.parametrize(
    ("file", "imported"),
    [
        ("lib/maths.py", "lib.maths"),
        ("tools/__init__.py", "tools"),
        ("data/__init__.py", "data"),
        ("scripts/maths.py", "scripts.maths"),
        (".ci/maths.py", "maths"),
    ],
)
def test_code_that_tests_run_is_covered_wherever_it_lies(
    project: Path, measured: Measure, file: str, imported: str
) -> None:
    before = measured().dimension("coverage")
    path = f"import sys\nsys.path.insert(0, '{Path(file).parent}')\n" if imported == "maths" else ""
    test = f"{path}from {imported} import twice\n\ndef test_twice():\n    assert twice(2) == 4\n"
    commit(project, {file: TWICE, "tests/test_twice.py": test}, "change")
    after = measured().dimension("coverage")
    assert before is not None
    assert after is not None
    assert after.details["problems"] == before.details["problems"]
    assert after.details["executable"] == before.details["executable"] + 1


def test_read_only_files_are_no_sources(project: Path, measured: Measure) -> None:
    commit(project, {"eval/judge.py": "import os\nimport sys\n"}, "change")
    result = measured(config(top='[scope]\nread_only = ["eval/**"]'))
    assert (result.dimension("lint") or result.dimensions[0]).details["findings"] == 1


def test_a_project_without_python_is_measured_by_its_commands(tmp_path: Path, measured: Measure) -> None:
    make_repo(tmp_path / "project", {"Makefile": "test:\n\ttrue\n"})
    own = '[[eval.dimension]]\nname = "tests"\ntier = "hygiene"\ncommand = "make test"\n'
    result = measured(config(own))
    assert (scores(result), result.composite) == ({"tests": 1.0}, 1.0)


def test_another_version_of_a_tool_is_another_environment(
    tmp_path: Path, measured: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repo(tmp_path / "project", {"a.txt": "1\n"})
    write(tmp_path / "bin", {"scorer": "#!/bin/sh\necho '{\"score\": 0.3}'\n"})
    tool = tmp_path / "bin" / "scorer"
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
    own = config('[[eval.dimension]]\nname = "quality"\ncommand = "scorer"\nparser = "json"\n')
    old = [measured(own), measured(own)]
    tool.write_text("#!/bin/sh\necho '{\"score\": 0.45}'\n")
    new = measured(own, fresh=True)
    assert [run.composite for run in (*old, new)] == [0.3, 0.3, 0.45]
    assert old[0].environment == old[1].environment != new.environment


def test_packages_that_nothing_pins_are_measured_each_time(
    tmp_path: Path, measured: Measure, said: list[str]
) -> None:
    make_repo(tmp_path / "project", {"package.json": "{}\n"})
    own = config('setup = "true npm install"\n[[eval.dimension]]\nname = "quality"\ncommand = "true"\n')
    for _ in range(2):
        measured(own)
    assert "unchanged since it was measured: taken from the cache" not in said
    commit(tmp_path / "project", {"package-lock.json": "{}\n"}, "Pin them")
    for _ in range(2):
        measured(own)
    assert "unchanged since it was measured: taken from the cache" in said


def test_types_are_checked_where_a_checker_is_configured(project: Path, measured: Measure) -> None:
    commit(project, {"mypy.ini": "[mypy]\nstrict = True\n", "src/typed.py": 'x: int = "a"\n'}, "change")
    types = measured().dimension("type_check")
    assert types is not None
    assert types.error == ""
    assert types.details["rules"] == {"no-untyped-def": 2, "assignment": 1}


def test_a_run_of_mypy_that_has_only_notes_found_no_error(project: Path, measured: Measure) -> None:
    noted = "def later():\n    x: int = 1\n    return x\n"
    commit(project, {"mypy.ini": "[mypy]\n", "src/later.py": noted}, "types")
    result = measured().dimension("type_check")
    assert result is not None
    assert (result.error, result.score) == ("", 1.0)


def test_one_more_run_of_the_suite(project: Path, tmp_path: Path, said: list[str]) -> None:
    run = run_tests_once(
        project,
        config=config(),
        project_root=project,
        progress=said.append,
        home=HomePaths(tmp_path / "home"),
    )
    assert run.valid
    assert run.outcomes == {"tests/test_calc.py::test_add": Outcome.PASSED}


@pytest.mark.parametrize(
    ("settings", "command", "complete"),
    [
        ('setup = "exit 7"', "true", False),
        ("time_limit = 1", "sleep 30", False),
        ("", "false", True),
    ],
    ids=["setup failed", "time was up", "failed"],
)
def test_a_check_that_did_not_run_to_its_end_is_told_from_one_that_failed(
    project: Path, tmp_path: Path, settings: str, command: str, complete: bool
) -> None:
    done = check_once(
        project,
        "verify",
        command,
        config=config(settings),
        project_root=project,
        progress=lambda _: None,
        home=HomePaths(tmp_path / "home"),
    )
    assert (done.passed, done.complete) == (False, complete)


def test_last_eval_is_the_measurement_with_its_key(project: Path, measured: Measure, tmp_path: Path) -> None:
    result = measured()
    write_last_eval(tmp_path / ".factory" / "last_eval.json", result)
    stored = Measurement.model_validate_json((tmp_path / ".factory" / "last_eval.json").read_text())
    assert stored == result
