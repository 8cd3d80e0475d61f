"""Every setting there is, once: its place, kind, default, range, and what it means.

Parsing, validation, the environment's names, ``factory config`` and docs/configuration.md are made from it.
In a key, ``[]`` stands for each element of an array of tables, ``<role>`` for a role, ``<name>`` for a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, auto
from types import MappingProxyType
from typing import Any

from factory.config.kinds import (
    FILE,
    NUMBER,
    NUMBER_TABLE,
    PARSER,
    PATTERNS,
    SWITCH,
    TEXT,
    TEXT_TABLE,
    TEXTS,
    WHOLE,
    Kind,
)

ROLES = (
    "ceo",
    "researcher",
    "strategist",
    "builder",
    "reviewer",
    "evaluator",
    "archivist",
    "failure_analyst",
)
TIERS = ("hygiene", "growth", "project")
BUILT_IN_DIMENSIONS = {
    "tests": "hygiene",
    "lint": "hygiene",
    "type_check": "hygiene",
    "coverage": "hygiene",
    "capability_surface": "growth",
    "observability": "growth",
    "documentation": "growth",
}
"""The dimensions that need no command, each with its tier, in the order in which people see them."""
RUNNERS = ("auto", "claude", "codex", "offline")
SANDBOXES = ("auto", "bwrap", "cli", "off")
SENSITIVITIES = ("low", "normal", "high")
STATUSES = (
    "done",
    "refused",
    "garbled",
    "limit",
    "timeout",
    "crashed",
    "transient",
    "quota",
    "login",
    "missing",
)
PLACEHOLDERS = ("prompt_file", "answer_file", "worktree", "model")
"""What may stand in braces in a command's arguments and environment."""
MOST = 10**12
DAY = 86_400


class File(Flag):
    """The files that may hold a setting."""

    PROJECT = auto()
    USER = auto()
    BOTH = PROJECT | USER


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    ``low`` and ``high`` bound a number, or the length of a list or text; ``choices`` are the only values,
    ``keys`` the only keys of a table. ``default`` is the value where nothing is set; a ``required`` setting
    has none within its table. ``flag`` and ``env`` are empty for what can only be set in a file.
    """

    key: str
    kind: Kind
    default: Any
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    required: bool = False
    files: File = File.PROJECT
    flag: str = ""
    env: str = ""

    @property
    def section(self) -> str:
        """The table that the setting stands in; empty at the top."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition(".")[2]


SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "": "The project as a whole.",
        "scope": "What experiments may change. A change outside is a violation, found by `factory guard`.",
        "eval": "How a commit is measured and what a keep takes.",
        "eval.dimension[]": "One measured thing, with a score from 0 to 1. `factory discover` writes them.",
        "eval.constraint[]": "A command that must exit 0 for a keep, whatever the scores say.",
        "limits": "What a cycle may spend. 0 means no limit for tokens and dollars.",
        "strategy": "How plans are checked, and when a run of failures changes the course.",
        "prompts": "Role prompts of the project's own, read from the baseline commit.",
        "research": "The target of research mode.",
        "github": "What may happen on GitHub. Everything is off until you switch it on.",
        "runner": "Which agent does the work.",
        "runner.<role>": "A runner or model for one role.",
        "runner.commands.<name>": "An agent CLI of your own, to be named as a runner.",
        "contribute": "Where `factory contribute` sends what was learned.",
    }
)

