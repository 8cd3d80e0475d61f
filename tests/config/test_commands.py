"""Commands as runners: what their templates may say."""

from __future__ import annotations

import pytest

from factory.config.load import load_project, load_user
from factory.config.mistakes import BadSettings

COMMAND = """\
[runner.commands.acme]
argv = ["acme", "--prompt", "{prompt_fil}", "{}", '{"json": 1}', "{answer_file}"]
env = { WHERE = "{place}", KEY = "$ACME_KEY" }
"""


def mistakes(text: str, *, project: bool) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load_project(text) if project else load_user(text)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_an_unknown_placeholder_is_a_mistake() -> None:
    known = "one of {prompt_file}, {answer_file}, {worktree}, {model}"
    assert mistakes(COMMAND, project=False) == [
        f"config.toml:2: runner.commands.acme.argv: got the placeholder {{prompt_fil}}, expected {known}; "
        'did you mean "prompt_file"?',
        f"config.toml:3: runner.commands.acme.env: got the placeholder {{place}}, expected {known}",
    ]


def test_a_project_asks_for_no_variable_and_no_login_of_the_persons() -> None:
    text = (
        '[runner.commands.acme]\nargv = ["acme"]\nenv = { KEY = "$GITHUB_TOKEN" }\nlogin = [".ssh/id_rsa"]\n'
    )
    assert mistakes(text, project=True) == [
        'factory.toml:3: runner.commands.acme.env.KEY: got "$GITHUB_TOKEN", expected a text, or this command '
        "in your config.toml",
        'factory.toml:4: runner.commands.acme.login: got [".ssh/id_rsa"], expected it in config.toml '
        "in the factory home, for it is yours to decide",
    ]
    load_user(text)
