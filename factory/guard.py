"""The guards: what a change may not do, decided from two commits and the baseline's policy.

Each guard is a function from the facts to findings. They read git objects only, never a working tree, so they
cost a ``git diff`` and give a person, a cycle and a CI job the same answer.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import dropwhile

from factory.config import ProjectConfig
from factory.evals.dimensions.sources import files_named, is_test_file
from factory.evals.judge_extends import extended_settings
from factory.evals.judge_settings import (
    REQUIRED_PYTHON,
    changed_settings,
    is_judge_file,
    is_shared_settings,
    judge_patterns,
    judge_settings,
)
from factory.git import FILE_MODES, GITLINK_MODE, SYMLINK_MODE, Change, Repo
from factory.globs import matches
from factory.integrity import ADDED, FileChange, Weakening, is_examined, weakenings
from factory.models import GuardFinding, GuardReport
from factory.paths import CONFIG_FILE, STATE_DIR
from factory.words import counted

CONTRACT = "/SPEC.md"
"""The approved specification, which only a person changes."""

TEST_FILE_DELETED = "test_file_deleted"
ABOUT_TESTS = ("test_", "cases_removed:", "assertion_")
"""How the names of findings about tests begin."""

TO_CHANGE_THE_JUDGE = (
    "Leave it as it is at the baseline; a person changes the judge, in a commit of their own."
)


@dataclass(frozen=True)
class Allowed:
    """The weakenings that an approved plan item names, each by a finding's name or a part of it.

    ``rule:path::where`` is one finding, ``rule:path`` all of that rule in a file. A file of tests, or a test
    by its node id, stands for whatever becomes of those tests: deleted, changed, failing. ``tests`` are the
    files and node ids that may thus be gone or fail, those in the names of findings about tests among them.
    """

    names: frozenset[str] = frozenset()
    tests: frozenset[str] = frozenset()

    @classmethod
    def by(cls, values: Iterable[str]) -> Allowed:
        """What the values of an item's ``Allows`` name, as they were written."""
        names = frozenset(stripped for value in values if (stripped := value.strip().strip("`").strip()))
        return cls(names, names | {_node_id(name) for name in names if name.startswith(ABOUT_TESTS)})

    def finding(self, finding: GuardFinding) -> bool:
        """Whether this finding is named. One without a name can't be."""
        if not finding.name:
            return False
        named = not self.names.isdisjoint({finding.name, finding.name.partition("::")[0]})
        return named or (finding.name.startswith(ABOUT_TESTS) and self.test(_node_id(finding.name)))

    def test(self, node_id: str) -> bool:
        """Whether a test may be gone, or fail: it, it without its parameters, or its file is named."""
        return not self.tests.isdisjoint({node_id, node_id.partition("[")[0], node_id.partition("::")[0]})


def _node_id(name: str) -> str:
    """The test or file that a finding about tests is named for: ``rule:path::Class.test``."""
    path, separator, where = name.partition(":")[2].partition("::")
    return path + separator + where.replace(".", "::")


@dataclass(frozen=True)
class GuardFacts:
    """What the guards look at.

    ``baseline`` and ``head`` are full SHAs; ``allows`` are the weakenings that the approved plan item names;
    ``passing_tests`` are the node ids that passed at the baseline, None where that is not known. A scaffold
    ``founds_judge``: it makes the harness that protects every later phase.
    """

    repo: Repo
    baseline: str
    head: str
    config: ProjectConfig
    check_scope: bool = True
    allows: Allowed = Allowed()
    passing_tests: Collection[str] | None = None
    founds_judge: bool = False
    changes: list[Change] = field(default_factory=list)


def run_guards(
    repo: Repo,
    baseline: str,
    head: str,
    config: ProjectConfig,
    *,
    check_scope: bool = True,
    allows: Collection[str] = (),
    passing_tests: Collection[str] | None = None,
    founds_judge: bool = False,
) -> GuardReport:
    """Every guard on the change from ``baseline`` to ``head``, under the policy ``config`` (the baseline's).

    Where the histories do not fit, the other guards have nothing sound to compare, so they are not run.
    """
    allowed = Allowed.by(allows)
    facts = GuardFacts(repo, baseline, head, config, check_scope, allowed, passing_tests, founds_judge)
    unrooted = list(rooted_at_baseline(facts))
    if unrooted:
        return GuardReport(baseline=baseline, head=head, findings=unrooted)
    facts = replace(facts, changes=repo.changes(baseline, head))
    found = [finding for guard in GUARDS for finding in guard(facts)]
    measured = files_named(passing_tests or ())
    weaker = [
        w
        for w in weakenings(_contents(facts), facts.repo.files(head), measured)
        if not _told_already(facts, w, found)
    ]
    found += [_integrity_finding(w) for w in weaker if not w.note]
    return GuardReport(
        baseline=baseline,
        head=head,
        findings=[finding for finding in found if not facts.allows.finding(finding)],
        notes=[_integrity_finding(w) for w in weaker if w.note],
        allowed=[finding for finding in found if facts.allows.finding(finding)],
    )


