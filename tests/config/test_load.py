"""factory.toml: what is read, and how mistakes are told."""

# ruff: noqa: E501  (messages are compared whole)

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.config import (
    BadSettings,
    CommandSpec,
    ConstraintSpec,
    DimensionSpec,
    ProjectConfig,
    RoleRunner,
    decode,
    default_project,
    load_project,
    load_user,
)
from factory.config.lines import KeyPath
from factory.config.schema import RUNNERS
from factory.errors import BadInput

FULL = """\
goal = "Parse dates"
target_branch = "main"

[scope]
modifiable = ["src/**", "tests/**"]
read_only = ["eval/**"]

[eval]
threshold = 0.8
weights = { hygiene = 1, growth = 0 }
[[eval.dimension]]
name = "tests"
tier = "hygiene"
command = "python check.py"
parser = "json:out.json"
[[eval.dimension]]
name = "speed"
noisy = true
timeout = 30
command = "x"
[[eval.constraint]]
name = "size"
check = "test $(wc -c < a) -lt 9"

[limits]
usd = 2

[prompts]
builder = "agents/builder.md"

[research]
metric = "f1"
run = "make run"
target = 0.9

[runner]
default = "mine"
model = "m-1"
[runner.reviewer]
name = "codex"
[runner.commands.mine]
argv = ["mine", "{prompt_file}"]
exit_codes = { "75" = "transient" }
"""


def test_a_file_is_read_in_full() -> None:
    config = load_project(FULL)
    assert (config.goal, config.target_branch) == ("Parse dates", "main")
    assert config.scope.modifiable == ("src/**", "tests/**")
    assert config.scope.read_only == ("eval/**",)
    assert (config.eval.threshold, config.eval.tolerance, config.eval.pairs) == (0.8, 0.002, 5)
    assert config.eval.weights == {"hygiene": 1.0, "growth": 0.0}
    assert config.eval.dimensions == (
        DimensionSpec("tests", "hygiene", 1.0, "python check.py", "json:out.json", 600.0, False, 0.002),
        DimensionSpec("speed", "project", 1.0, "x", "exit_code", 30.0, True, 0.002),
    )
    assert config.eval.constraints == (ConstraintSpec("size", "test $(wc -c < a) -lt 9"),)
    assert (config.limits.usd, config.limits.invocations) == (2.0, 60)
    assert config.prompts == {"builder": "agents/builder.md"}
    assert (config.research.target, config.research.configured) == (0.9, True)
    assert config.runner.commands["mine"] == CommandSpec(
        ("mine", "{prompt_file}"), {}, "stdout", "", "", "", "", {"75": "transient"}
    )
    assert config.given["eval", "dimension", 1, "noisy"].source == "factory.toml:18"


def test_a_role_with_a_runner_of_its_own_does_not_take_the_model_of_another() -> None:
    runner = load_project(FULL).runner
    assert runner.for_role("builder") == RoleRunner("mine", "m-1")
    assert runner.for_role("reviewer") == RoleRunner("codex", "")


def test_defaults_are_those_of_an_empty_file() -> None:
    config = default_project()
    assert config == load_project("")
    assert config.scope.modifiable == ("**",)
    assert (config.eval.threshold, config.eval.min_gain, config.eval.time_limit) == (0.6, 0.0005, 1800.0)
    assert dataclasses.astuple(config.limits) == (60, 0, 0.0, 1800.0, 2, 2)
    assert dataclasses.astuple(config.strategy) == (1, 2, 5, 3, 0.6)
    assert (config.github.enabled, config.runner.default, config.runner.sandbox) == (False, "auto", "auto")
    assert (config.research.target, config.research.configured) == (None, False)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        default_project().goal = "other"  # type: ignore[misc]


