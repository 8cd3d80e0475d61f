"""The target as a specification gives it, and as it is written into ``factory.toml``."""

from __future__ import annotations

import pytest

from factory.config import load_project
from factory.errors import BadInput
from factory.research.target import budget_of, configuration_in, render_target, settings_of
from tests.support.packing import plan

CONFIGURATION = """\
## Research Configuration

- **Objective:** minimise the mean number of bins above the best
- **Metric:** `mean_gap` (bins)
- **Target:** 0.5
- **Run command:** `python bench/score.py`
- **Result path:** `result.json`
- **Mutable surfaces:** `packing/**`
- **Fixed surfaces:** `bench/**`, `factory.toml`
- **Constraints:** none
- **Cost budget:** $12.50 in all
"""


def specification(configuration: str = CONFIGURATION) -> str:
    return plan("Sort the items") + "\n" + configuration


def test_a_configuration_becomes_settings() -> None:
    found = configuration_in(specification())
    assert found is not None
    settings = settings_of(found)
    config = load_project(render_target(settings, ("From somewhere.",))).research
    assert (config.objective, config.metric, config.target) == ("minimize", "mean_gap", 0.5)
    assert (config.run, config.result) == ("python bench/score.py", "result.json")
    assert (config.mutable, config.fixed) == (("packing/**",), ("bench/**", "factory.toml"))
    assert config.configured
    assert budget_of(found) == 12.5


def test_what_is_missing_is_said() -> None:
    found = configuration_in(specification("## Research Configuration\n\n- **Objective:** more\n"))
    assert found is not None
    with pytest.raises(BadInput, match="names no metric and no run"):
        settings_of(found)


@pytest.mark.parametrize(
    ("words", "objective"),
    [("raise accuracy", "maximize"), ("Reduce the loss", "minimize"), ("lower is better", "minimize")],
)
def test_the_objective_is_in_its_words(words: str, objective: str) -> None:
    text = CONFIGURATION.replace("minimise the mean number of bins above the best", words)
    found = configuration_in(specification(text))
    assert found is not None
    assert settings_of(found)["objective"] == objective


def test_other_texts_have_none() -> None:
    assert configuration_in("# Something else\n") is None
    assert configuration_in(plan("Sort the items")) is None
    found = configuration_in(specification(CONFIGURATION.replace("$12.50 in all", "40 runs")))
    assert found is not None
    assert budget_of(found) is None
