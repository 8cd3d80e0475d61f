"""The target as a specification gives it, and as it is written into ``factory.toml``."""

from __future__ import annotations

import re

import pytest

from factory.config import load_project
from factory.errors import BadInput
from factory.research.target import configuration_in, render_target, settings_of
from factory.spec import Field, ResearchConfiguration
from factory.spec.configuration import budget_of, objective_of, target_of, unreadable
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


def given(**fields: str) -> ResearchConfiguration:
    """A configuration of these fields alone."""
    return ResearchConfiguration(
        tuple(Field(name.capitalize().replace("_", " "), text) for name, text in fields.items())
    )


@pytest.mark.parametrize(
    ("words", "objective"),
    [
        ("raise accuracy", "maximize"),
        ("Reduce the loss", "minimize"),
        ("lower is better", "minimize"),
        ("maximize accuracy at lower cost", "maximize"),
        ("Maximise throughput with fewer allocations", "maximize"),
        ("Minimize the error, with higher recall", "minimize"),
    ],
)
def test_the_objective_is_in_its_words(words: str, objective: str) -> None:
    text = CONFIGURATION.replace("minimise the mean number of bins above the best", words)
    found = configuration_in(specification(text))
    assert found is not None
    assert settings_of(found)["objective"] == objective


@pytest.mark.parametrize(
    ("metric", "target", "objective"),
    [
        (Field("Metric", "ndcg", "higher is better"), "0.9", "maximize"),
        (Field("Metric", "p95", "lower is better"), "20 ms", "minimize"),
        (Field("Metric", "ndcg"), ">= 0.9", "maximize"),
        (Field("Metric", "latency"), "below 20 ms", "minimize"),
        (Field("Metric", "latency", "lower is better"), "at least 20 ms", ""),
        (Field("Metric", "latency"), "20 ms", ""),
    ],
)
def test_where_the_objective_leaves_it_open_metric_and_target_tell(
    metric: Field, target: str, objective: str
) -> None:
    configuration = ResearchConfiguration((Field("Objective", "improve it"), metric, Field("Target", target)))
    assert objective_of(configuration) == objective


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.5", 0.5), ("-3", -3), ("−3", -3), (".5", 0.5), ("1e-3", 0.001), ("`0.9`", 0.9),
        ("F1 >= 0.9", 0.9), ("F1>=0.9", 0.9), ("p95 <= 20 ms", 20), ("20ms", 20), ("recall@10 ≥ 0.8", 0.8),
        ("under 1,000", 1000), ("12,345,678.5 rows", 12345678.5), ("0.9.", 0.9), ("0.5 bins or fewer", 0.5),
        ("$0.02 per request", 0.02), ("20/s", 20), ("20 m", 20), ("3 MB", 3),
    ],
)  # fmt: skip
def test_a_target_is_the_one_number_in_it(text: str, number: float) -> None:
    assert target_of(given(target=text)) == number


@pytest.mark.parametrize("number", [1234567.0, 0.123456789, 1e-7, 20.0])
def test_a_number_is_written_with_all_its_digits(number: float) -> None:
    assert load_project(render_target({"target": number})).research.target == number


@pytest.mark.parametrize(
    "text",
    [
        "95%", "95 per cent", "10k", "2 million", "5 M", "1.5x", "2-fold", "sub-20", "5-10", "5–10 ms", "1/2",
        "2^10", "0,5", "1.000,5", "1.2.3", "0.7 → 0.9", "0.9 on 200 cases", "+0.05", "better by 10", "0x10",
        "10 above the baseline", "20ms-30ms", "1e999", "as low as possible",
    ],
)  # fmt: skip
def test_what_could_be_another_number_is_none(text: str) -> None:
    configuration = given(objective="maximize", metric="m", run_command="c", target=text)
    assert target_of(configuration) is None
    with pytest.raises(BadInput, match=f'the target "{re.escape(text)}" is not one plain number'):
        settings_of(configuration)


def test_a_target_may_say_that_there_is_none() -> None:
    for text in ("none", "n/a", "(none yet)"):
        assert "target" not in settings_of(
            given(objective="maximize", metric="m", run_command="c", target=text)
        )


@pytest.mark.parametrize(
    ("text", "dollars"),
    [
        ("$12.50 in all", 12.5), ("$1,000", 1000), ("1,500 USD", 1500), ("USD 50", 50), ("US$ 50", 50),
        ("20 dollars for 40 runs", 20), ("40 runs", None), ("none", None), ("", None),
    ],
)  # fmt: skip
def test_a_budget_counts_where_it_is_in_dollars(text: str, dollars: float | None) -> None:
    configuration = given(objective="maximize", cost_budget=text)
    assert budget_of(configuration) == dollars
    assert not list(unreadable(configuration))


@pytest.mark.parametrize(
    "text", ["50", "$1.5k", "€50", "$5 per run", "$10-20", "$20, then $30", "fifty dollars"]
)
def test_a_sum_that_is_not_plain_is_no_budget(text: str) -> None:
    configuration = given(objective="maximize", cost_budget=text)
    assert budget_of(configuration) is None
    assert [message for _, message, _ in unreadable(configuration)] == [
        f'the cost budget "{text}" is not one plain sum in US dollars'
    ]


def test_other_texts_have_none() -> None:
    assert configuration_in("# Something else\n") is None
    assert configuration_in(plan("Sort the items")) is None
