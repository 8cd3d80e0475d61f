"""From TARGET and the options that go with it to the directory that a cycle runs in."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from factory import output
from factory.cycle.modes import MODES
from factory.errors import BadInput, Refused
from factory.git import toplevel
from factory.paths import factory_home
from factory.redact import without_password
from factory.target import (
    Target,
    clone_url,
    is_taken,
    is_trusted,
    new_place,
    new_project,
    require_place,
    resolve_target,
    trust,
)
from factory.words import quoted

DESIGN = "design"
FOR_NEW = (DESIGN, "build")
"""The modes that an idea or a file can start with; the last is what ``auto`` means there."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a cycle runs and what it starts from.

    ``mode`` is what ``auto`` means for this target, ``idea`` the text of an idea or a file, empty for a
    directory and a URL. ``said`` is what the target was taken for; for a directory the cycle says that.
    ``exists`` is False where a dry run would have made the directory.
    """

    place: Path
    said: str = ""
    idea: str = ""
    mode: str = "auto"
    exists: bool = True


def prepare(args: argparse.Namespace, *, headless: bool) -> Start:
    """Settle mode and target, and make the directory: a new project for an idea or a file, a clone for a URL.

    Nothing is made in a dry run, nor before every option has been looked at. Raises BadInput for what does
    not fit together, Refused for a URL that nobody has agreed to run, and for a design without a terminal.
    """
    args.mode = settled_mode(args.mode, headless=headless)
    target = resolve_target(args.path, as_kind=args.as_kind, cwd=Path.cwd())
    _check_options(args, target, headless=headless)
    if target.kind == "dir":
        return Start(Path(args.path).expanduser())
    place = new_place(target, cwd=Path.cwd(), name=Path(args.dir) if args.dir else None)
    start = _start(target, place, args.mode)
    if not args.json:
        output.say(start.said)
    if target.kind != "url":
        require_place(target, place)
    if args.dry_run:
        return Start(place, start.said, start.idea, start.mode, exists=is_taken(place))
    if target.kind == "url":
        _clone(target, place, trusted=args.trust)
    else:
        _note_surroundings(place)
        new_project(target, place)
    return start


def settled_mode(mode: str | None, *, headless: bool) -> str | None:
    """The mode asked for, by its name of today; None when none was.

    Raises BadInput for one that there is not, and for a design without a person.
    """
    if mode == "interactive":
        output.note("The mode interactive is now called design.")
        mode = DESIGN
    if headless:
        refuse_headless(mode)
    if mode not in (None, "auto", *MODES):
        raise BadInput(f"There is no mode {mode!r}.", f"The modes are: auto, {', '.join(MODES)}.")
    return mode


def refuse_headless(mode: str | None) -> None:
    """Raises BadInput where a design is asked for without a person."""
    if mode == DESIGN:
        raise BadInput(
            "A design needs a person to argue with: it cannot be headless.",
            "Run `factory ceo TARGET --mode design` in a terminal; or with --plan-only, for the draft alone.",
        )


def needs_person(mode: str | None, *, headless: bool, plan_only: bool) -> None:
    """Raises BadInput for a headless design, Refused where the terminal to meet the person is missing."""
    if headless:
        refuse_headless(mode)
    if mode == DESIGN and not plan_only and not output.can_ask():
        raise Refused(
            "A design needs a person's answers, and there is no terminal.",
            "Run it in a terminal, or with --plan-only and `factory spec approve` later.",
        )


def _check_options(args: argparse.Namespace, target: Target, *, headless: bool) -> None:
    if args.plan_only and args.mode != DESIGN:
        raise BadInput("--plan-only goes with --mode design.", "Add --mode design, or leave --plan-only out.")
    if args.dir and target.kind == "dir":
        raise BadInput("--dir names a new project's directory, and the target is one that exists.")
    if args.trust and target.kind != "url":
        raise BadInput("--trust is for a git URL, and the target is none.")
    if target.kind in ("idea", "file"):
        _check_new(args.mode)
    if not args.dry_run:
        needs_person(args.mode, headless=headless, plan_only=args.plan_only)


def _check_new(mode: str | None) -> None:
    """Whether the mode can start from a text."""
    if mode in (None, "auto"):
        mode = FOR_NEW[-1]
    if mode not in FOR_NEW:
        raise BadInput(
            f"The mode {mode} needs a project that exists; an idea or a file can be designed or built.",
            "Use --mode design or --mode build.",
        )


def _start(target: Target, place: Path, mode: str | None) -> Start:
    said = f"{target.said}: {_whereabouts(target, place)}."
    if target.kind == "url":
        return Start(place, said)
    return Start(place, said, target.text, mode if mode in FOR_NEW else FOR_NEW[-1])


def _whereabouts(target: Target, place: Path) -> str:
    """Where it goes: true also where nobody has agreed to a clone yet, and of what is there already."""
    if is_taken(place):
        return f"{place}, which is there already"
    return f"{'to be cloned into' if target.kind == 'url' else 'a new project in'} {place}"


def _clone(target: Target, place: Path, *, trusted: bool) -> None:
    home = factory_home()
    if not is_trusted(target.url, home):
        if not trusted and output.can_ask():
            output.note("Measuring a project means running its code: its tests, and what they import.")
            trusted = output.confirm(f"Run the code of {without_password(target.url)} on this machine?")
        if trusted:
            trust(target.url, home)
    clone_url(target.url, place, trusted=is_trusted(target.url, home))


def _note_surroundings(place: Path) -> None:
    """Say so where a new project would lie inside another repository."""
    parent = next(folder for folder in (place.parent, *place.parents) if folder.is_dir())
    around = toplevel(parent)
    if around is not None and not is_taken(place):
        output.note(
            f"{place} lies inside the repository {around}, which will see it as a folder of its own; "
            f"`factory ceo {quoted(around)} --focus …` works on that project itself."
        )