def rooted_at_baseline(facts: GuardFacts) -> Iterator[GuardFinding]:
    """The head descends from the recorded baseline, by at least one commit."""
    base = facts.repo.merge_base(facts.baseline, facts.head)
    if base != facts.baseline:
        yield GuardFinding(
            guard="baseline",
            message=f"merge-base is {base or 'none'}, the baseline is {facts.baseline}",
            mend=_rebase(facts.baseline[:12], base[:12]),
        )
    elif facts.head == facts.baseline:
        yield GuardFinding(
            guard="baseline",
            message=f"no commit on top of the baseline {facts.baseline}",
            mend="Commit the change first.",
        )


def _rebase(baseline: str, base: str) -> str:
    rebase = f"Rebase the change: git rebase --onto {baseline} {base or '<its base>'}"
    return f"{rebase}; or compare with where it began: --baseline {base}" if base else rebase


def judge_unchanged(facts: GuardFacts) -> Iterator[GuardFinding]:
    """Harness, policy, read-only paths and configuration of measuring tools are the baseline's."""
    protected = (CONFIG_FILE, CONTRACT, *(() if facts.founds_judge else judge_patterns(facts.config.scope)))
    extended = extended_settings(facts.repo, facts.baseline, (change.path for change in facts.changes))
    added = any(change.status == "A" for change in facts.changes)
    spelled = {file.casefold(): file for file in (facts.repo.files(facts.baseline) if added else ())}
    for change in facts.changes:
        if matches(protected, change.path):
            yield _judge_finding(change.path, f"{_verb(change)} a file that the judge owns")
        elif facts.founds_judge:
            continue
        elif is_judge_file(change.path):
            yield _judge_finding(change.path, f"{_verb(change)} the configuration of a measuring tool")
        elif change.path in extended:
            yield _judge_finding(change.path, f"{_verb(change)} what the settings of a measuring tool extend")
        elif is_shared_settings(change.path):
            yield from _changed_tables(facts, change)
        elif change.status == "A" and (twin := _twin(protected, spelled, change.path)):
            yield _judge_finding(change.path, f"is {twin} where case tells no files apart, as on macOS")


def _twin(protected: Sequence[str], spelled: Mapping[str, str], path: str) -> str:
    """The judge's file or name that a new file has but for case; empty for none.

    ``spelled`` are the baseline's files by their names without case.
    """
    folded = path.casefold()
    there = spelled.get(folded, "")
    if there and matches(protected, there):
        return there
    return folded if folded != path and (is_judge_file(folded) or is_shared_settings(folded)) else ""


def _judge_finding(path: str, message: str) -> GuardFinding:
    return GuardFinding(guard="eval_immutable", file=path, message=message, mend=TO_CHANGE_THE_JUDGE)


def _changed_tables(facts: GuardFacts, change: Change) -> Iterator[GuardFinding]:
    before, after = (facts.repo.show(sha, change.path) for sha in (facts.baseline, facts.head))
    there = judge_settings(change.path, before)
    for name in changed_settings(change.path, before, after):
        if name in REQUIRED_PYTHON and name not in there:
            continue  # any new package says it, and this change is measured without
        yield _judge_finding(change.path, f"changes [{name}], the configuration of a measuring tool")


def within_scope(facts: GuardFacts) -> Iterator[GuardFinding]:
    """Only files in the declared scope change, and no link or nested repository leads out of it."""
    if not facts.check_scope:
        return
    allowed = facts.config.scope.modifiable
    for change in facts.changes:
        if change.path.partition("/")[0] == STATE_DIR:
            yield _scope_finding(change, "the factory's state is not part of a change")
        elif allowed and not matches(allowed, change.path):
            yield _scope_finding(change, "outside [scope] modifiable")
        elif change.new_mode == GITLINK_MODE and change.old_mode != GITLINK_MODE:
            yield _scope_finding(change, "a nested repository, whose files nobody could review")
        elif change.new_mode == SYMLINK_MODE and (why := _stray_link(facts, change.path)):
            yield _scope_finding(change, f"a symbolic link {why}")


