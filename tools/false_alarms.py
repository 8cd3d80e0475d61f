"""How often integrity objects to ordinary changes: successive releases of real projects, file by file.

    python tools/false_alarms.py FOLDER           fetches what FOLDER lacks, and prints the rates and findings
    python tools/false_alarms.py FOLDER --json    the same for a program

The releases below are source archives from the package index, fetched once into FOLDER by ``pip download``;
nothing of them is installed or run by this program (pip itself asks a project's build system for its
metadata). A change is one examined file that differs between two releases; a release that adds up many
commits makes every count larger than single commits would. The archive's top folder is taken off, so that
paths compare.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from factory.evals.judge_settings import (  # noqa: E402 - after the path
    changed_settings,
    is_judge_file,
    is_shared_settings,
)
from factory.integrity import RULES, FileChange, Weakening, is_examined, weakenings  # noqa: E402 - after the path

RELEASES: dict[str, tuple[str, ...]] = {
    "attrs": ("25.2.0", "25.3.0", "25.4.0"),
    "click": ("8.4.1", "8.4.2", "8.5.0"),
    "jinja2": ("3.1.4", "3.1.5", "3.1.6"),
    "itsdangerous": ("2.1.2", "2.2.0"),
    "packaging": ("26.0", "26.1", "26.2"),
    "pluggy": ("1.5.0", "1.6.0"),
    "more-itertools": ("11.0.2", "11.1.0"),
    "httpcore": ("1.0.7", "1.0.8", "1.0.9"),
    "h11": ("0.14.0", "0.15.0", "0.16.0"),
    "anyio": ("4.14.2", "4.15.0", "4.16.0"),
    "structlog": ("25.3.0", "25.4.0", "25.5.0"),
    "filelock": ("4.2.8", "4.2.9"),
    "platformdirs": ("4.14.4", "4.14.5"),
    "cattrs": ("25.3.0", "26.1.0"),
    "marshmallow": ("4.2.4", "4.3.0", "4.4.0"),
    "toolz": ("0.12.1", "1.0.0", "1.1.0"),
    "requests": ("2.33.1", "2.34.0", "2.34.2"),
    "jsonschema": ("4.24.1", "4.25.0", "4.26.0"),
}
"""Projects whose source archives hold their tests, with releases that follow one another."""

LARGEST = 2_000_000


class Pair(NamedTuple):
    """Two releases of a project, the changed files, and what integrity says about the change as a whole."""

    name: str
    changes: list[FileChange]
    found: list[Weakening]


def main() -> int:
    """Fetch, compare, print; 0."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--json", action="store_true")
    args = arguments.parse_args()
    pairs = list(_pairs(args.folder))
    print(json.dumps(_data(pairs), indent=1) if args.json else _text(pairs))
    return 0


def _pairs(folder: Path) -> Iterator[Pair]:
    for project, versions in RELEASES.items():
        texts = [_release(folder, project, version) for version in versions]
        for (old, before), (new, after) in zip(
            zip(versions, texts, strict=True), zip(versions[1:], texts[1:], strict=False), strict=False
        ):
            if before is None or after is None:
                continue
            changes = [
                FileChange(path, before.get(path), after.get(path))
                for path in sorted(before.keys() | after.keys())
                if before.get(path) != after.get(path)
            ]
            yield Pair(f"{project} {old} → {new}", changes, weakenings(changes, after.keys()))


def _release(folder: Path, project: str, version: str) -> dict[str, str] | None:
    """The examined files of a release by path; None where it cannot be had, which is told."""
    place = folder / f"{project}-{version}"
    if not list(place.glob("*.tar.gz")):
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        done = subprocess.run(
            [*fetch, "--dest", str(place), f"{project}=={version}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            print(f"{project} {version}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            return None
    return _files(next(place.glob("*.tar.gz")))


def _files(archive: Path) -> dict[str, str]:
    """Texts by path below the archive's one top folder; what setuptools generates is left out."""
    found = {}
    with tarfile.open(archive) as opened:
        for member in opened.getmembers():
            path = member.name.partition("/")[2]
            if not member.isfile() or not is_examined(path) or member.size > LARGEST or path == "setup.cfg":
                continue
            content = opened.extractfile(member)
            if content is not None:
                found[path] = content.read().decode("utf-8", "surrogateescape")
    return found


def _alarmed(pair: Pair) -> set[str]:
    return {found.path for found in pair.found if not found.note}


def _is_judged(change: FileChange) -> bool:
    """Whether the guard on the judge would object: settings of measuring tools, however they are changed."""
    shared = is_shared_settings(change.path)
    return is_judge_file(change.path) or (
        shared and bool(changed_settings(change.path, change.before, change.after))
    )


def _data(pairs: list[Pair]) -> dict[str, object]:
    changed = sum(len(pair.changes) for pair in pairs)
    edited = [c for pair in pairs for c in pair.changes if c.before is not None and c.after is not None]
    rules = Counter(f.rule for pair in pairs for f in pair.found if not f.note)
    notes = Counter(f.rule for pair in pairs for f in pair.found if f.note)
    judged = [(pair.name, c.path) for pair in pairs for c in pair.changes if _is_judged(c)]
    return {
        "releases": len(pairs),
        "changes": changed,
        "edited": len(edited),
        "changes_with_a_finding": sum(len(_alarmed(pair)) for pair in pairs),
        "releases_with_a_finding": sum(bool(_alarmed(pair)) for pair in pairs),
        "changes_of_the_judges_settings": len(judged),
        "releases_that_change_them": len({name for name, _ in judged}),
        "findings": {rule: rules[rule] for rule in RULES},
        "notes": dict(notes),
        "told": [
            {"pair": p.name, "note": f.note, "name": f.name, "message": f.message}
            for p in pairs
            for f in p.found
        ],
    }


def _text(pairs: list[Pair]) -> str:
    data = _data(pairs)
    lines = [f"{name}: {data[name]}" for name in data if name != "told"]
    for pair in pairs:
        lines.append(f"\n{pair.name}: {len(pair.changes)} changes")
        lines += [f"  {'note ' if f.note else ''}{f.rule}: {f.message}" for f in pair.found]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