SETTINGS: tuple[Setting, ...] = (
    Setting("goal", TEXT, "", "What the project is for, in a sentence; every role is told."),
    Setting(
        "target_branch",
        TEXT,
        "",
        "The branch that kept experiments go to. Empty: the one that is checked out.",
        flag="--branch",
        env="FACTORY_TARGET_BRANCH",
    ),
    Setting("scope.modifiable", PATTERNS, ("**",), "Files that an experiment may change.", low=1),
    Setting(
        "scope.read_only",
        PATTERNS,
        (),
        "Files that it may not, even where they are modifiable. `factory.toml` is always protected.",
    ),
    Setting(
        "eval.threshold", NUMBER, 0.6, "The composite score that a kept state should reach.", low=0, high=1
    ),
    Setting(
        "eval.tolerance", NUMBER, 0.002, "A loss of the composite up to this is no regression.", low=0, high=1
    ),
    Setting("eval.min_gain", NUMBER, 0.0005, "A gain above this is an improvement.", low=0, high=1),
    Setting(
        "eval.pairs",
        WHOLE,
        5,
        "How often a noisy dimension is measured before and after, in turn; fixed in advance.",
        low=2,
        high=100,
    ),
    Setting("eval.time_limit", NUMBER, 1800.0, "Seconds that one measurement may take.", low=1, high=DAY),
    Setting(
        "eval.python", TEXT, "", "The interpreter to measure with. Empty: found, or an environment is made."
    ),
    Setting("eval.setup", TEXT, "", "A command run first in each checkout, such as a build step."),
    Setting("eval.smoke", TEXT, "", "A command that must exit 0 before the rest is measured."),
    Setting(
        "eval.weights",
        NUMBER_TABLE,
        {},
        "Weights of the tiers, relative to each other. Empty: hygiene and growth 0.5 each; "
        "with dimensions of your own, hygiene 0.3, growth 0.2, project 0.5.",
        low=0,
        high=MOST,
        keys=TIERS,
    ),
    Setting("eval.dimension[].name", TEXT, "", "Its name in every report.", low=1, required=True),
    Setting("eval.dimension[].tier", TEXT, "project", "The tier whose weight it shares.", choices=TIERS),
    Setting(
        "eval.dimension[].weight",
        NUMBER,
        1.0,
        "Its weight within the tier, relative to the others.",
        low=0,
        high=MOST,
    ),
    Setting(
        "eval.dimension[].command",
        TEXT,
        "",
        "What is run, at the root of a fresh checkout. Built-in dimensions need none: "
        f"{', '.join(BUILT_IN_DIMENSIONS)}.",
    ),
    Setting(
        "eval.dimension[].parser",
        PARSER,
        "exit_code",
        "How the score is read. `exit_code`: 1 when the command exits 0, else 0. `json`: the object "
        '`{"score": 0.7}` that it prints. `results`: `{"results": [{"score": 1}, …]}`, their mean. '
        "`junit` and `jest`: test reports, by the share that passes, each test's outcome known. `eslint` and "
        "`tsc`: findings, by their density. `istanbul`: the share of lines that ran, in a json-summary. All "
        "but the first read a file instead where one is named.",
    ),
    Setting("eval.dimension[].timeout", NUMBER, 600.0, "Seconds that the command may take.", low=1, high=DAY),
    Setting(
        "eval.dimension[].noisy",
        SWITCH,
        False,
        "Whether two runs on one tree differ; it is then measured in pairs.",
    ),
    Setting(
        "eval.dimension[].tolerance",
        NUMBER,
        0.002,
        "A loss up to this is no regression of a hygiene dimension.",
        low=0,
        high=1,
    ),
    Setting("eval.constraint[].name", TEXT, "", "Its name in every report.", low=1, required=True),
    Setting("eval.constraint[].check", TEXT, "", "The command.", low=1, required=True),
    Setting(
        "limits.invocations",
        WHOLE,
        60,
        "Agent calls in one cycle, failed ones included. A lite cycle has a ceiling of 7 as well.",
        low=1,
        high=10_000,
        files=File.BOTH,
        flag="--budget-invocations",
        env="FACTORY_BUDGET_INVOCATIONS",
    ),
    Setting(
        "limits.tokens",
        WHOLE,
        0,
        "Tokens in one cycle; one call may overshoot.",
        low=0,
        high=MOST,
        files=File.BOTH,
        flag="--budget-tokens",
        env="FACTORY_BUDGET_TOKENS",
    ),
    Setting(
        "limits.usd",
        NUMBER,
        0.0,
        "US dollars in one cycle; one call may overshoot. Needs runners that report a cost.",
        low=0,
        high=MOST,
        files=File.BOTH,
        flag="--budget-usd",
        env="FACTORY_BUDGET_USD",
    ),
    Setting(
        "limits.timeout",
        NUMBER,
        1800.0,
        "Seconds that one agent call may take.",
        low=1,
        high=DAY,
        files=File.BOTH,
        flag="--timeout",
        env="FACTORY_TIMEOUT",
    ),
    Setting(
        "limits.redirects",
        WHOLE,
        2,
        "How often an experiment may be sent back to the Builder.",
        low=0,
        high=10,
        files=File.BOTH,
        env="FACTORY_REDIRECTS",
    ),
    Setting(
        "limits.phase_retries",
        WHOLE,
        2,
        "How often a phase of an approved plan is tried again after a revert.",
        low=0,
        high=10,
        files=File.BOTH,
        env="FACTORY_PHASE_RETRIES",
    ),
    Setting(
        "strategy.min_growth",
        WHOLE,
        1,
        "Growth items that an improvement plan of several items has at least.",
        low=0,
        high=100,
        files=File.BOTH,
        flag="--min-growth",
        env="FACTORY_MIN_GROWTH",
    ),
    Setting(
        "strategy.max_new",
        WHOLE,
        2,
        "Items that serve no backlog item, at most.",
        low=0,
        high=100,
        files=File.BOTH,
        flag="--max-new",
        env="FACTORY_MAX_NEW",
    ),
    Setting(
        "strategy.stuck_threshold",
        WHOLE,
        5,
        "Reverts in a row that count as stuck.",
        low=2,
        high=1000,
        files=File.BOTH,
        env="FACTORY_STUCK_THRESHOLD",
    ),
    Setting(
        "strategy.plateau_threshold",
        WHOLE,
        3,
        "Scored experiments without a new best that count as a plateau.",
        low=1,
        high=1000,
        files=File.BOTH,
        env="FACTORY_PLATEAU_THRESHOLD",
    ),
    Setting(
        "strategy.similarity",
        NUMBER,
        0.6,
        "From here on two hypotheses are alike; one like a reverted one must name a new approach.",
        low=0,
        high=1,
        files=File.BOTH,
        env="FACTORY_SIMILARITY",
    ),
    Setting("prompts.<role>", FILE, "", "A committed file that replaces the role's prompt.", low=1),
    Setting(
        "research.objective", TEXT, "maximize", "The better direction.", choices=("maximize", "minimize")
    ),
    Setting("research.metric", TEXT, "", "The metric's name in the result; dots lead into nested objects."),
    Setting(
        "research.target", NUMBER, None, "The value to reach. Unset: go on to the plateau or the budget."
    ),
    Setting(
        "research.run",
        TEXT,
        "",
        "The command that produces the result, at the root of a fresh checkout. `FACTORY_SEED` holds the "
        "seed of the run.",
    ),
    Setting(
        "research.result",
        FILE,
        "",
        "The JSON file in which the run leaves the metric. Empty: the JSON object that it prints last.",
    ),
    Setting("research.mutable", PATTERNS, (), "Files that research experiments may change."),
    Setting("research.fixed", PATTERNS, (), "Files that they never may: data, splits, the metric itself."),
    Setting(
        "research.min_gain",
        NUMBER,
        0.0,
        "A gain of the metric above this is an improvement, in the metric's own units.",
        low=0,
        high=MOST,
    ),
    Setting(
        "research.repeats",
        WHOLE,
        5,
        "Runs of each side of a comparison, in turn and with the same fresh seeds; fixed in advance. 1 is "
        "for a run without noise.",
        low=1,
        high=100,
    ),
    Setting("research.timeout", NUMBER, 900.0, "Seconds that one run may take.", low=1, high=DAY),
    Setting(
        "research.held_out",
        TEXT,
        "",
        "A command like `run` on what agents never see; run on the first and the last state of a cycle, and "
        "only reported.",
    ),
    Setting(
        "research.sensitivity",
        TEXT,
        "normal",
        "How much likeness to the fixed files is a leak. `low`: what is there word for word; `normal`: also "
        "what is encoded, in another form, or near in its numbers; `high`: the same from shorter pieces on.",
        choices=SENSITIVITIES,
    ),
    Setting(
        "github.enabled",
        SWITCH,
        False,
        "Whether GitHub is used at all, through your own `gh` login.",
        files=File.BOTH,
        flag="--no-github",
        env="FACTORY_GITHUB",
    ),
    Setting(
        "github.pull_requests",
        SWITCH,
        False,
        "A pull request for each kept experiment, in place of a merge.",
        files=File.BOTH,
        env="FACTORY_GITHUB_PULL_REQUESTS",
    ),
    Setting(
        "github.issues",
        SWITCH,
        False,
        "An issue for each phase of a plan, told of its outcome.",
        files=File.BOTH,
        env="FACTORY_GITHUB_ISSUES",
    ),
    Setting(
        "github.authors", TEXTS, (), "Accounts whose issues and comments may drive work. Empty: nobody's."
    ),
    Setting(
        "runner.default",
        TEXT,
        "auto",
        "The runner of every role without one of its own: a command of yours, or one of "
        f"{', '.join(f'`{name}`' for name in RUNNERS[1:])}. `auto` takes the first of these that works here.",
        low=1,
        files=File.BOTH,
        flag="--runner",
        env="FACTORY_RUNNER",
    ),
    Setting(
        "runner.model",
        TEXT,
        "",
        "The model. Empty: the runner's own default.",
        files=File.BOTH,
        flag="--model",
        env="FACTORY_MODEL",
    ),
    Setting(
        "runner.sandbox",
        TEXT,
        "auto",
        "How an agent is kept to its workspace. `off` gives it all that you may do.",
        choices=SANDBOXES,
        files=File.USER,
        flag="--sandbox",
        env="FACTORY_SANDBOX",
    ),
    Setting("runner.<role>.name", TEXT, "", "The runner. Empty: `runner.default`.", files=File.BOTH),
    Setting("runner.<role>.model", TEXT, "", "The model. Empty: `runner.model`.", files=File.BOTH),
    Setting(
        "runner.commands.<name>.argv",
        TEXTS,
        (),
        "Program and arguments. `{prompt_file}`, `{answer_file}`, `{worktree}` and `{model}` are filled in. "
        "Without `{prompt_file}` the prompt comes by standard input.",
        low=1,
        required=True,
        files=File.BOTH,
    ),
    Setting(
        "runner.commands.<name>.env",
        TEXT_TABLE,
        {},
        "Environment variables it gets besides. In your `config.toml`, a value such as `$ACME_KEY` is taken "
        "from your own environment.",
        files=File.BOTH,
    ),
    Setting(
        "runner.commands.<name>.answer",
        TEXT,
        "stdout",
        "Where its answer is: `stdout`; a `file`; or a `json` path into what it prints, be it one document "
        "or one a line, or into `{answer_file}` where the arguments name that.",
        choices=("stdout", "file", "json"),
        files=File.BOTH,
    ),
    Setting(
        "runner.commands.<name>.answer_path",
        TEXT,
        "",
        "The file, from the worktree (empty: `{answer_file}`); or the path such as `result.text`, of which "
        "the last hit counts. `*` is any key or index.",
        files=File.BOTH,
    ),
    Setting(
        "runner.commands.<name>.tokens_in",
        TEXT,
        "",
        "JSON path of the input tokens, all hits summed; several paths are joined by ` + `. Empty: unknown.",
        files=File.BOTH,
    ),
    Setting(
        "runner.commands.<name>.tokens_out", TEXT, "", "JSON path of the output tokens.", files=File.BOTH
    ),
    Setting(
        "runner.commands.<name>.cost_usd", TEXT, "", "JSON path of the cost in US dollars.", files=File.BOTH
    ),
    Setting(
        "runner.commands.<name>.exit_codes",
        TEXT_TABLE,
        {},
        'What other exit codes than 0 mean, such as { "75" = "transient" }.',
        choices=STATUSES,
        files=File.BOTH,
    ),
    Setting(
        "runner.commands.<name>.error",
        TEXT,
        "",
        "JSON path of an error's text. A hit means that the call failed, whatever the exit code.",
        files=File.BOTH,
    ),
    Setting(
        "runner.commands.<name>.http_status",
        TEXT,
        "",
        "JSON path of the HTTP status of a failed request: 401 and 403 count as `login`, 402 as `quota`, "
        "404 as `missing`, 413 as `limit`, 408, 429 and 5xx as `transient`.",
        files=File.BOTH,
    ),
    Setting(
        "runner.commands.<name>.login",
        TEXTS,
        (),
        "Files of its login, from your home, such as `.config/acme/auth.json`: all that an agent sees of it.",
        files=File.USER,
    ),
    Setting(
        "contribute.repository",
        TEXT,
        "",
        "The upstream repository, as `owner/name`.",
        files=File.USER,
        flag="--repo",
        env="FACTORY_CONTRIBUTE_REPOSITORY",
    ),
)


def expectation(setting: Setting) -> str:
    """What a value of the setting has to be, for people: "a number from 0 to 1"."""
    if setting.choices:
        each = "a table of texts, each " if setting.kind is TEXT_TABLE else ""
        return f"{each}one of {', '.join(setting.choices)}"
    name = setting.kind.name
    if setting.kind in {WHOLE, NUMBER, NUMBER_TABLE}:
        return (
            name
            + _range(setting.low, setting.high)
            + (f" for {', '.join(setting.keys)}" if setting.keys else "")
        )
    return name + (" that is not empty" if setting.low else "")


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return ""
    return f" of {low:g} or more" if high is None or high == MOST else f" from {low:g} to {high:g}"
