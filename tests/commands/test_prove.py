"""`factory doctor --prove` through the real command line: alive and blind dimensions are told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.cli import factory
from tests.support.projects import CLEAN_SUMS, POLICY, PYPROJECT, refs, small_project, snapshot

BUILT_IN = "".join(
    f'\n[[eval.dimension]]\nname = "{name}"\ntier = "{tier}"\n'
    for name, tier in (
        ("tests", "hygiene"),
        ("coverage", "hygiene"),
        ("capability_surface", "growth"),
        ("observability", "growth"),
        ("documentation", "growth"),
    )
)
OWN = """
[[eval.dimension]]
name = "always_fine"
tier = "project"
command = "true"
parser = "exit_code"

[[eval.dimension]]
name = "never_fine"
tier = "project"
command = "false"
parser = "exit_code"

[[eval.dimension]]
name = "by_chance"
tier = "project"
command = "python -c 'import json, time; print(json.dumps({\\"score\\": time.time() % 1}))'"
parser = "json"

[[eval.dimension]]
name = "imports"
tier = "project"
command = "python -c 'import calc.sums'"
parser = "exit_code"
"""
READING = '''\
"""Reading."""


def number(path: str) -> int:
    """The number in a file."""
    try:
        return int(open(path).read())
    except OSError as error:
        raise ValueError(path) from error
'''
# A judge that asks for import order alone sees no other finding.
NARROW = f'{PYPROJECT}\n[tool.ruff.lint]\nselect = ["PLW0127"]\n'


def proofs(project: Path, code: int) -> dict[str, dict[str, Any]]:
    """What `doctor --prove --json` says, by dimension."""
    return {
        proof["name"]: proof for proof in factory("doctor", project, "--prove", "--json").expect(code).json
    }


def test_every_built_in_dimension_is_alive(tmp_path: Path) -> None:
    files = {"calc/reading.py": READING, "calc/sums.py": CLEAN_SUMS}
    project = small_project(tmp_path / "calc", files, policy=POLICY + BUILT_IN)
    before = (snapshot(project), refs(project))
    found = proofs(project, 0)
    assert {name: proof["state"] for name, proof in found.items()} == dict.fromkeys(
        ("lint", "tests", "coverage", "capability_surface", "observability", "documentation"), "alive"
    )
    assert found["tests"]["what"] == "add in calc/sums.py raises, which the tests run"
    assert found["tests"]["before"] == 1.0
    assert found["tests"]["after"] == 0.5
    assert (snapshot(project), refs(project)) == before


def test_blind_ones_are_named_and_what_cannot_be_shown_is_said(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc", {"pyproject.toml": NARROW}, policy=POLICY + OWN)
    found = proofs(project, 1)
    assert {name: proof["state"] for name, proof in found.items()} == {
        "lint": "blind",
        "always_fine": "blind",
        "never_fine": "unproved",
        "by_chance": "unproved",
        "imports": "alive",
    }
    assert found["never_fine"]["what"] == "its score is 0 and cannot fall"
    assert found["by_chance"]["what"].startswith("noisy = true is lacking: nothing was changed, and it was ")
    assert found["imports"]["what"] == "every code file (3) replaced by garbage"
    assert found["always_fine"]["what"].startswith(
        "every code file (3) replaced by garbage; every modifiable file (4)"
    )
    told = factory("doctor", project, "--prove").expect(1).out
    assert "always_fine  blind     1.0000→1.0000" in told


def test_tests_that_check_nothing_are_no_proof(tmp_path: Path) -> None:
    hollow = {"tests/test_sums.py": "def test_nothing():\n    assert True\n"}
    policy = POLICY.replace('name = "lint"', 'name = "tests"')
    found = proofs(small_project(tmp_path / "calc", hollow, policy=policy), 1)
    assert found["tests"]["state"] == "blind"


def test_where_the_smoke_test_fails_nothing_is_proved(tmp_path: Path) -> None:
    smoke = "smoke = \"python -c 'import nothere'\"\n"
    project = small_project(tmp_path / "calc", policy=POLICY.replace("\n[[eval", f"{smoke}\n[[eval", 1))
    (proof,) = proofs(project, 0).values()
    assert proof["state"] == "unproved"
    assert proof["what"] == (
        "it has no score now: the smoke test `python -c 'import nothere'` exits 1: "
        "ModuleNotFoundError: No module named 'nothere'"
    )
