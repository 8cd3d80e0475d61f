"""The reference in the docs holds every setting, and its examples are valid."""

from factory.config import load_project, load_user, settings_reference
from factory.config.reference import EXAMPLE, USER_EXAMPLE
from factory.config.schema import SECTIONS, SETTINGS


def test_the_examples_are_valid() -> None:
    config = load_project(EXAMPLE)
    assert [dimension.name for dimension in config.eval.dimensions] == ["tests", "speed"]
    assert config.runner.for_role("reviewer").name == "codex"
    assert load_user(USER_EXAMPLE)["contribute", "repository"].value == "someone/factory"


def test_every_setting_has_a_row_with_what_can_set_it() -> None:
    text = settings_reference()
    for setting in SETTINGS:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{setting.name}` |"))
        assert row.count(" | ") == 2
        assert setting.meaning in text
        for name in (setting.flag, setting.env):
            assert not name or f"`{name}`" in text
    assert (
        "| `usd` | `0` | US dollars in one cycle; one call may overshoot. Needs runners that report a cost. "
        in text
    )


def test_every_section_is_described() -> None:
    assert {setting.section for setting in SETTINGS} <= SECTIONS.keys()


def test_keys_flags_and_variables_are_given_once() -> None:
    for names in (
        [s.key for s in SETTINGS],
        [s.flag for s in SETTINGS if s.flag],
        [s.env for s in SETTINGS if s.env],
    ):
        assert len(set(names)) == len(names)
