"""Where playbooks lie: the defaults in the package, the evolved ones in the factory home."""

from __future__ import annotations

from pathlib import Path

from factory.paths import factory_home

DEFAULTS_DIR = Path(__file__).parent.parent / "agents" / "playbooks"
"""The playbooks that ship with the program, ``<role>.md``."""


def user_playbooks_dir() -> Path:
    """The folder of the evolved playbooks in the factory home in force, ``<role>.md``; it may not exist."""
    return factory_home().playbooks
