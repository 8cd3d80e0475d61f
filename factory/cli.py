"""The command line: the parser, the table of commands, and the call of the error boundary. Nothing else."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from math import inf
from typing import Any, NoReturn

from factory import __version__
from factory.error_handler import run_guarded
from factory.errors import EXIT_USAGE
from factory.output import fill_missing_streams, note

EXIT_CODES = (
    "exit codes: 0 done or clean; 1 the answer is no; 2 wrong usage or bad input; 3 refused by a rule; "
    "4 the environment is lacking; 130 interrupted, resumable"
)

COMMANDS: dict[str, str] = {
    "ceo": "factory.commands.cycle:run_ceo",
    "run": "factory.commands.cycle:run_headless",
    "status": "factory.commands.status:run",
    "history": "factory.commands.history:run",
    "brief": "factory.commands.brief:run",
    "backlog-add": "factory.commands.backlog:run_add",
    "backlog-list": "factory.commands.backlog:run_list",
    "backlog-remove": "factory.commands.backlog:run_remove",
    "spec": "factory.commands.spec:run",
    "message": "factory.commands.message:run",
    "usage": "factory.commands.usage:run",
    "abandon": "factory.commands.abandon:run",
    "insights": "factory.commands.insights:run",
    "ace": "factory.commands.ace:run",
    "contribute": "factory.commands.contribute:run",
    "undo": "factory.commands.undo:run",
    "audit": "factory.commands.audit:run",
    "doctor": "factory.commands.doctor:run",
    "config": "factory.commands.config:run",
    "discover": "factory.commands.setup:run_discover",
    "init": "factory.commands.setup:run_init",
    "study": "factory.commands.study:run",
    "eval": "factory.commands.eval:run",
    "begin": "factory.commands.begin:run",
    "guard": "factory.commands.guard:run",
    "review": "factory.commands.review:run",
    "precheck": "factory.commands.experiment:run_precheck",
    "finalize": "factory.commands.experiment:run_finalize",
    "agent": "factory.commands.agent:run",
    "log": "factory.commands.log:run",
    "verify": "factory.commands.verify:run",
    "integrate": "factory.commands.integrate:run",
    "clean-pr": "factory.commands.clean_pr:run",
    "gc": "factory.commands.gc:run",
}
"""Command to ``module:function``; a module is imported only when its command is called."""

TARGET_HELP = "a directory, a .md file, a git URL, or the text of an idea (with a space in it)"

LOGGED = frozenset(
    {"ceo", "run", "abandon", "agent", "discover", "eval", "begin", "review", "finalize", "integrate", "gc"}
    | {"ace", "undo", "audit"}
)
"""Commands that work and leave a trail in the log. Setting it up costs more than a reading command."""

_UNKNOWN = re.compile(r"argument COMMAND: invalid choice: '([^']*)'")
"""How argparse begins to say that there is no such command."""

Adder = Callable[..., argparse.ArgumentParser]


def _number(kind: Callable[[str], float], fits: Callable[[float], bool], told: str) -> Callable[[str], float]:
    """A reader of an option's number, whose mistakes are told in the person's words, not argparse's."""

    def read(text: str) -> float:
        with contextlib.suppress(ValueError):
            value = kind(text)
            if fits(value):
                return value
        raise argparse.ArgumentTypeError(f"{text!r} is not {told}")

    return read


_count = _number(int, lambda n: n >= 0, "a whole number, 0 or more")
_positive = _number(int, lambda n: n >= 1, "a whole number, 1 or more")
_seconds = _number(float, lambda n: 0 <= n < inf, "a number, 0 or more")
_amount = _number(float, lambda n: 0 < n < inf, "a number above 0")


