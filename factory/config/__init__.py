"""Settings: ``factory.toml``, the user's ``config.toml``, environment and flags, each with its origin."""

from factory.config.files import read_project, settings_in_force
from factory.config.load import decode, default_project, load_project, load_user
from factory.config.mistakes import BadSettings, Mistake
from factory.config.model import (
    CommandSpec,
    ConstraintSpec,
    DimensionSpec,
    ProjectConfig,
    RoleRunner,
)
from factory.config.reference import settings_reference
from factory.config.settings import Origin, Settings, SettingValue, settings
from factory.config.write import literal, render

__all__ = [
    "BadSettings",
    "CommandSpec",
    "ConstraintSpec",
    "DimensionSpec",
    "Mistake",
    "Origin",
    "ProjectConfig",
    "RoleRunner",
    "SettingValue",
    "Settings",
    "decode",
    "default_project",
    "literal",
    "load_project",
    "load_user",
    "read_project",
    "render",
    "settings",
    "settings_in_force",
    "settings_reference",
]
