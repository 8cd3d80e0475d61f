"""What is written reads back as the same settings."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from factory.config import load_project, render
from factory.config.kinds import (
    FILE,
    NUMBER,
    NUMBER_TABLE,
    PARSER,
    PATTERNS,
    SWITCH,
    TEXT,
    TEXT_TABLE,
    TEXTS,
    WHOLE,
)
from factory.config.lines import KeyPath
from factory.config.schema import SETTINGS, File, Setting


def test_the_text_is_as_a_person_would_write_it() -> None:
    values: dict[KeyPath, Any] = {
        ("eval", "dimension", 0, "name"): "tests",
        ("eval", "dimension", 0, "noisy"): False,
        ("eval", "dimension", 1, "name"): "lint",
        ("goal",): 'a "goal"\n',
        ("eval", "weights"): {"hygiene": 0.5},
        ("scope", "modifiable"): ["src/**", "docs/**"],
        ("runner", "builder", "model"): "m",
    }
    comments: dict[KeyPath, str] = {
        (): "Made by a test.",
        ("eval", "dimension", 1): "ran in 0.3 s\nand again",
        ("eval", "weights"): "guessed",
    }
    assert render(values, comments) == (
        "# Made by a test.\n"
        'goal = "a \\"goal\\"\\n"\n'
        "\n"
        "[scope]\n"
        'modifiable = ["src/**", "docs/**"]\n'
        "\n"
        "[eval]\n"
        "# guessed\n"
        "weights = { hygiene = 0.5 }\n"
        "\n"
        "[[eval.dimension]]\n"
        'name = "tests"\n'
        "noisy = false\n"
        "\n"
        "# ran in 0.3 s\n"
        "# and again\n"
        "[[eval.dimension]]\n"
        'name = "lint"\n'
        "\n"
        "[runner.builder]\n"
        'model = "m"\n'
    )


# A "$" would ask for a variable of the person's, which a project's file must not.
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0$"), min_size=1, max_size=8)
_numbers = st.floats(0, 1)


def _value(setting: Setting) -> st.SearchStrategy[Any]:
    if setting.choices and setting.kind is TEXT:
        return st.sampled_from(setting.choices)
    if setting.key in {"runner.default", "runner.<role>.name"}:
        return st.sampled_from(["claude", "offline"])
    low, high = int(setting.low or 0), int(setting.high or 1)
    return {
        TEXT: _text,
        FILE: st.just("a/b.md"),
        WHOLE: st.integers(low, high),
        NUMBER: st.floats(low, high),
        SWITCH: st.booleans(),
        TEXTS: st.lists(_text, min_size=1, max_size=3).map(tuple),
        PARSER: st.sampled_from(["exit_code", "json", "results:out/a.json"]),
        PATTERNS: st.just(("src/**", "*.md")),
        NUMBER_TABLE: st.fixed_dictionaries({"growth": st.floats(0.1, 1)}, optional={"project": _numbers}),
        TEXT_TABLE: st.dictionaries(_text, st.sampled_from(setting.choices) if setting.choices else _text),
    }[setting.kind]


def _paths(setting: Setting) -> list[KeyPath]:
    """Places for a setting in a file: two elements of an array, two names."""
    parts = setting.key.replace("<role>", "builder").replace("<name>", "my own").split(".")
    if "[]" not in setting.key:
        return [tuple(parts)]
    section, array, name = parts
    return [(section, array.removesuffix("[]"), index, name) for index in (0, 1)]


_places = [(path, s) for s in SETTINGS if File.PROJECT in s.files for path in _paths(s)]
_files = st.fixed_dictionaries(
    {path: _value(s) for path, s in _places if s.required},
    optional={path: _value(s) for path, s in _places if not s.required},
)


@settings(max_examples=150, deadline=None)
@given(_files)
def test_what_is_written_reads_back(values: dict[KeyPath, Any]) -> None:
    for array in ("dimension", "constraint"):
        values["eval", array, 1, "name"] = values["eval", array, 0, "name"] + "2"
    for index in (0, 1):
        values["eval", "dimension", index, "command"] = "x"
    given = load_project(render(values)).given
    arrays = {("eval", "dimension"), ("eval", "constraint")}
    assert {path: item.value for path, item in given.items() if path not in arrays} == values
