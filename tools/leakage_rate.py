"""How often the leakage scan of research mode raises an alarm over ordinary changes of real projects.

    python tools/leakage_rate.py DOWNLOADS

DOWNLOADS holds the source archives of two successive releases of each project, as `pip download --no-deps
--no-binary :all:` leaves them. The tests and the data files of the older release are taken for fixed, all
else for mutable; what the newer release adds to a mutable file is one change, scanned as the diff of an
experiment would be, at each sensitivity. An alarm is a false one here: nobody was learning answers by heart.
Then, as a check that the scan sees anything at all, pieces of each project's own data files are put into a
change in several disguises.
"""

from __future__ import annotations

import argparse
import base64
import difflib
import random
import re
import sys
import tarfile
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from factory.research.leakage import (
    THRESHOLDS,
    Fingerprints,
    fingerprints,
    is_prose_or_code,
)

TESTS = re.compile(r"(^|/)(tests?|testing)/|(^|/)test_[^/]*$|_test\.py$")
GENERATED = re.compile(r"\.egg-info/|PKG-INFO$|(^|/)(LICENSE|COPYING|AUTHORS)[^/]*$|\.(po|mo|lock)$")
DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: f'DATA = """{text}"""',
    "without its lines": lambda text: f"DATA = {' '.join(text.split())!r}",
    "as base64": lambda text: f"DATA = {base64.b64encode(text.encode()).decode()!r}",
    "compressed": lambda text: f"DATA = {base64.b64encode(zlib.compress(text.encode())).decode()!r}",
    "as hexadecimal": lambda text: f"DATA = {text.encode().hex()!r}",
}


@dataclass
class Counted:
    """Changes and alarms of one project; ``alarms`` by sensitivity, each with what was found."""

    changes: int = 0
    fingerprints: int = 0
    alarms: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def texts(archive: Path) -> dict[str, str]:
    """The text files of a source archive, by their path below its top folder."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(archive) as packed:
        packed.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2 has none
        packed.extractall(scratch)
        for path in sorted(Path(scratch).rglob("*")):
            if path.is_file() and not path.is_symlink():
                name = "/".join(path.relative_to(scratch).parts[1:])
                data = path.read_bytes()
                if b"\0" not in data and not GENERATED.search(name):
                    found[name] = data.decode("utf-8", "replace")
    return found


def is_fixed(path: str) -> bool:
    """Whether a file is a test or data."""
    return bool(TESTS.search(path)) or not is_prose_or_code(path)


def added(old: str, new: str) -> str:
    """The lines that ``new`` has and ``old`` had not, as a diff adds them."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return "\n".join(line[1:] for line in list(lines)[2:] if line.startswith("+"))


def count(older: Path, newer: Path) -> tuple[Counted, dict[str, str], dict[str, str]]:
    """Scan every mutable file that has changed between two releases."""
    before, after = texts(older), texts(newer)
    fixed = {path: text for path, text in before.items() if is_fixed(path)}
    known = {path: text for path, text in before.items() if not is_fixed(path)}
    made = {name: fingerprints(fixed, known, name) for name in THRESHOLDS}
    counted = Counted(fingerprints=made["normal"].count)
    for path, text in after.items():
        change = "" if is_fixed(path) else added(before.get(path, ""), text)
        if not change.strip():
            continue
        counted.changes += 1
        for name, prints in made.items():
            leaks = prints.scan(change, path, names=True)
            if leaks:
                told = "; ".join(f"{k.how} {k.source}: {k.excerpt[:60]!r}" for k in leaks[:3])
                counted.alarms[name].append(f"{path}: {told}")
    return counted, fixed, known


def disguised(prints: Fingerprints, fixed: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """Pieces of data files in every disguise, and whether each was found."""
    draw = random.Random(1)
    data = [text for path, text in sorted(fixed.items()) if not is_prose_or_code(path) and len(text) > 400]
    for text in draw.sample(data, min(10, len(data))):
        lines = text.splitlines()
        at = draw.randrange(max(1, len(lines) - 12))
        piece = "\n".join(lines[at : at + 12])
        for name, disguise in DISGUISES.items():
            if len(set(piece)) > 12 and len(piece) > 120:
                yield name, bool(prints.scan(disguise(piece[:4000]), "x.py"))


def main() -> int:
    """Print one line a project, the sums, every alarm at the default, and what the disguises came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("downloads", type=Path)
    archives: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(parser.parse_args().downloads.rglob("*.tar.gz")):
        archives[re.sub(r"[-_]\d.*", "", path.name).lower()].append(path)
    sums, hidden = Counted(), defaultdict(list)
    print("project | changed files | fingerprints |", " | ".join(THRESHOLDS))
    for name, releases in sorted(archives.items()):
        if len(releases) != 2:
            continue
        found, fixed, known = count(*releases)
        for text in found.alarms["normal"]:
            print(f"  alarm at normal: {text}")
        print(
            name,
            found.changes,
            found.fingerprints,
            *(len(found.alarms[s]) for s in THRESHOLDS),
            sep=" | ",
            flush=True,
        )
        sums.changes += found.changes
        for sensitivity in THRESHOLDS:
            sums.alarms[sensitivity] += [f"{name} {text}" for text in found.alarms[sensitivity]]
        for disguise, seen in disguised(fingerprints(fixed, known, "normal"), fixed):
            hidden[disguise].append(seen)
    print("all", sums.changes, "", *(len(sums.alarms[s]) for s in THRESHOLDS), sep=" | ")
    print("\ndisguised pieces of data that were found:")
    for disguise, results in hidden.items():
        print(f"  {disguise}: {sum(results)} of {len(results)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
