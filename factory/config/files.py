"""The settings files on this machine, read into what is in force."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory.config.load import decode, load_project
from factory.config.model import ProjectConfig
from factory.config.settings import Settings, settings
from factory.fsio import unreadable
from factory.paths import factory_home


def read_project(file: Path) -> ProjectConfig:
    """The settings in a ``factory.toml`` as it lies on disk; all defaults where there is none.

    Raises BadInput when it cannot be read or holds mistakes. A cycle reads its baseline commit's instead.
    """
    return load_project(_text(file, file.name), file.name)


def settings_in_force(flags: Mapping[str, Any], project: ProjectConfig | None) -> Settings:
    """Flags, this process's environment, the project's settings and the user's file, laid over each other.

    Raises BadInput when the user's file cannot be read, and for every mistake in it, flags or environment.
    """
    file = factory_home().config
    return settings(flags, os.environ, project, _text(file, str(file)), user_source=str(file))


def _text(file: Path, source: str) -> str:
    try:
        return decode(file.read_bytes(), source)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise unreadable(source, error) from None
