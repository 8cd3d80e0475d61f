"""Which source wins, and where each value is said to come from."""

# ruff: noqa: E501  (messages are compared whole)

from typing import Any

import pytest

from factory.config import (
    BadSettings,
    Origin,
    Settings,
    SettingValue,
    default_project,
    load_project,
    schema,
    settings,
)

PROJECT = load_project("[limits]\ninvocations = 30\nusd = 3\ntimeout = 33\n")
USER = "limits.invocations = 20\nlimits.usd = 2\nlimits.timeout = 22\nlimits.tokens = 222\n"


def test_flag_before_environment_before_project_before_user_before_default() -> None:
    env = {"FACTORY_BUDGET_INVOCATIONS": "40", "FACTORY_BUDGET_USD": "4", "HOME": "/nowhere"}
    found = settings({"budget_invocations": 50, "budget_usd": None, "json": True}, env, PROJECT, USER)
    assert [
        found.value(f"limits.{name}") for name in ("invocations", "usd", "timeout", "tokens", "redirects")
    ] == [
        SettingValue("limits.invocations", 50, Origin.FLAG, "--budget-invocations"),
        SettingValue("limits.usd", 4.0, Origin.ENVIRONMENT, "FACTORY_BUDGET_USD"),
        SettingValue("limits.timeout", 33.0, Origin.PROJECT, "factory.toml:4"),
        SettingValue("limits.tokens", 222, Origin.USER, "config.toml:4"),
        SettingValue("limits.redirects", 2, Origin.DEFAULT, ""),
    ]
    limits = found.config.limits
    assert (limits.invocations, limits.usd, limits.timeout, limits.tokens, limits.redirects) == (
        50,
        4,
        33,
        222,
        2,
    )


def test_without_any_source_all_is_default() -> None:
    found = settings({}, {}, None)
    assert found.config == default_project()
    assert {value.origin for value in found.values} == {Origin.DEFAULT}
    with pytest.raises(KeyError):
        found.value("limits.nothing")


@pytest.mark.parametrize(
    ("flags", "env", "key", "value"),
    [
        ({"no_github": True}, {"FACTORY_GITHUB": "on"}, "github.enabled", False),
        ({"no_github": False}, {"FACTORY_GITHUB": "on"}, "github.enabled", True),
        ({}, {"FACTORY_GITHUB": ""}, "github.enabled", False),
        ({"max_new": 0}, {}, "strategy.max_new", 0),
        ({"branch": "dev"}, {}, "target_branch", "dev"),
        ({"runner": "offline"}, {"FACTORY_RUNNER": "codex"}, "runner.default", "offline"),
        ({"sandbox": "off"}, {}, "runner.sandbox", "off"),
        ({}, {"FACTORY_SIMILARITY": "0.7"}, "strategy.similarity", 0.7),
    ],
)
def test_flags_and_variables_are_read_by_kind(
    flags: dict[str, Any], env: dict[str, str], key: str, value: object
) -> None:
    assert settings(flags, env, None).value(key).value == value


def test_every_mistake_of_flags_and_environment_is_reported_at_once() -> None:
    env = {"FACTORY_BUDGET_USD": "much", "FACTORY_GITHUB": "maybe", "FACTORY_SANDBOX": "of"}
    with pytest.raises(BadSettings) as caught:
        settings({"budget_invocations": 0, "runner": "cluade"}, env, None)
    assert caught.value.message.splitlines() == [
        'FACTORY_BUDGET_USD: limits.usd: got "much", expected a number of 0 or more',
        'FACTORY_GITHUB: github.enabled: got "maybe", expected true or false',
        'FACTORY_SANDBOX: runner.sandbox: got "of", expected one of auto, bwrap, cli, off; did you mean "off"?',
        "--budget-invocations: got 0, expected a whole number from 1 to 10000",
        f'--runner: got "cluade", expected one of {", ".join(schema.RUNNERS)}; did you mean "claude"?',
    ]


def test_a_mistake_on_the_command_line_is_not_sent_to_a_settings_file() -> None:
    with pytest.raises(BadSettings) as caught:
        settings({"runner": "cluade"}, {}, None)
    assert caught.value.hint == "`factory ceo --help` lists the options."


def test_the_judge_is_not_to_be_had_from_the_environment() -> None:
    env = {"FACTORY_THRESHOLD": "0", "FACTORY_EVAL_THRESHOLD": "0", "FACTORY_SCOPE_MODIFIABLE": "**"}
    found = settings({}, env, load_project("eval.threshold = 0.9"))
    assert found.config.eval.threshold == 0.9
    assert set(found.ignored) == set(env)


def test_unknown_variables_are_named_with_their_nearest() -> None:
    env = {"FACTORY_BUDGET_INVOCATION": "3", "FACTORY_HOME": "/x", "FACTORY_ROLE": "builder", "OTHER": "1"}
    assert settings({}, env, None).ignored == {"FACTORY_BUDGET_INVOCATION": "FACTORY_BUDGET_INVOCATIONS"}


def own_commands(found: Settings) -> dict[str, object]:
    return {name: (command.argv, command.env) for name, command in found.config.runner.commands.items()}


def test_a_command_is_taken_as_a_whole_from_one_file() -> None:
    user = (
        '[runner.commands.mine]\nargv = ["mine"]\nenv = { KEY = "secret" }\n[runner.commands.b]\nargv = ["b"]'
    )
    project = load_project('[runner.commands.mine]\nargv = ["other"]\n')
    found = settings({"runner": "b"}, {}, project, user)
    assert own_commands(found) == {"mine": (("other",), {}), "b": (("b",), {})}
    assert found.config.runner.default == "b"


def test_elements_and_roles_are_listed_with_their_lines() -> None:
    project = load_project(
        '[[eval.dimension]]\nname = "lint"\n[runner.builder]\nmodel = "m"\n[prompts]\nceo = "p.md"\n'
    )
    given = [value for value in settings({}, {}, project).values if value.origin is not Origin.DEFAULT]
    assert given == [
        SettingValue("eval.dimension[0].name", "lint", Origin.PROJECT, "factory.toml:2"),
        SettingValue("prompts.ceo", "p.md", Origin.PROJECT, "factory.toml:6"),
        SettingValue("runner.builder.model", "m", Origin.PROJECT, "factory.toml:4"),
    ]


RUNNERS = """\
[runner]
default = "claude"
model = "m"
[runner.reviewer]
name = "codex"
model = "r"
[runner.builder]
model = "b"
"""


@pytest.mark.parametrize(
    ("flags", "researcher", "builder", "reviewer"),
    [
        ({}, ("claude", "m"), ("claude", "b"), ("codex", "r")),
        ({"runner": "offline"}, ("offline", ""), ("offline", ""), ("offline", "")),
        ({"runner": "claude"}, ("claude", "m"), ("claude", "m"), ("claude", "m")),
        ({"model": "x"}, ("claude", "x"), ("claude", "x"), ("codex", "r")),
        ({"runner": "codex", "model": "x"}, ("codex", "x"), ("codex", "x"), ("codex", "x")),
    ],
)
def test_a_runner_named_by_a_flag_is_meant_for_every_role(
    flags: dict[str, Any],
    researcher: tuple[str, str],
    builder: tuple[str, str],
    reviewer: tuple[str, str],
) -> None:
    runner = settings(flags, {}, load_project(RUNNERS)).config.runner
    found = [runner.for_role(role) for role in ("researcher", "builder", "reviewer")]
    assert [(role.name, role.model) for role in found] == [researcher, builder, reviewer]
