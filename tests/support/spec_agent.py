"""The agent of spec_player.py as a ``command`` runner, set up in a factory home."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.role_model import GOOD, plan

NAME = "player"
SOURCE = Path(__file__).with_name("spec_player.py")


def configure(factory_home: Path, does: Mapping[str, str], log: Path | None = None) -> None:
    """Write the settings into a factory home's ``config.toml``; ``does`` says what the Builder does by word.

    Its source is an argument: no sandbox shows tests. ``log`` is for the roles it is asked for; only an
    agent outside of a sandbox can write it.
    """
    argv = ["python3", "-I", "-c", SOURCE.read_text(), json.dumps(dict(does)), str(log or ""), plan([GOOD])]
    factory_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (factory_home / "config.toml").write_text(f"[runner.commands.{NAME}]\nargv = {json.dumps(argv)}\n")


def asked(log: Path) -> list[dict[str, Any]]:
    """What the agent was asked, in order: role, and the word that a Builder was to add."""
    return [json.loads(line) for line in log.read_text().splitlines()]
