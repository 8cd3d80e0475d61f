"""``factory doctor``: what works here, what is lacking, and what to do about it."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import indent

from factory import __version__, output
from factory.config import load_project, settings_in_force
from factory.config.model import RunnerSettings
from factory.cycle.inflight import cycle_in_flight
from factory.cycle.integrate import pending_branches
from factory.cycle.lab import Lab, open_lab
from factory.cycle.proving import prove_dimensions
from factory.cycle.runners import resolve_runner, unusable_runners
from factory.errors import EXIT_ENVIRONMENT, EXIT_NO, EXIT_OK, BadInput, FactoryError
from factory.evals.prove import Proof
from factory.fsio import ensure_private_dir
from factory.git import Repo, toplevel
from factory.paths import CONFIG_FILE, factory_home
from factory.process import quick
from factory.project import Project, open_project
from factory.rows import read
from factory.sandbox import choose
from factory.words import counted, quoted

OLDEST_GIT = (2, 30)
ANOTHER_FOLDER = "Name the folder of a project: `factory doctor PATH`."


@dataclass(frozen=True)
class Finding:
    """One thing looked at: in order or not, and what to do where not."""

    name: str
    ok: bool
    detail: str
    mend: str = ""


def run(args: argparse.Namespace) -> int:
    """Look at the machine and the project; exit 4 when something is lacking. With ``--prove``, see to it
    that each dimension is alive; exit 1 when one is blind.
    """
    if args.prove:
        return _prove(args)
    findings = [*_machine(), *_project(args.path)]
    if args.json:
        output.emit_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            output.say(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}: {finding.detail}")
            if not finding.ok and finding.mend:
                output.say(indent(finding.mend, " " * 5))
    return EXIT_OK if all(finding.ok for finding in findings) else EXIT_ENVIRONMENT


def _prove(args: argparse.Namespace) -> int:
    """Break what each dimension claims to see, in scratch checkouts of HEAD, and tell whose score fell."""
    with output.Progress() as progress:
        lab = open_lab(args.path, progress.say, progress.detail)
        proofs = list(prove_dimensions(lab, lab.repo.resolve("HEAD")))
    if args.json:
        output.emit_json([asdict(proof) for proof in proofs])
    else:
        output.table(("dimension", "state", "score", "what was broken, or why nothing was"),
                     [(p.name, p.state, _fall(p), p.what) for p in proofs])  # fmt: skip
    return EXIT_NO if any(proof.state == "blind" for proof in proofs) else EXIT_OK


def _fall(proof: Proof) -> str:
    if proof.before is None or proof.state == "unproved":
        return ""
    return f"{proof.before:.4f}→{'none' if proof.after is None else f'{proof.after:.4f}'}"


def _looked_at(name: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What was found, and what kept from looking on."""
    try:
        yield from look()
    except FactoryError as error:
        yield Finding(name, False, error.message, error.hint)


def _machine() -> Iterator[Finding]:
    yield Finding(
        "factory", True, f"{__version__} on Python {platform.python_version()}, {platform.system()}"
    )
    yield _git()
    yield _home()
    try:
        settings = settings_in_force({}, None).config.runner
    except FactoryError as error:
        yield Finding("settings", False, error.message, error.hint)
        return
    yield from _looked_at("sandbox", lambda: [_sandbox(settings)])
    yield from _looked_at("runner", lambda: [_runner(settings)])


def _git() -> Finding:
    if shutil.which("git") is None:
        return Finding("git", False, "not installed", "Install git 2.30 or newer.")
    said = quick(["git", "--version"], cwd=factory_home().root.parent).stdout.strip()
    numbers = tuple(int(n) for n in said.split()[2].split(".")[:2])
    return Finding("git", numbers >= OLDEST_GIT, said, "git 2.30 or newer is needed.")


def _sandbox(settings: RunnerSettings) -> Finding:
    """The protection in force, tried. None is no failure: the offline runner and reading agents need none."""
    found = choose(settings.sandbox)
    detail = f"{found.describe()}; agents that write are not started. {found.mend}" if found.mend else ""
    return Finding("sandbox", True, detail or found.describe())


