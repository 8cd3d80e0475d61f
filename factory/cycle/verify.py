"""``factory verify``: rows, events, experiment folders, commits and measurements must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import isclose
from pathlib import Path

from factory.cycle.archive import experiment_note
from factory.cycle.evidence import changed
from factory.cycle.experiment import AFTER, BEFORE, VERDICT
from factory.cycle.inflight import DAMAGED, journals
from factory.cycle.judging import compare_stored, sides
from factory.cycle.lab import Lab
from factory.cycle.mirror import mirror_problems
from factory.cycle.ratchet import RATCHET, metric_sides, ratchet_of
from factory.errors import FactoryError
from factory.journal import Event, read_events
from factory.models import Kind, Measurement, Verdict, VerdictRecord
from factory.oddities import Oddities
from factory.rows import Row, format_line, read, split_line
from factory.words import counted

SAME_SCORE = 1e-9


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
    finalized = {(e.cycle, e.experiment): e for e in _finalized(lab, result)}
    own = [row for row in rows if row.cycle]
    result.remarks += list(_imported(row for row in rows if not row.cycle))
    result.problems += list(_duplicates(own))
    gone = lab.repo.missing(row.commit for row in own if row.commit)
    refs = lab.repo.refs("refs/factory/")
    for row in own:
        problems = [*_row_problems(lab, row, finalized), *_gone(row, gone)]
        if _is_vouched_for(lab, row, finalized):
            problems += _ref_problems(row, gone, refs)
        result.problems += [f"experiment {row.id}: {problem}" for problem in problems]
    logged = {(row.cycle, row.id) for row in own}
    result.problems += [
        f"experiment {n}: finalized in cycle {c}, but has no row"
        for c, n in finalized
        if (c, n) not in logged
    ]
    result.problems += list(mirror_problems(lab))
    return result


def _finalized(lab: Lab, result: VerifyResult) -> list[Event]:
    """The events of finalized experiments; damage to journals is told."""
    found: list[Event] = []
    for path in journals(lab.paths):
        try:
            found += (event for event in read_events(path) if event.type == "experiment.finalized")
        except FactoryError as error:
            result.problems.append(error.message)
    for path in sorted(lab.paths.cycles.glob(f"*{DAMAGED}")):
        result.problems.append(f"{path.name}: a damaged journal, set aside when its cycle was abandoned")
    return found


def _imported(rows: Iterator[Row]) -> Iterator[str]:
    """Remarks on rows that another tool wrote: nothing but their form can be checked."""
    oddities = Oddities()
    count = 0
    for row in rows:
        count += 1
        oddities.see(row)
    if count:
        yield f"written by another tool, so only their form was checked: {counted(count, 'row')}"
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
        differing = _differing(row, event)
        if differing:
            yield f"row and event differ in {', '.join(differing)}"
        yield from changed(lab.store.experiment(row.id), event.data.get("evidence", {}))
    try:
        yield from _folder_problems(lab, row)
    except FactoryError as error:
        yield error.message
    if not experiment_note(lab, row.id).exists():
        yield "has no archive note"


def _differing(row: Row, event: Event) -> list[str]:
    """The columns in which a row is not what its event says it was written as."""
    written = row.fields
    told = split_line(format_line(event.data, list(written))) or []
    return [name for name, value in zip(written, told, strict=True) if written[name] != value]


def _gone(row: Row, gone: Collection[str]) -> Iterator[str]:
    if row.id is not None and row.commit in gone:
        yield f"its commit {row.commit[:12]} is gone"


def _is_vouched_for(lab: Lab, row: Row, finalized: Mapping[tuple[str, int | None], Event]) -> bool:
    """Whether its event or its stored verdict says of verdict and commit what the row says, and neither else.

    What a damaged row says must not be advised to be made true.
    """
    if row.id is None:
        return False  # told of as such
    event, decision = finalized.get((row.cycle, row.id)), None
    with suppress(FactoryError):  # told of as such
        decision = lab.store.experiment(row.id).find(VERDICT, VerdictRecord)
    said = [(event.data.get("verdict"), event.data.get("commit"))] if event else []
    said += [(decision.verdict, decision.commit)] if decision else []
    return bool(said) and all(one == (row.verdict, row.commit) for one in said)


def _ref_problems(row: Row, gone: Collection[str], refs: Mapping[str, str]) -> Iterator[str]:
    """A decided commit is kept from being collected by a ref that tells how it was decided."""
    ref = f"refs/factory/{'kept' if row.verdict == Verdict.KEEP else 'rejected'}/{row.id:03d}"
    if row.commit not in (row.fields.get("baseline"), refs.get(ref)) and row.commit not in gone:
        yield f"{ref} does not hold its commit; `git update-ref {ref} {row.commit[:12]}` mends that"


def _folder_problems(lab: Lab, row: Row) -> Iterator[str]:
    assert row.id is not None
    folder = lab.store.experiment(row.id)
    if not folder.exists(VERDICT):
        yield "has no verdict in its folder"
        return
    decision = folder.read(VERDICT, VerdictRecord)
    if (decision.verdict, decision.reason, decision.commit) != (row.verdict, row.reason, row.commit):
        yield "row and stored verdict differ"
    if row.kind == Kind.RESEARCH:
        yield from _metric_problems(lab, row, decision.commit)
        return
    for name, score in ((BEFORE, row.score_before), (AFTER, row.score_after)):
        if not folder.exists(name):
            if score is not None:
                yield f"has a score, but no {Path(name).stem}"
            continue
        measurement = folder.read(name, Measurement)
        if name == AFTER and row.verdict == Verdict.KEEP and measurement.commit != row.commit:
            yield f"{Path(name).stem} is of another commit"
    measured = _measured_scores(lab, row, decision)
    for name, told, found in zip(
        ("before", "after"), (row.score_before, row.score_after), measured, strict=True
    ):
        if told is not None and (found is None or abs(found - told) > SAME_SCORE):
            yield f"row and measurements differ in the score {name}"


def _measured_scores(lab: Lab, row: Row, decision: VerdictRecord) -> tuple[float | None, float | None]:
    """The composites that the stored measurements give for a decision."""
    folder = lab.store.experiment(row.id or 0)
    before, after = sides(folder, decision.commit)
    policy = lab.policy(row.text("baseline"))
    if before is not None and after is not None and policy is not None:
        moved = compare_stored(folder, policy, decision.left_out)
        if moved.before is not None:
            return moved.before, moved.after
    return before.composite if before else None, after.composite if after else None


def _metric_problems(lab: Lab, row: Row, commit: str) -> Iterator[str]:
    """The row's scores are those of its runs, and each of these runs is on record with its value."""
    assert row.id is not None
    record = ratchet_of(lab, row.id)
    before, after, _ = metric_sides(record, commit)
    for told, score, known in (("before", row.score_before, before), ("after", row.score_after, after)):
        if (score is None) != (known is None) or (
            score is not None and known is not None and not isclose(score, known, rel_tol=SAME_SCORE)
        ):
            yield f"row and {RATCHET} differ in the metric {told}"
    if record is None:
        return
    runs = [lab.runs.get(number) for number in record.runs]
    values = [run.value for run in runs if run is not None and run.value is not None]
    if None in runs:
        yield f"a run that {RATCHET} names is not on record"
    elif sorted(values) != sorted([*record.before, *record.after]):
        yield f"{RATCHET} and its runs differ in the metric"
