"""Tests before and after a change: gone, emptied, skipped, or asking for less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from factory.integrity.asserting import APPROX, EXACT, TRIVIAL, WEAK, Check
from factory.integrity.model import FileChange, Weakening
from factory.integrity.suites import Suite, Test, read_suite

SHOWN = 70


class _Side(NamedTuple):
    """All changed files of tests on one side, by path."""

    suites: dict[str, Suite]

    def tests(self) -> Iterator[tuple[str, Test]]:
        for path, suite in self.suites.items():
            for test in suite.tests.values():
                yield path, test


def weakened_tests(changes: Sequence[FileChange], measured: Collection[str] = ()) -> Iterator[Weakening]:
    """What became weaker in files of tests. ``changes`` are those files alone, the added ones among them; of
    the ``measured`` ones it is known that their tests were collected, whatever their names.

    A test that has moved to another changed file, or has another name and the same body, still exists. A
    check that has moved to another test is no check lost.
    """
    old = _Side({c.path: read_suite(c.path, c.old, runs=c.path in measured) for c in changes})
    new = _Side({c.path: read_suite(c.path, c.new, runs=c.path in measured) for c in changes})
    moved = _arrived(old, new)
    for change in changes:
        before, after = old.suites[change.path], new.suites[change.path]
        if change.after is not None and change.new is None and before.tests:
            yield _said("test_unreadable", change.path, 1, "", "is no Python any more: its tests are lost")
            continue
        if change.after is not None:
            yield from _skips(before, after)
        yield from _missing(old, new, before, after)
        for name, test in before.everything.items():
            if name in after.everything:
                yield from _weaker(change.path, test, after.everything[name], moved)


def _arrived(old: _Side, new: _Side) -> Counter[str]:
    """The checks that tests and helpers have now and did not have before, those of new ones among them."""
    found: Counter[str] = Counter()
    for path, suite in new.suites.items():
        for name, test in suite.everything.items():
            was = old.suites[path].everything.get(name)
            found += _texts(test) - (_texts(was) if was else Counter())
    return found


def _texts(test: Test) -> Counter[str]:
    return Counter(check.text for check in test.checks)


def _said(rule: str, path: str, line: int, where: str, what: str, *, note: bool = False) -> Weakening:
    subject = f"{path}::{where}" if where else path
    return Weakening(rule, path, line, where, f"{subject} {what}", note)


# ---- gone


def _missing(old: _Side, new: _Side, before: Suite, after: Suite) -> Iterator[Weakening]:
    """The tests of a file that are collected no more, in this file or, new there, in another one."""
    known = {(path, test.name) for path, test in old.tests()}
    fresh = [(path, test) for path, test in new.tests() if (path, test.name) not in known]
    for name, test in before.tests.items():
        if name in after.tests:
            continue
        by_name = [f"{path}::{t.name}" for path, t in fresh if t.key == test.key and not t.empty]
        by_body = [f"{path}::{t.name}" for path, t in fresh if t.body == test.body]
        if by_name or by_body:
            place = (by_name or by_body)[0]
            told = f"is now {place}; a measurement misses the old name, unless the plan item allows that"
            yield _said("test_renamed", before.path, test.line, name, told, note=True)
        else:
            where = "no longer collected" if _still_there(new, test) else "gone"
            yield _said("test_removed", before.path, test.line, name, f"is {where}")


def _still_there(new: _Side, test: Test) -> bool:
    """Whether the body lives on where nothing collects it."""
    return any(t.body == test.body for suite in new.suites.values() for t in suite.helpers.values())


# ---- skipped


def _skips(before: Suite, after: Suite) -> Iterator[Weakening]:
    """What existed before and is skipped, or may be, in one more way now."""
    if not before.tests and not before.lines:
        return
    for (place, kind), number in sorted((after.skips - before.skips).items()):
        known = not place or place in before.lines
        renamed_kind = sum(n for (p, _), n in before.skips.items() if p == place)
        total = sum(n for (p, _), n in after.skips.items() if p == place)
        harder = kind in ("skip", "xfail")
        if known and number and (total > renamed_kind or harder):
            told = {
                "skip": "is skipped",
                "skipif": "is skipped on a condition",
                "xfail": "is expected to fail",
            }
            line = after.lines.get(place, 1)
            yield _said("test_skipped", after.path, line, place, f"{told[kind]} now, and was not before")


# ---- weaker


def _weaker(path: str, old: Test, new: Test, moved: Counter[str]) -> Iterator[Weakening]:
    """What one test or helper demands less."""
    if old.checks and not _solid(new.checks) and _solid(old.checks):
        trivial = next((c for c in new.checks if c.strength == TRIVIAL), None)
        if not all(moved[check.text] for check in old.checks):
            kept = f"only what is always true: {_shown(trivial)}" if trivial else "nothing any more"
            yield _said("test_emptied", path, new.line, new.name, f"checks {kept}")
        return
    if new.empty and not old.empty and new.name.rpartition(".")[2].startswith("test"):
        yield _said("test_emptied", path, new.line, new.name, "does nothing any more")
        return
    yield from _fewer_cases(path, old, new)
    yield from _weaker_checks(path, old, new, moved)


def _solid(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.strength > TRIVIAL]


def _shown(check: Check | None) -> str:
    return check.text[:SHOWN] if check else ""


def _fewer_cases(path: str, old: Test, new: Test) -> Iterator[Weakening]:
    for names, cases in old.cases.items():
        left = new.cases.get(names)
        if left is not None and len(left) < len(cases):
            gone = next(iter(Counter(cases) - Counter(left)))
            yield _said(
                "cases_removed", path, new.line, new.name,
                f"has {len(left)} cases of {names}, and had {len(cases)}; gone is {gone[:SHOWN]}",
            )  # fmt: skip


def _weaker_checks(path: str, old: Test, new: Test, moved: Counter[str]) -> Iterator[Weakening]:
    """Compare the checks of both versions as multisets of their text."""
    texts, before = _texts(new), _texts(old)
    removed = _only(old.checks, before - texts)
    added = _only(new.checks, texts - before)
    for check in added:
        if check.strength == TRIVIAL:
            yield _said(
                "assertion_trivial", path, check.line, new.name, f"checks {_shown(check)}, always true"
            )
    pairs = list(_pairs(removed, added))
    for was, now in pairs:
        yield _said(
            "assertion_weakened", path, now.line, new.name, f"checks {_shown(now)}, and checked {_shown(was)}"
        )
    lost = [c for c in removed if not moved[c.text] and c.strength > TRIVIAL]
    gained = _solid(added)
    stands_for_many = any(check.repeated for check in gained) or _more_cases(old, new)
    if len(lost) > len(gained) and not stands_for_many and not pairs:
        first = f"{len(lost) - len(gained)} fewer, among them {_shown(lost[0])}"
        yield _said("assertion_removed", path, new.line, new.name, f"checks less than before: {first}")


def _only(checks: Sequence[Check], wanted: Counter[str]) -> list[Check]:
    left, found = Counter(wanted), []
    for check in checks:
        if left[check.text] > 0:
            left[check.text] -= 1
            found.append(check)
    return found


def _pairs(removed: Sequence[Check], added: Sequence[Check]) -> Iterator[tuple[Check, Check]]:
    """What was checked and is checked less: about the same, and asking for less or nearer."""
    open_checks = list(removed)
    for now in _solid(added):
        was = next((c for c in open_checks if _is_weaker(c, now)), None)
        if was is not None:
            open_checks.remove(was)
            yield was, now


def _is_weaker(was: Check, now: Check) -> bool:
    if was.shape == now.shape and was.loose != now.loose:
        return now.loose > (was.loose or APPROX)
    return was.strength == EXACT and now.strength == WEAK and bool(was.subjects & now.subjects)


def _more_cases(old: Test, new: Test) -> bool:
    count = [sum(len(cases) for cases in test.cases.values()) for test in (old, new)]
    return count[1] > count[0]