def _runner(settings: RunnerSettings) -> Finding:
    """Which runner a cycle would take. A CLI that is lacking is no failure: the offline runner is there."""
    wanted, own = settings.default, {role: settings.for_role(role).name for role in sorted(settings.roles)}
    name = resolve_runner(wanted, choose("off"))
    lacking = [f"{other} is left out: {why}" for other, why in unusable_runners() if wanted == "auto"]
    others = [f"the {role} has {other}" for role, other in own.items() if other != wanted]
    return Finding(
        "runner", True, "; ".join([name + (" (auto)" if wanted == "auto" else ""), *others, *lacking])
    )


def _home() -> Finding:
    home = factory_home().root
    try:
        ensure_private_dir(home)
    except FactoryError as error:
        return Finding("home", False, error.message, error.hint or "FACTORY_HOME moves it.")
    return _writable("home", home)


def _writable(name: str, folder: Path, detail: str = "") -> Finding:
    if os.access(folder, os.W_OK):
        return Finding(name, True, detail or str(folder))
    return Finding(name, False, f"{folder} cannot be written to", "Give yourself access to it.")


def _project(path: str) -> Iterator[Finding]:
    try:
        project = open_project(path)
    except FactoryError as error:
        if not Path(path).expanduser().is_dir():
            raise  # no finding, but a slip in the command
        or_this = "Or make this one a project. " if "\n" in error.hint else ""
        elsewhere = isinstance(error, BadInput) and toplevel(Path(path).expanduser()) is None
        mend = f"{ANOTHER_FOLDER}\n{or_this}{error.hint}" if elsewhere else error.hint
        yield Finding("project", False, error.message, mend)
        return
    yield Finding("project", True, str(project.root))
    yield from _looked_at("project", lambda: _state(project))


def _state(project: Project) -> Iterator[Finding]:
    yield _policy(project.repo)
    yield from _uncommitted_policy(project)
    state = project.paths.state
    yield (
        _writable("state", state)
        if state.exists()
        else _writable("state", project.root, f"{state}, which is not made yet")
    )
    yield from _looked_at("log", lambda: [_log(project)])
    yield _cycle(Lab(project, factory_home(), output.note))


def _log(project: Project) -> Finding:
    rows, damaged = read(project.paths.results)
    detail = counted(len(rows), "row") + (
        f", damaged lines: {', '.join(str(d.line) for d in damaged)}" if damaged else ""
    )
    return Finding(
        "log", not damaged, detail, "`factory verify` tells what is wrong; the lines stay as they are."
    )


def _uncommitted_policy(project: Project) -> Iterator[Finding]:
    """A cycle goes by the committed policy, which surprises who has just edited the file."""
    committed = project.repo.show("HEAD", CONFIG_FILE)
    file = project.paths.config
    if file.is_file() and file.read_bytes() != (committed or "").encode("utf-8", "surrogateescape"):
        yield Finding(
            "policy in the checkout",
            False,
            f"{CONFIG_FILE} has changes that are not committed; cycles go by the committed one",
            f"git add {CONFIG_FILE} && git commit -m 'Set up factory'",
        )


def _cycle(lab: Lab) -> Finding:
    """What a person left unfinished; only what a cycle would stumble over is a failure."""
    root = lab.paths.root
    try:
        found = cycle_in_flight(lab.paths)
    except FactoryError as error:
        return Finding("cycle", False, error.message, error.hint)
    if found is not None:
        return Finding(
            "cycle", True, f"{found.id} is in flight; `factory ceo {quoted(root)}` goes on with it"
        )
    waiting = pending_branches(lab)
    if waiting:
        detail = f"kept work waits on {', '.join(sorted(waiting))}"
        return Finding("cycle", True, f"{detail}; `factory integrate {quoted(root)}` brings it in")
    return Finding("cycle", True, "none in flight, nothing waits to be integrated")


def _policy(repo: Repo) -> Finding:
    text = repo.show("HEAD", CONFIG_FILE)
    if text is None:
        # No failure: a first cycle makes it.
        return Finding(
            "policy", True, f"no {CONFIG_FILE} in HEAD yet; `factory ceo` or `factory discover` makes one"
        )
    try:
        config = load_project(text)
    except FactoryError as error:
        return Finding("policy", False, error.message, error.hint)
    return Finding("policy", True, counted(len(config.eval.dimensions), "dimension"))
