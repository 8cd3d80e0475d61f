"""``factory verify``: rows, events, experiment folders, commits and measurements must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from factory.cycle.archive import experiment_note
from factory.cycle.experiment import AFTER, BEFORE, VERDICT
from factory.cycle.inflight import journals
from factory.cycle.lab import Lab
from factory.errors import FactoryError
from factory.journal import Event, read_events
from factory.models import Measurement, Verdict, VerdictRecord
from factory.oddities import Oddities
from factory.rows import Row, read

SAME_SCORE = 1e-9
LOG_REF = "refs/factory/log"


@dataclass
class VerifyResult:
    """What was found. Problems are disagreements; remarks are oddities of rows that other tools wrote."""

    rows: int = 0
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def verify(lab: Lab) -> VerifyResult:
    """Compare everything that is on record; nothing is changed."""
    rows, damaged = read(lab.paths.results)
    result = VerifyResult(rows=len(rows))
    result.problems += [f"results.tsv:{d.line}: {d.problem}" for d in damaged]
    events = _events(lab, result)
    own = [row for row in rows if row.cycle]
    result.remarks += list(_imported(row for row in rows if not row.cycle))
    result.problems += list(_duplicates(own))
    finalized = {(e.cycle, e.experiment): e for e in events if e.type == "experiment.finalized"}
    for row in own:
        result.problems += [
            f"experiment {row.id}: {problem}" for problem in _row_problems(lab, row, finalized)
        ]
    logged = {(row.cycle, row.id) for row in own}
    result.problems += [
        f"experiment {n}: finalized in cycle {c}, but has no row"
        for c, n in finalized
        if (c, n) not in logged
    ]
    result.problems += list(_mirror(lab))
    return result


def _events(lab: Lab, result: VerifyResult) -> list[Event]:
    found: list[Event] = []
    for path in journals(lab.paths):
        try:
            found += read_events(path)
        except FactoryError as error:
            result.problems.append(error.message)
    return found


def _imported(rows: Iterator[Row]) -> Iterator[str]:
    """Remarks on rows that another tool wrote: nothing but their form can be checked."""
    oddities = Oddities()
    count = 0
    for row in rows:
        count += 1
        oddities.see(row)
    if count:
        yield f"{count} rows were written by another tool; only their form was checked"
    yield from (f"imported rows, {sentence}" for sentence in oddities.sentences())


def _duplicates(rows: list[Row]) -> Iterator[str]:
    counts = Counter(row.id for row in rows)
    yield from (f"experiment {number}: has {times} rows" for number, times in counts.items() if times > 1)


def _row_problems(lab: Lab, row: Row, finalized: dict[tuple[str, int | None], Event]) -> Iterator[str]:
    if row.id is None:
        yield f"results.tsv:{row.line}: has no id"
        return
    event = finalized.get((row.cycle, row.id))
    if event is None:
        yield "has a row, but no event in its cycle's journal"
    else:
        told = {name: str(event.data.get(name) or "") for name in ("verdict", "reason", "commit")}
        differing = [name for name, value in told.items() if value != getattr(row, name)]
        if differing:
            yield f"row and event differ in {', '.join(differing)}"
    try:
        yield from _folder_problems(lab, row)
    except FactoryError as error:
        yield error.message
    if row.commit and lab.repo.find(row.commit) is None:
        yield f"its commit {row.commit[:12]} is gone"
    if not experiment_note(lab, row.id).exists():
        yield "has no archive note"


def _folder_problems(lab: Lab, row: Row) -> Iterator[str]:
    assert row.id is not None
    folder = lab.store.experiment(row.id)
    if not folder.exists(VERDICT):
        yield "has no verdict in its folder"
        return
    decision = folder.read(VERDICT, VerdictRecord)
    if (decision.verdict, decision.reason, decision.commit) != (row.verdict, row.reason, row.commit):
        yield "row and stored verdict differ"
    for name, score, commit in ((BEFORE, row.score_before, ""), (AFTER, row.score_after, row.commit)):
        if not folder.exists(name):
            if score is not None:
                yield f"has a score, but no {Path(name).stem}"
            continue
        measurement = folder.read(name, Measurement)
        if commit and measurement.commit != commit and row.verdict == Verdict.KEEP:
            yield f"{Path(name).stem} is of another commit"
        if score is not None and (
            measurement.composite is None or abs(measurement.composite - score) > SAME_SCORE
        ):
            yield f"row and {Path(name).stem} differ in the score"


def _mirror(lab: Lab) -> Iterator[str]:
    """The mirrored log must be a beginning of the log, for the log only grows."""
    mirrored = lab.repo.show(LOG_REF, lab.paths.results.name) if lab.repo.find(LOG_REF) else None
    if mirrored is None:
        return
    log = lab.paths.results.read_bytes() if lab.paths.results.exists() else b""
    kept = mirrored.encode("utf-8", "surrogateescape").splitlines()[1:]
    if log.splitlines()[1:][: len(kept)] != kept:
        shows = f"`git show {LOG_REF}:{lab.paths.results.name}`"
        yield f"results.tsv lacks or changes lines that its mirror has; {shows} shows them"
