"""The agent of http_agent.py as a ``command`` runner, set up in a factory home."""

from __future__ import annotations

import json
from pathlib import Path

from factory.config import settings
from factory.config.model import CommandSpec

NAME = "small"
SOURCE = Path(__file__).with_name("http_agent.py")

TEMPLATE = """\
[runner.commands.{name}]
argv = {argv}
answer = "json"
answer_path = "text"
tokens_in = "usage.input_tokens"
tokens_out = "usage.output_tokens"
error = "error"
http_status = "status"
"""


def template(url: str) -> str:
    """Settings for an agent whose model is at ``url``. Its source is an argument: no sandbox shows tests."""
    argv = ["python3", "-I", "-c", SOURCE.read_text(), url]
    return TEMPLATE.format(name=NAME, argv=json.dumps(argv))


def spec(url: str) -> CommandSpec:
    """The same, read."""
    return settings({}, {}, None, template(url)).config.runner.commands[NAME]


def configure(factory_home: Path, url: str) -> None:
    """Write the settings into a factory home's ``config.toml``."""
    factory_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (factory_home / "config.toml").write_text(template(url))