class _Parser(argparse.ArgumentParser):
    """argparse's, which for a mistyped command names the one that was meant, and not all of them.

    An option counts by its whole name alone: ``--lit`` is a mistake, and no ``--lite``.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and end with exit code 2."""
        mistyped = _UNKNOWN.match(message)
        if mistyped is None:
            super().error(message)
        from difflib import get_close_matches  # noqa: PLC0415 - for a fast --help

        near = get_close_matches(mistyped[1], COMMANDS, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else "."
        note(f"factory: there is no command {mistyped[1]!r}{meant} `factory --help` lists all.")
        self.exit(EXIT_USAGE)

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Say which arguments there are none of, and which option the first one may be a slip of."""
        from difflib import get_close_matches  # noqa: PLC0415 - for a fast --help

        is_option = unknown[0].startswith("--")
        near = get_close_matches(unknown[0], self._option_string_actions, n=1) if is_option else []
        meant = f"; did you mean {near[0]!r}?" if near else ""
        self.error(f"unrecognized arguments: {' '.join(unknown)}{meant}")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = _Parser(
        prog="factory",
        description="Builds and improves software projects through measured experiments with coding agents.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"factory {__version__}")
    parser.add_argument("--debug", action="store_true", help="show a traceback when something breaks")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    parser.set_defaults(parser=parser)

    def add(name: str, summary: str, *, path: bool = True, as_json: bool = False) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=summary, description=summary, epilog=EXIT_CODES)
        made.set_defaults(parser=made)
        made.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if path:
            made.add_argument(
                "path", metavar="PATH", nargs="?", default=".", help="the project (default: here)"
            )
        if as_json:
            made.add_argument("--json", action="store_true", help="print JSON")
        return made

    _add_cycle_commands(add)
    _add_reading_commands(add)
    _add_experiment_commands(add)
    _add_ace(add)
    _add_giving_back(add)
    return parser


def _add_cycle_commands(add: Adder) -> None:
    ceo = add("ceo", "run a cycle in the foreground", path=False)
    ceo.add_argument("path", metavar="TARGET", help=TARGET_HELP)
    ceo.add_argument("--headless", action="store_true", help="ask nothing, as `factory run`")
    ceo.add_argument(
        "--plan-only", action="store_true", help="design: stop after the draft, for `spec approve` later"
    )
    _add_cycle_options(ceo)
    run = add("run", "run cycles without a person", path=False)
    run.add_argument("path", metavar="TARGET", nargs="?", default=".", help=f"{TARGET_HELP} (default: here)")
    run.add_argument("--loop", action="store_true", help="start another cycle when one has ended")
    run.add_argument("--interval", type=_seconds, default=0.0, metavar="S", help="seconds between two cycles")
    run.add_argument("--max-cycles", type=_positive, default=None, metavar="N", help="cycles, at the most")
    run.set_defaults(plan_only=False)  # a design is not headless
    _add_cycle_options(run)
    abandon = add("abandon", "end the cycle in flight and keep its evidence")
    abandon.add_argument(
        "--id", type=_positive, default=None, metavar="N", help="an experiment that was begun by hand"
    )
    abandon.add_argument("--reason", default="", help="why, for the journal")
    undo = add("undo", "take a kept experiment back, as an experiment of its own", path=False)
    undo.add_argument("id", type=_positive, metavar="ID", help="the kept experiment")
    undo.add_argument("path", metavar="PATH", nargs="?", default=".", help="the project (default: here)")
    undo.add_argument("--reason", default="", metavar="TEXT", help="why, for the log")
    undo.add_argument("--json", action="store_true", help="print JSON")
    audit = add("audit", "whether the sum of the keeps is what its parts promised", as_json=True)
    which = audit.add_mutually_exclusive_group()
    which.add_argument("--last", type=_positive, default=None, metavar="N", help="the last N keeps")
    which.add_argument(
        "--since", type=_positive, default=None, metavar="ID", help="this keep and all after it"
    )
    message = add("message", "tell the running or the next cycle something", path=False)
    message.add_argument("path", metavar="PATH", help="the project")
    message.add_argument("text", metavar="TEXT", help="what the CEO is to weigh, at its next step")
    agent = add("agent", "ask one role for one piece of work", path=False)
    agent.add_argument("role", metavar="ROLE", help="a role of docs/roles.md, such as researcher")
    agent.add_argument(
        "--project", dest="path", metavar="PATH", default=".", help="the project (default: here)"
    )
    agent.add_argument("--task", required=True, metavar="TEXT", help="the piece of work")
    agent.add_argument("--id", type=_positive, default=None, metavar="N", help="the experiment it works on")
    agent.add_argument("--runner", default=None, help="who does the work (default: as in a cycle)")
    agent.add_argument("--model", default=None, help="the model that the runner asks for")


def _add_cycle_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mode", default=None, help="auto (default), improve, design, build, discover, research, meta"
    )
    parser.add_argument(
        "--as", dest="as_kind", choices=("dir", "file", "url", "idea"), default=None, help="what TARGET is"
    )
    parser.add_argument("--dir", default=None, metavar="PATH", help="the directory of a new project or clone")
    parser.add_argument("--trust", action="store_true", help="agree to run the code of a git URL")
    parser.add_argument("--lite", action="store_true", help="a cycle with a hard ceiling of 7 invocations")
    parser.add_argument(
        "--focus",
        action="append",
        default=None,
        metavar="X",
        help="what to work on: free text, a backlog item, issues (42,owner/repo#42); may be given again",
    )
    parser.add_argument(
        "--runner",
        default=None,
        help="who does the agents' work (default: the first usable of claude, codex, offline)",
    )
    parser.add_argument("--model", default=None, help="the model that the runner asks for")
    parser.add_argument(
        "--branch", default=None, help="the target branch (default: factory.toml's, else the one checked out)"
    )
    parser.add_argument(
        "--max-new", type=_count, default=None, metavar="N", help="plan items that serve no backlog item"
    )
    parser.add_argument(
        "--min-growth", type=_count, default=None, metavar="N", help="growth items in a plan, at least"
    )
    parser.add_argument("--no-github", action="store_true", help="leave GitHub alone, whatever is configured")
    parser.add_argument(
        "--sandbox",
        choices=("auto", "bwrap", "cli", "off"),
        default=None,
        help="what keeps agents and measured code to their place (default: auto)",
    )
    for name, kind, metavar, told in (
        ("invocations", _positive, "N", "calls of agents that a cycle may make, at the most"),
        ("tokens", _positive, "N", "tokens, at the most; counted where the runner tells them"),
        ("usd", _amount, "X", "US dollars, at the most; for runners that tell what they cost"),
    ):
        parser.add_argument(f"--budget-{name}", type=kind, default=None, metavar=metavar, help=told)
    parser.add_argument(
        "--timeout", type=_amount, default=None, metavar="S", help="seconds for one invocation"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    parser.add_argument("--json", action="store_true", help="print events as JSON lines")


def _add_reading_commands(add: Adder) -> None:
    add("status", "what is running, and how the last cycle ended", as_json=True)
    history = add("history", "the experiments and what became of them", as_json=True)
    history.add_argument("--all", action="store_true", help="all of them, not the last 20")
    history.add_argument(
        "--id", type=_positive, default=None, metavar="N", help="one whole: why, scores, findings, review"
    )
    add("brief", "the state of the project as one compact JSON object")
    add_item = add("backlog-add", "put an item on the backlog", path=False)
    add_item.add_argument("path", metavar="PATH", help="the project")
    add_item.add_argument("text", metavar="TEXT", help="what is to be done")
    add("backlog-list", "the backlog", as_json=True)
    remove = add("backlog-remove", "take an item off the backlog", path=False)
    remove.add_argument("path", metavar="PATH", help="the project")
    remove.add_argument("item", metavar="ITEM", help="its number or its text")
    spec = add("spec", "check, show, approve or trace a plan", path=False)
    spec.add_argument("action", choices=("check", "show", "approve", "trace"))
    spec.add_argument("target", metavar="TARGET", help="a plan, or a project whose current plan is meant")
    spec.add_argument("--yes", action="store_true", help="approve without being asked, as a person's script")
    spec.add_argument("--json", action="store_true", help="print JSON")
    add("usage", "what the agents cost, by role, cycle and experiment", as_json=True)
    doctor = add("doctor", "what works here, what is lacking, and what to do", as_json=True)
    doctor.add_argument(
        "--prove", action="store_true", help="break what each dimension claims to see; exit 1 if one is blind"
    )
    add("config", "every setting, and where its value comes from", as_json=True)
    verify = add("verify", "whether log, journals, folders and commits agree", as_json=True)
    verify.add_argument(
        "--restore",
        action="store_true",
        help="first put back what the log lacks and its mirror or a journal has",
    )
    log = add("log", "write a note of a type into the journal", path=False)
    log.add_argument("path", metavar="PATH", help="the project")
    log.add_argument("type", metavar="TYPE", help="the type: letters, digits, `.`, `-` and `_`")
    log.add_argument("--data", default="{}", metavar="JSON", help="what it says, as a JSON object")


def _add_experiment_commands(add: Adder) -> None:
    add("discover", "measure a project and write its factory.toml", as_json=True)
    add("init", "write a factory.toml without running anything")
    add("study", "measure, and print the observations a plan starts from")
    evaluate = add("eval", "measure a commit, or an experiment's change", as_json=True)
    target = evaluate.add_mutually_exclusive_group()
    target.add_argument("--rev", default=None, help="the commit (default: HEAD)")
    target.add_argument("--id", type=_positive, default=None, metavar="N", help="the experiment")
    begin = add("begin", "begin an experiment: id, branch, workspace, baseline", as_json=True)
    what = begin.add_mutually_exclusive_group(required=True)
    what.add_argument("--hypothesis", metavar="TEXT", help="what the change will improve")
    what.add_argument("--phase", type=_positive, metavar="N", help="a phase of the plan that is carried out")
    begin.add_argument("--branch", default=None, help="the target branch")
    begin.add_argument(
        "--new-approach",
        default="",
        metavar="TEXT",
        help="what is new, where a reverted experiment is similar",
    )
    begin.add_argument(
        "--verify", default="", metavar="COMMAND", help="fails now, passes when the change delivers"
    )
    guard = add("guard", "check a range of commits against the rules", as_json=True)
    guard.add_argument(
        "--baseline", required=True, metavar="REV", help="where the range begins: the merge-base of a branch"
    )
    guard.add_argument("--head", default="HEAD", metavar="REV", help="where it ends (default: HEAD)")
    guard.add_argument(
        "--check-scope", action="store_true", help="also refuse files outside the declared scope"
    )
    guard.add_argument(
        "--annotations",
        action="store_true",
        help="print findings as annotations of GitHub Actions too (by itself in a workflow)",
    )
    _add_review(add)
    precheck = add("precheck", "the hard gate on an experiment", as_json=True)
    precheck.add_argument("--id", type=_positive, required=True, metavar="N", help="the experiment")
    finalize = add("finalize", "decide an experiment from what is on record, and log it", as_json=True)
    finalize.add_argument("--id", type=_positive, required=True, metavar="N", help="the experiment")
    finalize.add_argument("--summary", default="", metavar="TEXT", help="what was changed, for the log")
    finalize.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="CHECK",
        help="pass a check by, as a person in a terminal",
    )
    finalize.add_argument("--reason", default="", metavar="TEXT", help="why the check is passed by")
    integrate = add("integrate", "bring kept work that is pending into its target branch", as_json=True)
    integrate.add_argument(
        "--no-github", action="store_true", help="merge it here, also where it goes by pull requests"
    )
    gc = add("gc", "remove workspaces and checkouts that nothing needs any more", as_json=True)
    gc.add_argument("--dry-run", action="store_true", help="say what would go")


def _add_review(add: Adder) -> None:
    review = add("review", "record a review of an experiment, or post the review of a pull request")
    review.add_argument("--id", type=_positive, default=None, metavar="N", help="the experiment")
    review.add_argument("--verdict", choices=("keep", "revert"), default=None, help="of the experiment")
    review.add_argument("--reason", default=None, metavar="TEXT", help="why, for the record")
    review.add_argument(
        "--pr", type=_positive, default=None, metavar="N", help="post the review of this pull request"
    )
    review.add_argument("--dry-run", action="store_true", help="print the review, post nothing")
    review.add_argument(
        "--asked-by",
        default=None,
        metavar="LOGIN",
        help="refuse unless this account is among [github] authors",
    )
    review.add_argument("--runner", default=None, help="who reviews what is no experiment")
    review.add_argument("--model", default=None, help="the model that the runner asks for")
    clean = add("clean-pr", "make a branch without the tool's files, for somebody else's repository")
    clean.add_argument("--branch", default=None, help="the branch to clean (default: the one checked out)")
    clean.add_argument(
        "--base", default=None, metavar="REV", help="where it goes (default: the target branch)"
    )
    clean.add_argument("--to", default=None, metavar="NAME", help="the new branch (default: BRANCH-clean)")
    clean.add_argument("--also", action="append", metavar="GLOB", help="leave these files out too")


def _add_giving_back(add: Adder) -> None:
    insights = add(
        "insights", "what the histories of all your projects say together", path=False, as_json=True
    )
    insights.add_argument(
        "--projects-dir", default=None, metavar="D", help="the projects in a folder instead"
    )
    give = add("contribute", "what was learned in general, and giving it back", path=False, as_json=True)
    what = give.add_mutually_exclusive_group(required=True)
    what.add_argument("--classify", action="store_true", help="which learned items are general, and why")
    what.add_argument("--submit", action="store_true", help="offer general items upstream, as a pull request")
    what.add_argument("--status", action="store_true", help="candidates, and what became of those sent")
    give.add_argument("--items", default=None, metavar="A,B", help="the items to send: role/id or id")
    give.add_argument("--dry-run", action="store_true", help="print exactly what would be sent, send nothing")
    give.add_argument("--repo", default=None, metavar="R", help="the upstream repository: owner/name or path")
    give.add_argument("--yes", action="store_true", help="agree beforehand; never counts inside an agent")
    give.add_argument(
        "--projects-dir", default=None, metavar="D", help="evidence from this folder's projects"
    )


def _add_ace(add: Adder) -> None:
    ace = add("ace", "evolve the agents' playbooks from what was kept and reverted", path=False, as_json=True)
    ace.add_argument(
        "path", metavar="PATH", nargs="?", default=None, help="a project to take in beside those known"
    )
    ace.add_argument("--role", default=None, metavar="R", help="only the playbook of this role")
    ace.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
    ace.add_argument(
        "--projects-dir", default=None, metavar="DIR", help="learn from the projects in this folder instead"
    )
    versions = ace.add_mutually_exclusive_group()
    versions.add_argument("--versions", action="store_true", help="list the versions of the playbooks")
    versions.add_argument(
        "--show", action="store_true", help="print the playbooks in force, with where each item comes from"
    )
    versions.add_argument(
        "--diff",
        type=_positive,
        default=None,
        metavar="N",
        help="the playbook in force against version N; needs --role",
    )
    versions.add_argument(
        "--rollback",
        type=_positive,
        default=None,
        metavar="N",
        help="put version N in force again; needs --role",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns its exit code."""
    fill_missing_streams()
    args, unknown = build_parser().parse_known_args(argv)
    if unknown:
        args.parser.refuse(unknown)
    if args.command is None:
        args.parser.error("a COMMAND is required; `factory --help` lists all")
    return run_guarded(lambda: _call(args), debug=args.debug)


def _call(args: argparse.Namespace) -> int:
    module, function = COMMANDS[args.command].split(":")
    if args.command in LOGGED:
        log = import_module("factory.log")
        log.configure(debug=args.debug)
        log.trail("command", command=args.command, path=getattr(args, "path", ""), version=__version__)
    return int(getattr(import_module(module), function)(args))


if __name__ == "__main__":
    sys.exit(main())
