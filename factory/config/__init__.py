"""Settings: ``factory.toml``, the user's ``config.toml``, environment and flags, each with its origin."""

from factory.config.load import decode, default_project, load_project, load_user
from factory.config.mistakes import BadSettings, Mistake
from factory.config.model import (
    CommandSpec,
    ConstraintSpec,
    DimensionSpec,
    ProjectConfig,
    RoleRunner,
)

__all__ = [
    "BadSettings",
    "CommandSpec",
    "ConstraintSpec",
    "DimensionSpec",
    "Mistake",
    "ProjectConfig",
    "RoleRunner",
    "decode",
    "default_project",
    "load_project",
    "load_user",
]
