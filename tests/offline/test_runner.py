from __future__ import annotations

from pathlib import Path

from factory.demo import create_example
from factory.offline import OfflineRunner
from factory.runners.base import Runner
from tests.offline.support import MEASUREMENT, SCOPE, ask, item, write


def test_it_is_always_there_and_never_calls_a_model(tmp_path: Path) -> None:
    runner: Runner = OfflineRunner()
    assert (runner.name, runner.missing(), runner.invocations_per_call) == ("offline", "", 0)
    result = ask("archivist", tmp_path, subject="cycle")
    assert (result.status, result.invocations, result.tokens, result.cost_usd) == ("done", 0, 0, 0.0)


def test_what_needs_judgement_is_refused(tmp_path: Path) -> None:
    result = ask("poet", tmp_path)
    assert result.status == "refused"
    assert result.text == "the offline runner does not do the work of poet: it needs judgement"


def test_the_same_checkout_and_facts_give_the_same_answers(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        root = create_example(tmp_path / name)
        research = ask("researcher", root, measurement=MEASUREMENT, config=SCOPE).text
        texts.append(
            (research, ask("strategist", root, measurement=MEASUREMENT, research=research, config=SCOPE).text)
        )
    assert texts[0] == texts[1]


def test_a_configuration_that_ruff_cannot_read_is_told_and_ends_the_build(tmp_path: Path) -> None:
    root = write(tmp_path / "p", **{"ruff.toml": "line-length = 'long'\n", "m": "import os\n"})
    result = ask("builder", root, item=item("Run: ruff F401"))
    assert result.status == "crashed"
    assert result.error.startswith("ruff check failed on this project.")
    text = ask("researcher", root).text
    assert "Lint findings could not be looked at: ruff check failed on this project." in text
    refused = ask("strategist", root)
    assert (refused.status, refused.text.split(":")[0]) == ("refused", "nothing to propose")
