"""The leakage scan in a cycle: which texts are scanned, against which files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from factory.config import ProjectConfig
from factory.cycle.lab import Lab
from factory.cycle.metric import held_out_folder
from factory.evals.files import checkout_files
from factory.git import FILE_MODES, scratch_checkout
from factory.globs import matches
from factory.models import Experiment, Leak, LeakReport
from factory.paths import CONFIG_FILE
from factory.research.leakage import Fingerprints, fingerprints, unpacked

LEAKS = "leakage.json"
"""An experiment's record of the leakage scan."""

MOST_BYTES = 4_000_000
_HEADER = re.compile(r"^diff --git a/.* b/(.*)$")


def fingerprints_at(lab: Lab, commit: str, policy: ProjectConfig) -> Fingerprints:
    """The fingerprints of the fixed files at a commit, and of what only held-out runs may see."""
    with scratch_checkout(lab.repo, commit, parent=lab.workspaces) as checkout:
        texts = dict(_texts(checkout, checkout_files(checkout)))
    fixed = {path: text for path, text in texts.items() if matches(policy.research.fixed, path)}
    known = {path: text for path, text in texts.items() if path not in fixed and path != CONFIG_FILE}
    place = held_out_folder(lab)
    held_out = dict(_texts(place, _files_below(place)))
    secret = {f"held-out {path}": text for path, text in held_out.items()}
    return fingerprints(fixed | secret, known, policy.research.sensitivity)


def _files_below(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _texts(folder: Path, files: list[str]) -> Iterator[tuple[str, str]]:
    """The texts among files; binary ones have no fingerprint but their name."""
    for path in files:
        place = folder / path
        if place.is_symlink() or not place.is_file():
            continue
        with place.open("rb") as stream:
            data = stream.read(MOST_BYTES)
        yield path, "" if b"\0" in data else data.decode("utf-8", "replace")


def scan_text(lab: Lab, commit: str, policy: ProjectConfig, where: str, text: str) -> list[Leak]:
    """What of the fixed files at ``commit`` a text holds."""
    return fingerprints_at(lab, commit, policy).scan(text, where)


def scan_experiment(lab: Lab, experiment: Experiment, commit: str, policy: ProjectConfig) -> LeakReport:
    """Scan an experiment: hypothesis and item, each file's added lines, and the Builder's prompts."""
    prints = fingerprints_at(lab, experiment.baseline, policy)
    item = experiment.item
    said = "\n".join((item.title, item.what, item.how, item.why, item.new_approach, *item.checklist))
    leaks = prints.scan(said, "the hypothesis")
    for path, added in added_lines(lab.repo.diff(experiment.baseline, commit, all_as_text=True)).items():
        leaks += prints.scan(added[:MOST_BYTES] if "\0" in added else added, path, names=True)
    for path, text in _packed(lab, experiment.baseline, commit):
        leaks += prints.scan(text, path)
    folder = lab.store.experiment(experiment.id)
    for name in folder.names("agents"):
        if name.endswith(".prompt.md"):
            leaks += prints.scan(folder.read_text(name), f"the prompt {Path(name).name}")
    return LeakReport(
        commit=commit, sensitivity=policy.research.sensitivity, fingerprints=prints.count, leaks=leaks
    )


def _packed(lab: Lab, baseline: str, commit: str) -> Iterator[tuple[str, str]]:
    """What a change's compressed files say, with their paths; no diff shows that."""
    files = {c.path: c.new_blob for c in lab.repo.changes(baseline, commit) if c.new_mode in FILE_MODES}
    texts = lab.repo.texts(sorted(set(files.values())))
    for path, blob in files.items():
        if "\0" in texts[blob]:
            data = texts[blob][:MOST_BYTES].encode("utf-8", "surrogateescape")
            yield from ((path, text) for text in unpacked(data))


def added_lines(diff: str) -> Mapping[str, str]:
    """The lines that a diff adds, by file."""
    found: dict[str, list[str]] = {}
    path = ""
    in_hunk = False
    for line in diff.split("\n"):  # not splitlines: a form feed inside a line hides nothing
        header = _HEADER.match(line)
        if header:
            path, in_hunk = header[1].strip('"'), False
        elif line.startswith("@@"):
            in_hunk = True
        elif in_hunk and line.startswith("+"):
            found.setdefault(path, []).append(line[1:])
    return {name: "\n".join(lines) for name, lines in found.items()}