def _scope_finding(change: Change, why: str) -> GuardFinding:
    return GuardFinding(
        guard="scope",
        file=change.path,
        message=f"{_verb(change)} {change.path}: {why}",
        mend="Take this file out of the change, or have a person widen [scope] modifiable.",
    )


def _stray_link(facts: GuardFacts, path: str) -> str:
    """Why nobody can say that a link ends in the repository; empty where it does.

    Read name by name it does, unless a name is itself a link and the next step leads up from its target.
    """
    target = facts.repo.symlink_target(facts.head, path)
    landed = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if target.startswith("/") or landed.partition("/")[0] == "..":
        return "that leads out of the repository"
    named = dropwhile(lambda step: step in ("", ".", ".."), target.split("/"))
    return "that has .. after a name, which may be a link itself" if ".." in named else ""


def fixed_surfaces_untouched(facts: GuardFacts) -> Iterator[GuardFinding]:
    """For research: what the metric is computed from never changes."""
    fixed = facts.config.research.fixed
    for change in facts.changes:
        if fixed and matches(fixed, change.path):
            yield GuardFinding(
                guard="fixed_surfaces",
                file=change.path,
                message=f"{_verb(change)} a fixed surface",
                mend="Change mutable surfaces only ([research] mutable).",
            )


def tests_still_there(facts: GuardFacts) -> Iterator[GuardFinding]:
    """Before anything is run: no test file is deleted whose tests passed at the baseline.

    Where nothing was measured, every test file counts. What a change does to single tests shows in their
    outcomes, once both sides are measured.
    """
    counts = Counter(test.partition("::")[0] for test in facts.passing_tests or ())
    for change in facts.changes:
        if change.status != "D":
            continue
        if facts.passing_tests is None and is_test_file(change.path):
            why = "a test file; whether its tests passed is not known without measuring"
        elif counts[change.path]:
            why = f"where {counted(counts[change.path], 'test')} passed at the baseline"
        else:
            continue
        yield GuardFinding(
            guard="integrity",
            file=change.path,
            name=f"{TEST_FILE_DELETED}:{change.path}",
            message=f"deletes {change.path}, {why}",
            mend=_or_allow(f"{TEST_FILE_DELETED}:{change.path}"),
        )


def _or_allow(name: str) -> str:
    undo = "Take it out" if name.partition(":")[0] in ADDED else "Put it back"
    return f"{undo}, or have the approved plan item allow it by name: **Allows:** {name}"


def _contents(facts: GuardFacts) -> list[FileChange]:
    """The texts of the changed files that integrity can read; links and nested repositories have none."""
    examined = [change for change in facts.changes if is_examined(change.path)]
    sides = [
        (blob if mode in FILE_MODES else "")
        for change in examined
        for blob, mode in ((change.old_blob, change.old_mode), (change.new_blob, change.new_mode))
    ]
    texts = facts.repo.texts(sorted({blob for blob in sides if blob}))
    return [
        FileChange(change.path, texts.get(old), texts.get(new))
        for change, old, new in zip(examined, sides[::2], sides[1::2], strict=True)
    ]


def _told_already(facts: GuardFacts, weaker: Weakening, found: Sequence[GuardFinding]) -> bool:
    """Whether another guard says it: the file of tests is deleted as a whole. And what never passed, is no
    loss.
    """
    if weaker.rule not in ("test_removed", "test_renamed"):
        return False
    if any(finding.name == f"{TEST_FILE_DELETED}:{weaker.path}" for finding in found):
        return True
    if facts.passing_tests is None:
        return False
    node_id = f"{weaker.path}::{weaker.where.replace('.', '::')}"
    return not any(test.partition("[")[0] == node_id for test in facts.passing_tests)


def _integrity_finding(weaker: Weakening) -> GuardFinding:
    return GuardFinding(
        guard="integrity",
        file=weaker.path,
        line=weaker.line,
        name=weaker.name,
        message=f"{weaker.rule}: {weaker.message}",
        mend="" if weaker.note else _or_allow(weaker.name),
    )


def _verb(change: Change) -> str:
    return {"A": "adds", "D": "deletes"}.get(change.status, "changes")


GUARDS: tuple[Callable[[GuardFacts], Iterator[GuardFinding]], ...] = (
    judge_unchanged,
    within_scope,
    fixed_surfaces_untouched,
    tests_still_there,
)
