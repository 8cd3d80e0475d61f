"""What is in force: flag, else environment, else project, else user, else default; each with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from factory.config.check import WrongValue, checked, commands_of, runner_mistakes
from factory.config.kinds import SWITCH
from factory.config.lines import KeyPath
from factory.config.load import assemble, load_user
from factory.config.mistakes import BadSettings, Mistake, key_text, nearest, shown
from factory.config.model import Given, ProjectConfig
from factory.config.schema import ROLES, SETTINGS, Setting, expectation

ENV_PREFIX = "FACTORY_"
NOT_SETTINGS = frozenset({"FACTORY_HOME", "FACTORY_ROLE", "FACTORY_CYCLE", "FACTORY_EXPERIMENT"})
"""Variables of that prefix with another meaning: the factory home, and what an agent's process is told."""


class Origin(StrEnum):
    """Where a value comes from, the strongest first."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    PROJECT = "project"
    USER = "user"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One value in force. ``source`` is a flag, a variable's name or ``file:line``; empty for a default."""

    key: str
    value: Any
    origin: Origin
    source: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All values in force, as a ``config`` to read from and as a list with origins.

    ``ignored`` are variables that begin with ``FACTORY_`` and are no setting, with the nearest one's name or
    an empty string.
    """

    config: ProjectConfig
    values: tuple[SettingValue, ...]
    ignored: Mapping[str, str]

    def value(self, key: str) -> SettingValue:
        """The value of a key such as ``limits.usd``; raises KeyError where there is none."""
        for value in self.values:
            if value.key == key:
                return value
        raise KeyError(key)


def settings(
    flags: Mapping[str, Any],
    env: Mapping[str, str],
    project: ProjectConfig | None,
    user_text: str = "",
    *,
    user_source: str = "config.toml",
) -> Settings:
    """Lay the sources over each other.

    ``flags`` are parsed arguments by their names (``budget_usd``); what is None or no setting is left alone.
    ``env`` is the environment; an empty variable counts as unset. Raises BadSettings with every mistake in
    the user's file, or else in environment and flags.
    """
    user = load_user(user_text, user_source)
    own = project.given if project else {}
    mistakes: list[Mistake] = []
    layers = {
        Origin.USER: _without_commands(user, commands_of(own)),
        Origin.PROJECT: own,
        Origin.ENVIRONMENT: _from_environment(env, mistakes),
        Origin.FLAG: _from_flags(flags, mistakes),
    }
    mistakes += _unknown_runners(layers)
    if mistakes:
        raise BadSettings(mistakes)
    merged: dict[KeyPath, Given] = {}
    origins: dict[KeyPath, Origin] = {}
    for origin, layer in layers.items():
        for path in _superseded(merged, layer):
            del merged[path], origins[path]
        merged |= layer
        origins |= dict.fromkeys(layer, origin)
    return Settings(assemble(merged), _values(merged, origins), _ignored(env))


def _superseded(below: Mapping[KeyPath, Given], layer: Mapping[KeyPath, Given]) -> list[KeyPath]:
    """What weaker sources say about runners that a stronger one no longer leaves any sense to.

    ``--runner offline`` is meant for every role, and another runner cannot be given this one's model.
    """
    default, model = ("runner", "default"), ("runner", "model")
    roles = [path for path in below if path[0] == "runner" and path[1] in ROLES]
    if default in layer:
        other = default not in below or below[default].value != layer[default].value
        return [*roles, model] if other and model in below else roles
    if model in layer:
        return [path for path in roles if path[2] == "model" and (*path[:2], "name") not in below]
    return []


def _without_commands(given: Mapping[KeyPath, Given], names: tuple[str, ...]) -> Mapping[KeyPath, Given]:
    """Leave out commands of these names: its environment must not go to the program of another file."""
    return {
        path: item
        for path, item in given.items()
        if path[:2] != ("runner", "commands") or path[2] not in names
    }


def _from_environment(env: Mapping[str, str], mistakes: list[Mistake]) -> dict[KeyPath, Given]:
    given: dict[KeyPath, Given] = {}
    for setting in SETTINGS:
        word = env.get(setting.env, "") if setting.env else ""
        if not word:
            continue
        try:
            raw = setting.kind.from_word(word)
        except ValueError:
            mistakes.append(Mistake(setting.env, setting.key, shown(word), expectation(setting)))
            continue
        _take(setting, raw, setting.env, given, mistakes)
    return given


def _from_flags(flags: Mapping[str, Any], mistakes: list[Mistake]) -> dict[KeyPath, Given]:
    given: dict[KeyPath, Given] = {}
    for setting in SETTINGS:
        raw = flags.get(setting.flag.removeprefix("--").replace("-", "_")) if setting.flag else None
        if raw is None or raw is False:
            continue
        # The one switch among them turns off: --no-github.
        value = False if setting.kind is SWITCH else raw
        _take(setting, value, setting.flag, given, mistakes)
    return given


def _take(
    setting: Setting, raw: Any, source: str, given: dict[KeyPath, Given], mistakes: list[Mistake]
) -> None:
    try:
        given[tuple(setting.key.split("."))] = Given(checked(setting, raw), source)
    except WrongValue as wrong:
        mistakes.append(Mistake(source, setting.key, wrong.got, wrong.expected, wrong.meant))


def _unknown_runners(layers: Mapping[Origin, Mapping[KeyPath, Given]]) -> list[Mistake]:
    """Files are checked when they are read; flags and variables may name a command of either."""
    commands = commands_of(layers[Origin.PROJECT]) + commands_of(layers[Origin.USER])
    return [
        mistake
        for origin in (Origin.ENVIRONMENT, Origin.FLAG)
        for mistake in runner_mistakes(layers[origin], commands)
    ]


def _values(merged: Mapping[KeyPath, Given], origins: Mapping[KeyPath, Origin]) -> tuple[SettingValue, ...]:
    """In the order of the table; within arrays and named tables in the order of the file."""
    plain = {tuple(s.key.split(".")): s for s in SETTINGS if "<" not in s.key and "[]" not in s.key}
    values = [
        _value(path, merged.get(path) or Given(setting.default, ""), origins.get(path, Origin.DEFAULT))
        for path, setting in plain.items()
    ]
    # An array's own entry holds its length alone.
    others = [
        path for path in merged if path not in plain and path[1:] not in {("dimension",), ("constraint",)}
    ]
    values += [_value(path, merged[path], origins[path]) for path in others]
    sections = list(dict.fromkeys(setting.key.partition(".")[0] for setting in SETTINGS))
    return tuple(sorted(values, key=lambda value: sections.index(value.key.partition(".")[0])))


def _value(path: KeyPath, given: Given, origin: Origin) -> SettingValue:
    return SettingValue(key_text(path), given.value, origin, given.source)


def _ignored(env: Mapping[str, str]) -> dict[str, str]:
    known = {setting.env for setting in SETTINGS if setting.env}
    unknown = sorted(name for name in env if name.startswith(ENV_PREFIX) and name not in known | NOT_SETTINGS)
    by_lower = {name.lower(): name for name in known}
    return {name: by_lower.get(nearest(name, by_lower), "") for name in unknown}
