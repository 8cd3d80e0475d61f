"""``factory.toml`` and the user's ``config.toml``: from text to checked settings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from factory.config.check import Checker
from factory.config.lines import KeyPath, key_lines
from factory.config.mistakes import BadSettings
from factory.config.model import (
    CommandSpec,
    ConstraintSpec,
    Contribute,
    DimensionSpec,
    Eval,
    GitHub,
    Given,
    Limits,
    ProjectConfig,
    Research,
    RoleRunner,
    RunnerSettings,
    Scope,
    StrategySettings,
)
from factory.config.schema import ROLES, SETTINGS, File
from factory.errors import BadInput

_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_AT_END = " (at end of document)"
_DEFAULTS_BY_SECTION: dict[str, dict[str, Any]] = {}
for _setting in SETTINGS:
    _DEFAULTS_BY_SECTION.setdefault(_setting.section, {})[_setting.name] = _setting.default


def load_project(text: str, source: str = "factory.toml") -> ProjectConfig:
    """The settings of a project from the text of its ``factory.toml``; what it leaves out has its default.

    Raises BadSettings (a BadInput) with every mistake, each with ``source:line``, key and what was expected.
    """
    return assemble(read_settings(text, source, File.PROJECT))


def load_user(text: str, source: str = "config.toml") -> Mapping[KeyPath, Given]:
    """What the user's ``config.toml`` sets. Raises BadSettings with every mistake."""
    return read_settings(text, source, File.USER)


def default_project() -> ProjectConfig:
    """The settings of a project that has no ``factory.toml``."""
    return assemble({})


def decode(data: bytes, source: str) -> str:
    """The text of a settings file; raises BadInput where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{source}:{line}: this is not UTF-8 text.", "Save the file as UTF-8.") from None


def read_settings(text: str, source: str, file: File) -> dict[KeyPath, Given]:
    """Parse and check a settings file."""
    document = _parse(text.removeprefix("\ufeff"), source)
    checker = Checker(source, key_lines(text.removeprefix("\ufeff")), file)
    checker.document(document)
    if checker.mistakes:
        raise BadSettings(checker.mistakes)
    return checker.given


def _parse(text: str, source: str) -> dict[str, Any]:
    hint = "The form of the file is that of https://toml.io."
    try:
        text.encode()
        return tomllib.loads(text)
    except UnicodeEncodeError:
        raise BadInput(f"{source}: this is not UTF-8 text.", "Save the file as UTF-8.") from None
    except RecursionError:
        raise BadInput(f"{source}: this is nested too deeply.", hint) from None
    except ValueError as error:
        where, reason = _place(text, str(error))
        raise BadInput(f"{source}{where}: this is not valid TOML: {reason}.", hint) from None


def _place(text: str, message: str) -> tuple[str, str]:
    """Split the reader's message into ``:line`` and reason."""
    if found := _AT_LINE.search(message):
        return f":{found.group(1)}", message[: found.start()]
    if message.endswith(_AT_END):
        return f":{text.count(chr(10)) + 1}", message.removesuffix(_AT_END)
    return "", message


def assemble(given: Mapping[KeyPath, Given]) -> ProjectConfig:
    """The settings in full: what is given, and the defaults of the rest."""
    values = {path: item.value for path, item in given.items()}
    top = _section(values, (), "")
    return ProjectConfig(
        goal=top["goal"],
        target_branch=top["target_branch"],
        scope=Scope(**_section(values, ("scope",), "scope")),
        eval=_eval(values),
        limits=Limits(**_section(values, ("limits",), "limits")),
        strategy=StrategySettings(**_section(values, ("strategy",), "strategy")),
        prompts={role: values["prompts", role] for role in ROLES if ("prompts", role) in values},
        research=Research(**_section(values, ("research",), "research")),
        github=GitHub(**_section(values, ("github",), "github")),
        runner=_runner(values),
        contribute=Contribute(**_section(values, ("contribute",), "contribute")),
        given=given,
    )


def _section(values: Mapping[KeyPath, Any], path: KeyPath, section: str) -> dict[str, Any]:
    defaults = _DEFAULTS_BY_SECTION[section]
    return {name: values.get((*path, name), default) for name, default in defaults.items()}


def _eval(values: Mapping[KeyPath, Any]) -> Eval:
    dimension, constraint = ("eval", "dimension"), ("eval", "constraint")
    dimensions = [
        DimensionSpec(**_section(values, (*dimension, index), "eval.dimension[]"))
        for index in range(values.get(dimension, 0))
    ]
    constraints = [
        ConstraintSpec(**_section(values, (*constraint, index), "eval.constraint[]"))
        for index in range(values.get(constraint, 0))
    ]
    own = _section(values, ("eval",), "eval")
    return Eval(**own, dimensions=tuple(dimensions), constraints=tuple(constraints))


def _runner(values: Mapping[KeyPath, Any]) -> RunnerSettings:
    roles = {
        role: RoleRunner(**_section(values, ("runner", role), "runner.<role>"))
        for role in ROLES
        if any(path[:2] == ("runner", role) for path in values)
    }
    names = dict.fromkeys(path[2] for path in values if path[:2] == ("runner", "commands"))
    commands = {
        str(name): CommandSpec(**_section(values, ("runner", "commands", name), "runner.commands.<name>"))
        for name in names
    }
    return RunnerSettings(**_section(values, ("runner",), "runner"), roles=roles, commands=commands)
