"""Agents as ``command`` runners, set up in a factory home: that of http_agent.py, or any script."""

from __future__ import annotations

import base64
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


def configure_script(factory_home: Path, name: str, source: str) -> None:
    """Set up a Python script as the runner ``name``: prompt on standard input, answer on standard output.

    The script itself is the argument, for no sandbox shows it tests; encoded, for its braces are none of a
    template's.
    """
    packed = base64.b64encode(source.encode()).decode()
    argv = ["python3", "-I", "-c", f"import base64; exec(base64.b64decode('{packed}'))"]
    factory_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (factory_home / "config.toml").open("a") as settings_file:
        settings_file.write(f"[runner.commands.{name}]\nargv = {json.dumps(argv)}\n")
