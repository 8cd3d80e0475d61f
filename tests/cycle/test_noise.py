"""Noise, a flaky test and a test that fails already decide nothing, over whole experiments by hand.

What looks like chance follows the number of runs, so that every run of these tests is the same.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.support.projects import (
    BROKEN_SUMS,
    CLEAN_SUMS,
    FAILING,
    TESTED_POLICY,
    assert_sound,
    begin,
    history,
    small_project,
)
from tests.support.repos import commit

NOISY = """
[[eval.dimension]]
name = "speed"
tier = "project"
command = "python fixed/speed.py"
parser = "json"
noisy = true
"""

COUNTED = '''\
"""How often this was called, by a file outside of the checkout."""

import pathlib


def count(name):
    place = pathlib.Path({folder!r}) / name
    number = int(place.read_text()) + 1 if place.exists() else 0
    place.write_text(str(number))
    return number
'''
SPEED = """\
import json
import json
import random

from counted import count

print(json.dumps({"score": 0.5 + 0.02 * random.Random(count("speed")).gauss(0, 1)}))
"""
FLAKY = """\
import json
import random
import sys

sys.path.insert(0, "fixed")

from counted import count


def test_one_time_in_five():
    assert random.Random(count("flaky") + 40).random() > 0.2
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One test fails at the baseline, one fails one time in five, one dimension has a known spread."""
    monkeypatch.setenv("FACTORY_SANDBOX", "off")  # the counts lie outside of the checkout
    counts = tmp_path / "counts"
    counts.mkdir()
    files = {
        "fixed/counted.py": COUNTED.format(folder=str(counts)),
        "fixed/speed.py": SPEED,
        "tests/test_flaky.py": FLAKY,
        "tests/test_failing.py": FAILING,
    }
    return small_project(tmp_path / "calc", files, policy=TESTED_POLICY + NOISY)


def failures(project: Path) -> int:
    """How often the flaky test has failed so far, by the same chance."""
    runs = int((project.parent / "counts/flaky").read_text()) + 1
    return sum(random.Random(n + 40).random() <= 0.2 for n in range(runs))


@pytest.mark.slow
def test_none_of_them_decides_a_keep_or_a_revert(project: Path) -> None:
    for number in range(3):
        worthless = begin(
            project, f"Say something else in the notes, {number}", "--new-approach", "other words"
        )
        verdict, reason = worthless.edit({"notes.md": f"Other notes {number}.\n"}).decide()
        assert (verdict, reason) in {("revert", "no_effect"), ("revert", "inconclusive")}, history(project)[
            -1
        ]["notes"]
    good = begin(project, "Remove unused imports").edit({"calc/sums.py": CLEAN_SUMS})
    assert good.decide() == ("keep", "improved")
    broken = begin(project, "Double by a product").edit({"calc/sums.py": BROKEN_SUMS})
    assert broken.decide() == ("revert", "new_failures")
    decided = " ".join(row["notes"] for row in history(project) if row["reason"] != "inconclusive")
    assert "test_one_time_in_five" not in decided
    assert "test_never_right" not in decided
    assert failures(project) >= 2, "the flaky test did fail while this was measured"
    assert_sound(project)


@pytest.mark.matrix
def test_a_change_that_may_have_made_a_test_flaky_is_not_kept(project: Path) -> None:
    wavering = CLEAN_SUMS.replace("return a + a", 'return a + a + (count("made") % 2 == 0)')
    imports = 'import sys\n\nsys.path.insert(0, "fixed")\n\nfrom counted import count\n'
    changed = wavering.replace('"""Sums."""\n', f'"""Sums."""\n\n{imports}', 1)
    begun = begin(project).edit({"calc/sums.py": changed})
    begun.measure()
    begun.review()
    checks = {check["name"]: check for check in begun.run("precheck", "--json").json["checks"]}
    assert (
        checks["new_failures"]["detail"] == "both outcomes on the candidate: tests/test_sums.py::test_double"
    )
    row = begun.finalize()
    assert row["verdict"] == "revert"
    assert "both outcomes on the candidate" in row["notes"]


LUCKY = """\
import sys

sys.path.insert(0, "fixed")

from counted import count


def test_fails_only_the_first_time():
    assert count("lucky") > 0
"""


@pytest.mark.matrix
def test_a_test_that_passes_by_luck_is_no_gain(project: Path) -> None:
    policy = (project / "factory.toml").read_text().replace(NOISY, "")
    commit(project, {"tests/test_flaky.py": LUCKY, "factory.toml": policy}, "Less noise")
    worthless = begin(project, "Say something else").edit({"notes.md": "Other notes.\n"})
    assert worthless.decide() == ("revert", "no_effect")
    flaky = json.loads((project / ".factory/flaky.json").read_text())["tests"]
    assert list(flaky) == ["tests/test_flaky.py::test_fails_only_the_first_time"]
