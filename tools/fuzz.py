"""Damage real files of a project and its factory home, and see what the commands make of it.

    python tools/fuzz.py FOLDER --seconds 300            the example project, cycles on it, then damage
    python tools/fuzz.py FOLDER --project P --home H     the same on copies of your project and home
    python tools/fuzz.py FOLDER --seed 7 --rounds 1     one round of an earlier run again

In each round one file is damaged and some of the commands are run in this process. It is a finding when one
crashes, answers with an undocumented exit code, or takes away or changes what it should only read. Findings
are told once for each place in the code; the exit code is 1 when there are any.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from factory import cli, demo  # noqa: E402 - after the path

READING = (
    "history", "history --json --all", "status --json", "brief", "verify", "usage", "backlog-list", "config",
    "spec check", "spec show", "spec trace", "gc --dry-run", "precheck --id 1", "doctor", "usage --json",
    "ceo --dry-run --runner offline", "guard --baseline HEAD",
)  # fmt: skip
OF_THE_HOME = ("insights", "ace --versions", "ace --show", "contribute --status", "contribute --classify")
WRITING = ("backlog-add", "message")
"""Commands that write: what was in the file before must still be there afterwards."""

OF_THE_PROJECT = ("factory.toml", "SPEC.md", ".factory/**/*", ".git/factory/*")
SPARED = re.compile(r"/(logs|environments|tools|workspaces)/|\.lock$")
CODES = range(5)
CALLS_A_ROUND = 8


def main() -> int:
    """Prepare, damage, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=0)
    args = parser.parse_args()
    folder = args.folder.resolve()
    home = folder / "home"
    os.environ.update(HOME=str(home), FACTORY_HOME=str(home / ".factory"), PYTHONPATH=str(ROOT))
    prepare(folder, args.project, args.home)
    findings: dict[str, str] = {}
    ends, seed = time.monotonic() + args.seconds, args.seed
    while time.monotonic() < ends and not (args.rounds and seed == args.seed + args.rounds):
        for what, told in play(folder, random.Random(seed)):
            if findings.setdefault(what, told) is told:
                print(f"seed {seed}: {told}", flush=True)
        seed += 1
    print(f"{seed - args.seed} rounds, {len(findings)} findings")
    return 1 if findings else 0


def prepare(folder: Path, project: Path | None, home: Path | None) -> None:
    """``folder/origin`` with a project and a home in which cycles have run."""
    origin = folder / "origin"
    if origin.is_dir():
        return
    if project and home:
        shutil.copytree(project, origin / "project", symlinks=True)
        shutil.copytree(home, origin / "home" / ".factory", ignore=_heavy, symlinks=True)
        return
    made = demo.create_example(folder / "project")
    for _ in range(2):
        say(["run", str(made), "--runner", "offline"])
    shutil.copytree(made, origin / "project", symlinks=True)
    shutil.copytree(folder / "home", origin / "home", ignore=_heavy, symlinks=True)


_heavy = shutil.ignore_patterns("environments", "tools", "workspaces")


def play(folder: Path, dice: random.Random) -> Iterator[tuple[str, str]]:
    """One round; yields a key and a text for each finding."""
    project, home = folder / "project", folder / "home"
    for place in (project, home):
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run(["cp", "-a", str(folder / "origin" / place.name), str(place)], check=True)
    file = dice.choice(targets(project, home))
    name, damage = dice.choice(DAMAGES)
    damage(file, dice)
    told = f"{file.relative_to(folder)} ({name})"
    calls = [[*c.split(" "), str(project)] for c in READING] + [c.split(" ") for c in OF_THE_HOME]
    calls = dice.sample(calls, CALLS_A_ROUND)
    before = contents(file)
    for call in calls:
        for key, what in said_wrong(call, home):
            yield key, f"{told}: {' '.join(call)}: {what}"
        if contents(file) != before:
            yield f"changed by {call[0]}", f"{told}: changed by {' '.join(call)}"
            before = contents(file)
    for command in WRITING if dice.random() < 0.3 else ():
        call = [command, str(project), "Some text"]
        for key, what in said_wrong(call, home):
            yield key, f"{told}: {' '.join(call)}: {what}"
        lost = set((before or b"").splitlines()) - set((contents(file) or b"").splitlines())
        if lost:
            yield f"lost by {command}", f"{told}: {command} lost {sorted(lost)[:3]}"
        before = contents(file)