def test_every_mistake_is_reported_at_once_in_the_order_of_lines() -> None:
    text = """\
gaol = 1
threshold = 3
[scope]
modifiable = []
read_only = ["src/**.py"]
[eval]
treshold = 0.5
tolerance = "x"
pairs = 1
weights = { hygeine = 1 }
[[eval.dimension]]
tier = "hygene"
[[eval.dimension]]
name = "lint"
[[eval.dimension]]
name = "lint"
noisy = 1
[limits]
usd = nan
[runner]
default = "claud"
sandbox = "off"
[runner.commands.claude]
argv = ["x"]
[prompts]
builder = "../x"
"""
    with pytest.raises(BadSettings) as caught:
        load_project(text)
    top = "goal, target_branch, scope, eval, limits, strategy, prompts, research, github, runner, contribute"
    in_eval = "threshold, tolerance, min_gain, pairs, time_limit, python, setup, smoke, weights, dimension, constraint"
    assert caught.value.message.splitlines() == [
        f'factory.toml:1: gaol: got an unknown key, expected one of {top}; did you mean "goal"?',
        f'factory.toml:2: threshold: got an unknown key, expected one of {top}; did you mean "eval.threshold"?',
        "factory.toml:4: scope.modifiable: got [], expected a list of file patterns that is not empty",
        'factory.toml:5: scope.read_only: got ["src/**.py"], expected file patterns as in .gitignore '
        "('src/**.py' has ** beside other characters; ** stands alone between slashes)",
        f'factory.toml:7: eval.treshold: got an unknown key, expected one of {in_eval}; did you mean "threshold"?',
        'factory.toml:8: eval.tolerance: got "x", expected a number from 0 to 1',
        "factory.toml:9: eval.pairs: got 1, expected a whole number from 2 to 100",
        'factory.toml:10: eval.weights: got the key "hygeine", expected a table of numbers of 0 or more '
        'for hygiene, growth, project; did you mean "hygiene"?',
        "factory.toml:11: eval.dimension[0].name: got nothing, expected a text in quotes that is not empty",
        'factory.toml:12: eval.dimension[0].tier: got "hygene", expected one of hygiene, growth, project; '
        'did you mean "hygiene"?',
        'factory.toml:16: eval.dimension[2].name: got "lint" again, expected another name than at factory.toml:14',
        "factory.toml:17: eval.dimension[2].noisy: got 1, expected true or false",
        "factory.toml:19: limits.usd: got nan, expected a number of 0 or more",
        f'factory.toml:21: runner.default: got "claud", expected one of {", ".join(RUNNERS)}; '
        'did you mean "claude"?',
        'factory.toml:22: runner.sandbox: got "off", expected it in config.toml in the factory home, '
        "for it is yours to decide",
        "factory.toml:24: runner.commands.claude: got the name of a built-in runner, expected a name of its own",
        'factory.toml:26: prompts.builder: got "../x", expected a file of the project, by its path from the root',
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[eval.dimension]]\nname = "tets"',
            'f:1: eval.dimension[0].command: got nothing, expected a command, for "tets" is no built-in dimension; did you mean "tests"?',
        ),
        (
            '[[eval.dimension]]\nname = "tests"\nparser = "pytest"',
            'f:3: eval.dimension[0].parser: got "pytest", expected one of exit_code, json, results, '
            "junit, jest, eslint, tsc, istanbul; all but exit_code may name a file, as json:FILE",
        ),
        (
            '[[eval.dimension]]\nname = "tests"\nparser = "json:/tmp/x"',
            'f:3: eval.dimension[0].parser: got "json:/tmp/x", expected a file of the project, by its path from the root',
        ),
        ("eval = 1", "f:1: eval: got 1, expected a table, [eval]"),
        (
            "\n[eval]\ndimension = 3",
            "f:3: eval.dimension: got 3, expected tables, each under [[eval.dimension]]",
        ),
        (
            "[eval.dimension]",
            "f:1: eval.dimension: got a table, expected tables, each under [[eval.dimension]]",
        ),
        (
            "limits.invocations = true",
            "f:1: limits.invocations: got true, expected a whole number from 1 to 10000",
        ),
        ("limits.tokens = 1.5", "f:1: limits.tokens: got 1.5, expected a whole number of 0 or more"),
        (
            'eval.weights = { hygiene = 0 }\ngoal = "a"',
            "f:1: eval.weights: got nothing above 0, expected at least one weight above 0",
        ),
        ("goal = 1979-05-27", "f:1: goal: got 1979-05-27, expected a text in quotes"),
        ('goal = "a\\u0000"', 'f:1: goal: got "a\\x00", expected a text in quotes'),
        (f"limits.usd = 1{'0' * 400}", f"f:1: limits.usd: got 1{'0' * 58}…, expected a number of 0 or more"),
        (
            '[runner.commands.x]\nargv = ["x"]\nexit_codes = { "7" = "quotas" }',
            'f:3: runner.commands.x.exit_codes: got "quotas", expected a table of texts, each one of done, refused, '
            'garbled, limit, timeout, crashed, transient, quota, login, missing; did you mean "quota"?',
        ),
        ("goal = ", "f:1: this is not valid TOML: Invalid value."),
        ('a = 1\nb = "x', "f:2: this is not valid TOML: Unterminated string."),
        ("a = 1\n\na = 2\n", "f:3: this is not valid TOML: Cannot overwrite a value."),
        ("a = " + "[" * 5000, "f: this is nested too deeply."),
        ('goal = "\udc80"', "f: this is not UTF-8 text."),
    ],
)
def test_each_kind_of_mistake_has_its_sentence(text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_project(text, "f")
    assert caught.value.message == message
    assert caught.value.hint


def test_the_users_file_takes_no_policy_of_a_project() -> None:
    with pytest.raises(BadSettings) as caught:
        load_user("eval.threshold = 0.1\n[contribute]\nrepository = 'a/b'\n")
    assert caught.value.message == (
        "config.toml:1: eval.threshold: got 0.1, expected it in the project's factory.toml"
    )


def test_bytes_that_are_no_text_are_bad_input_with_their_line() -> None:
    with pytest.raises(BadInput, match=r"^factory\.toml:2: this is not UTF-8 text\.$"):
        decode(b'goal = "x"\n\xff', "factory.toml")
    assert decode(b'\xef\xbb\xbfgoal = "x"', "factory.toml") == 'goal = "x"'


_fragments = st.sampled_from(
    [*FULL.splitlines(keepends=True), "[", "]", '"', "'''", "\\", "{", "=", "\n", "eval.", "nan", "\x00", "é"]
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(), st.text().map(str.encode), st.lists(_fragments).map(lambda p: "".join(p).encode()))
)
def test_any_file_gives_settings_or_bad_input(data: bytes) -> None:
    try:
        config = load_project(decode(data, "factory.toml"))
    except BadInput as error:
        assert error.message.startswith("factory.toml")
    else:
        assert isinstance(config, ProjectConfig)


_leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)).map(
    lambda value: "[]" if value is None else "true" if value is True else repr(value)
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(FULL.splitlines()), _leaves), max_size=4))
def test_a_wrong_value_in_any_place_is_reported_with_its_key(changes: list[tuple[str, str]]) -> None:
    text = FULL
    for line, value in changes:
        if " = " in line:
            text = text.replace(line, f"{line.split(' = ')[0]} = {value}")
    try:
        load_project(text)
    except BadSettings as error:
        for mistake in error.mistakes:
            assert mistake.where.startswith("factory.toml:")
            assert mistake.key
    except BadInput as error:
        assert "not valid TOML" in error.message


def test_given_names_the_keys_of_the_file_and_no_others() -> None:
    paths: set[KeyPath] = set(load_project("goal = 'x'\n[runner.builder]\nmodel = 'm'").given)
    assert paths == {("goal",), ("runner", "builder", "model")}
