"""``factory history --id N``: one experiment whole, from its row and what its folder holds.

The folder is read as plain JSON, for a reading command starts fast; it may have been handed over with a
repository, so nothing in it is taken for granted: what cannot be read is not shown.
"""

from __future__ import annotations

import contextlib
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory import output
from factory.errors import BadInput
from factory.paths import ProjectPaths
from factory.rows import Row, clean, stream
from factory.words import signed

Details = dict[str, Any]


def one_of(paths: ProjectPaths, number: int) -> Row | None:
    """The row of an experiment, the newest where an id stands there twice; None while it is not decided.

    Raises BadInput where nothing at all is known of it.
    """
    found = None
    for entry in stream(paths.results):
        if isinstance(entry, Row) and entry.id == number:
            found = entry
    if found is None and not (paths.experiment(number) / "experiment.json").is_file():
        raise BadInput(f"There is no experiment {number}.", "`factory history --all` lists them.")
    return found


def details_of(paths: ProjectPaths, number: int, row: Row | None) -> Details:
    """What the experiment's folder says of the decided commit; of an undecided one, of its newest."""
    folder = paths.experiment(number)
    begun = _read(folder / "experiment.json")
    measured = _read(folder / "eval_pairs.json")
    commit = row.commit if row is not None else _first(_objects(measured, "after")).get("commit", "")
    note = paths.archive / "experiments" / f"{number:03d}.md"
    review = _read(folder / "reviews" / "final.json")
    guard, shown, failures = (_read(folder / f"{name}.json") for name in ("guard", "verify", "failures"))
    return {
        "hypothesis": str(begun.get("hypothesis") or (row.hypothesis if row else "")),
        "change_summary": _summary(folder / "agents", row.change_summary) if row is not None else "",
        "baseline": str(begun.get("baseline", "")),
        "dimensions": list(_dimensions(measured)) if _of(measured, commit) else [],
        "pairs": len(_objects(measured, "after")) if _of(measured, commit) else 0,
        "verify": _objects(shown, "checks") if shown.get("commit") == commit else [],
        "guard": _objects(guard, "findings") if guard.get("head") in (commit, None) or not commit else [],
        "new_failures": failures.get("confirmed", []) if failures.get("commit") == commit else [],
        "review": review if review.get("commit") == commit else {},
        "note": str(note) if note.is_file() else "",
        "record": str(folder) if folder.is_dir() else "",
    }


def show_one(number: int, row: Row | None, found: Details) -> None:
    """Print all that is known of one experiment."""
    for line in _lines(number, row, found):
        output.say(line)
    if found["dimensions"]:
        output.say()
        rows = [(d["name"], _change(d["before"], d["after"])) for d in found["dimensions"]]
        output.table(("dimension", "score"), rows)


def _lines(number: int, row: Row | None, found: Details) -> Iterator[str]:
    if row is None:
        yield f"experiment {number}: not decided yet"
    else:
        yield f"experiment {number}: {row.verdict or row.text('verdict')} ({row.reason})"
    yield f"hypothesis: {found['hypothesis']}"
    if row is not None:
        yield from _decision(row, found)
    for check in found["verify"]:
        yield f"its own check: {_check(check)}"
    for finding in found["guard"]:
        yield f"guard: {finding.get('guard')}: {finding.get('message')} ({finding.get('file')})"
        yield f"  {finding.get('mend')}"
    for test in found["new_failures"]:
        yield f"no longer passing: {test}"
    review = found["review"]
    if review:
        yield f"review: {review.get('by')} says {review.get('verdict')}: {review.get('reason')}"
    if row is not None:
        yield from _origin(row)
    for name in ("note", "record"):
        if found[name]:
            yield f"{name}: {found[name]}"


def _decision(row: Row, found: Details) -> Iterator[str]:
    if row.notes:
        yield f"why: {row.notes}"
    over = f", the mean of {found['pairs']} pairs" if found["pairs"] > 1 else ""
    if row.score_before is not None or row.score_after is not None:
        yield f"score: {_change(row.score_before, row.score_after)}{over}"
    if found["change_summary"]:
        yield from f"change: {found['change_summary']}".replace("\n", "\n  ").splitlines()


def _origin(row: Row) -> Iterator[str]:
    if row.commit:
        baseline, commit = row.text("baseline")[:12] or "?", row.commit[:12]
        yield f"commits: {baseline}..{commit}, to look at: git show {commit}"
    for name in ("branch", "cycle", "runner", "timestamp", "tokens", "cost_usd", "duration_s"):
        if row.text(name):
            yield f"{name}: {row.text(name)}"
    for label, name in (("issue", "issue_number"), ("pull request", "pr_number")):
        if row.text(name):
            yield f"{label}: {row.text(name)}"


def _summary(answers: Path, recorded: str) -> str:
    """What was changed: the row has the first line of what the Builder said last, its answer all of it."""
    said = sorted(answers.glob("builder-*.output.md"), key=lambda place: (len(place.name), place.name))
    for place in reversed(said if recorded else ()):
        with contextlib.suppress(OSError, ValueError):
            lines = [line.rstrip() for line in place.read_text(encoding="utf-8").splitlines() if line.strip()]
            if lines and clean(lines[0]).strip() == recorded:
                return "\n".join([recorded, *lines[1:]])
    return recorded


def _check(check: Details) -> str:
    before, after = _object(check, "before"), _object(check, "after")
    exits = [f"exits {side.get('exit_code', '?')}" for side in (before, after)]
    return f"{after.get('command', '?')}: {exits[0]} at the baseline, {exits[1]} with the change"


def _dimensions(measured: Details) -> Iterator[Details]:
    """Each dimension's score on both sides: the mean over the pairs, None where none was measured."""
    before, after = (_scores(_objects(measured, side)) for side in ("before", "after"))
    for name in dict.fromkeys([*before, *after]):
        yield {"name": name, "before": _mean(before.get(name)), "after": _mean(after.get(name))}


def _scores(samples: list[Details]) -> dict[str, list[Any]]:
    scores: dict[str, list[Any]] = {}
    for sample in samples:
        for dimension in _objects(sample, "dimensions"):
            scores.setdefault(str(dimension.get("name")), []).append(dimension.get("score"))
    return scores


def _mean(scores: list[Any] | None) -> float | None:
    known = [score for score in scores or () if isinstance(score, int | float)]
    return statistics.fmean(known) if known else None


def _change(before: float | None, after: float | None) -> str:
    sides = ["not measured" if score is None else f"{score:.4f}" for score in (before, after)]
    moved = f" ({signed(after - before)})" if before is not None and after is not None else ""
    return " → ".join(sides) + moved


def _of(measured: Details, commit: str) -> bool:
    return _first(_objects(measured, "after")).get("commit") == commit


def _object(found: Details, name: str) -> Details:
    entry = found.get(name)
    return entry if isinstance(entry, dict) else {}


def _objects(found: Details, name: str) -> list[Details]:
    entries = found.get(name)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _first(found: list[Details]) -> Details:
    return found[0] if found else {}


def _read(place: Path) -> Details:
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