def targets(project: Path, home: Path) -> list[Path]:
    """The files that the program may read, sorted."""
    found = {path for pattern in OF_THE_PROJECT for path in project.glob(pattern)}
    found |= set((home / ".factory").rglob("*"))
    return sorted(path for path in found if path.is_file() and not SPARED.search(str(path)))


def said_wrong(call: list[str], home: Path) -> Iterator[tuple[str, str]]:
    """What is wrong with how a command ended."""
    code, said = say(call)
    for crash in sorted((home / ".factory" / "logs").glob("crash-*")):
        frames = re.findall(r'File "([^"]*/factory/[^"]*)", line (\d+)', crash.read_text(errors="replace"))
        last = crash.read_text(errors="replace").rstrip().splitlines()[-1][:160]
        crash.unlink()
        yield f"{frames[-1:]} {last[:40]}", f"{last} at {frames[-1:]}"
    if code not in CODES:
        yield f"code {code} {call[0]}", f"exit code {code}: {said[-300:]}"
    if "Traceback" in said:
        yield f"traceback {call[0]}", said[-600:]


def say(call: list[str]) -> tuple[int, str]:
    """Run a command line in this process; its exit code and what it wrote to stderr."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        try:
            code = cli.main(call)
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else -1
    return code, errors.getvalue()


def contents(file: Path) -> bytes | None:
    """A file's bytes; None where there is no file any more."""
    return file.read_bytes() if file.is_file() else None


def _bytes(change: Callable[[bytes, random.Random], bytes]) -> Callable[[Path, random.Random], None]:
    def damage(file: Path, dice: random.Random) -> None:
        file.write_bytes(change(file.read_bytes(), dice))

    return damage


def _lines(data: bytes, dice: random.Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one] = dice.choice([b"", lines[one] * 2, lines[other], lines[one].rstrip(b"\n")])
    return b"".join(lines)


def _noise(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.randbytes(dice.randint(1, 8)) + data[at + dice.randint(0, 8) :]


ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    1e308,
    10**30,
    "",
    "x",
    "\0",
    "\ud800",
    "../..",
    [],
    {},
    [[]],
    {"v": 99},
    "2026-13-45",
)
"""Values in place of others: of another type, out of range, no text, no date."""


def _values(data: bytes, dice: random.Random) -> bytes:
    """One value of a JSON document, or of one line of JSON lines, is another."""
    lines = data.split(b"\n")
    with contextlib.suppress(ValueError):
        json.loads(data)
        lines = [data]
    at = dice.randrange(len(lines))
    try:
        document = json.loads(lines[at])
    except ValueError:
        return _noise(data, dice)
    lines[at] = json.dumps(_changed(document, dice)).encode()
    return b"\n".join(lines)


def _changed(value: object, dice: random.Random) -> object:
    """The same with one part, however deep, taken away or made odd."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(sorted(value))
        if dice.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: _changed(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.85:
        at = dice.randrange(len(value))
        return [*value[:at], _changed(value[at], dice), *value[at + 1 :]]
    return dice.choice(ODD)


def _folder(file: Path, dice: random.Random) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: tuple[tuple[str, Callable[[Path, random.Random], None]], ...] = (
    ("cut off", _bytes(lambda data, dice: data[: dice.randrange(len(data) + 1)])),
    ("noise", _bytes(_noise)),
    ("lines", _bytes(_lines)),
    ("values", _bytes(_values)),
    ("values", _bytes(_values)),
    ("values", _bytes(_values)),
    ("empty", _bytes(lambda data, dice: b"")),
    ("no text", _bytes(lambda data, dice: b"\xff\xfe\0" + dice.randbytes(50))),
    ("a folder", _folder),
    ("gone", lambda file, dice: file.unlink()),
)


if __name__ == "__main__":
    sys.exit(main())
