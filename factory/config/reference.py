"""The reference of all settings, for docs/configuration.md: made from the table of settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from factory.config.schema import SECTIONS, SETTINGS, File, Setting, expectation

EXAMPLE = """\
goal = "A date parser that never guesses"
target_branch = "main"

[scope]
modifiable = ["src/**", "tests/**", "docs/**"]
read_only = ["benchmarks/**"]          # wins over modifiable

[eval]
threshold = 0.7                        # the score a kept state should reach
setup = "python -m build"              # this project has a generated file
weights = { hygiene = 0.3, growth = 0.2, project = 0.5 }

[[eval.dimension]]
name = "tests"
tier = "hygiene"                       # built in: needs no command

[[eval.dimension]]
name = "speed"                         # your own: prints {"score": 0.83}
command = "python benchmarks/run.py"
parser = "json"
noisy = true

[[eval.constraint]]
name = "wheel stays small"
check = "test $(stat -c %s dist/*.whl) -lt 200000"

[limits]
invocations = 40
usd = 5

[runner]
default = "claude"

[runner.reviewer]
name = "codex"
"""
USER_EXAMPLE = """\
[limits]
invocations = 30

[runner]
default = "codex"
sandbox = "auto"

[contribute]
repository = "someone/factory"
"""

INTRO = f"""\
A project's settings stand in `factory.toml` at its root. The file is committed, and a cycle reads it from
the commit it starts at, so that no experiment changes the rules that it is judged by. What it leaves out
has the default below; `factory discover` writes a first one from what it could measure. For example:

```toml
{EXAMPLE}```

Your own preferences, for all projects, stand in `config.toml` in the factory home (`~/.factory`, or where
`FACTORY_HOME` points):

```toml
{USER_EXAMPLE}```

## Which value wins

A flag of the command line, else an environment variable, else the project's `factory.toml`, else your
`config.toml`, else the default. `factory config` shows each value with the place that it comes from, down
to the line. What a measurement is, and what experiments may touch, can be set in `factory.toml` alone: no
variable, flag or preference of one machine changes how a project is judged. How strictly agents are locked
in is yours alone: a project cannot switch your sandbox off.

Every mistake in a file is reported at once, with its line, what was expected, and the name that was
probably meant:

```text
factory.toml:7: eval.tolerance: got "x", expected a number from 0 to 1
factory.toml:9: limits.redirect: got an unknown key, expected one of …; did you mean "redirects"?
```

## File patterns

Patterns are those of `.gitignore`, read from the project's root:

| pattern | covers |
| --- | --- |
| `*.md` | files of that ending, anywhere |
| `/*.md` | only those at the root |
| `src/**` | everything below `src` at the root |
| `docs/` | every folder `docs` with all in it |
| `tests/**/data_?.json` | `data_1.json` in `tests` or in any folder below |
| `[!a]*` | names that don't begin with `a` |
| `!setup.py` | takes back what an earlier pattern of the list covers |

As in git, `!` cannot take back a file inside a folder that is covered as a whole, and `src/**` covers every
folder below `src`. To keep a part of `src` from being changed, name it under `read_only`, which wins.
"""


def settings_reference() -> str:
    """The whole of docs/configuration.md below its title."""
    return "\n".join([INTRO, *_sections()])


def _sections() -> Iterator[str]:
    for section, meaning in SECTIONS.items():
        settings = [setting for setting in SETTINGS if setting.section == section]
        if settings:
            yield f"## {_heading(section)}\n\n{meaning}\n\n{_table(settings)}"


def _heading(section: str) -> str:
    if not section:
        return "At the top"
    return f"`[[{section.removesuffix('[]')}]]`" if section.endswith("[]") else f"`[{section}]`"


def _table(settings: list[Setting]) -> str:
    lines = ["| setting | default | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{setting.name}` | {_default(setting)} | {_meaning(setting)} |" for setting in settings]
    return "".join(f"{line}\n" for line in lines)


def _default(setting: Setting) -> str:
    if setting.required:
        return "required"
    if setting.default is None or (setting.key == "prompts.<role>"):
        return "unset"
    return f"`{_literal(setting.default)}`"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return "{}"
    return f"[{', '.join(map(_literal, value))}]" if isinstance(value, tuple) else str(value)


def _meaning(setting: Setting) -> str:
    text = f"{setting.meaning} *{_capital(expectation(setting))}.*"
    outside = [f"`{name}`" for name in (setting.flag, setting.env) if name]
    if outside:
        text += f" Also {' and '.join(outside)}."
    if setting.files is File.USER:
        text += " Of the files, only in your `config.toml`."
    elif setting.files is File.BOTH:
        text += " Also in your `config.toml`."
    return text.replace("|", "\\|")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
