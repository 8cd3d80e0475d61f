"""From what happened to what might be learned: candidates for playbooks, each with its experiments.

Pure: experiments and what agents were told go in, candidates come out. The texts hold no counts, so that the
same lesson has the same words when more experiments speak for it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from factory.ace.models import Section
from factory.insights.topics import classify_hypothesis
from factory.strategy import category_of, is_evidence_against
from factory.strategy.rates import wilson_lower
from factory.strategy.similarity import jaccard, words_of

MIN_DECIDED = 10
"""Experiments kept or reverted that there must be before anything is concluded."""

MIN_GROUP = 8
"""Experiments of a kind, and of the others that it is compared with, for a rate to be judged."""

MAJORITY = 0.5
"""What the Wilson lower bound of a rate of keeps, or of reverts, has to pass: at least four of four."""

MIN_REPEATS = 3
"""Different experiments in which work was sent back for the same thing."""

MIN_REASON = 5
REASON_SHARE = 0.1
"""Reverts for one reason, and the Wilson lower bound of their share of all that was decided."""

ALIKE = 0.6
"""Similarity at which two hypotheses, or two corrections, say the same."""

OPEN_KINDS = ("repeat", "correction")
"""Kinds of keys that name a text rather than one thing of a closed list."""

QUOTED_AFTER = "Plan again "
"""What stands before a hypothesis that an item quotes."""

T = TypeVar("T")

RECENT = 2_000
"""So many of the last reverts, and of the last corrections, are compared with each other."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An experiment of some project. ``ref`` is ``project-key#id``.

    ``by_hand``: a person planned and made it: that says what is worth trying, nothing of how roles work.
    """

    ref: str
    hypothesis: str
    verdict: str
    reason: str = ""
    category: str = ""
    id: int | None = None
    score_after: float | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence with which work was sent back: by the guard, the rules of a plan, or the CEO at a gate.

    ``role`` is whose work it was, ``ref`` the experiment (``project-key#id``). ``final``: it was not sent
    back, but ended the experiment.
    """

    ref: str
    kind: Literal["guard", "plan_rule", "correction"]
    role: str
    text: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that might go into a role's playbook. ``key`` says how it was found, and stays the same.

    ``evidence`` names the experiments that it rests on; ``kept`` and ``reverted`` of them were so.
    """

    role: str
    section: Section
    key: str
    text: str
    evidence: tuple[str, ...]
    kept: int = 0
    reverted: int = 0


@dataclass(frozen=True, slots=True)
class Reflection:
    """What the histories suggest. ``missing`` says what they lack, where nothing can be concluded."""

    decided: int
    candidates: tuple[Candidate, ...] = ()
    missing: str = ""


def reflect(tried: Sequence[Tried], told: Sequence[Told] = ()) -> Reflection:
    """The candidates that the experiments support, in a fixed order."""
    decided = [one for one in tried if one.verdict == "keep" or is_evidence_against(one)]
    if len(decided) < MIN_DECIDED:
        missing = f"{MIN_DECIDED} experiments that were kept or reverted are needed, there are {len(decided)}"
        return Reflection(len(decided), missing=missing)
    candidates = (
        *_kinds(decided, "category", lambda one: category_of(one).name, CATEGORY_TEXTS),
        *_kinds(decided, "topic", lambda one: str(classify_hypothesis(one.hypothesis)), TOPIC_TEXTS),
        *_reasons([one for one in decided if not one.by_hand]),
        *_repeats(decided),
        *_guards(told),
        *_plan_rules(told),
        *_corrections(told),
    )
    return Reflection(len(decided), candidates)


# ---- kinds of change that are kept, or fail, more than others

CATEGORY_TEXTS: dict[Section, str] = {
    "do": "Prefer items of the category {kind} where the evidence allows a choice: they were kept more often "
    "than the others, by more than chance would explain.",
    "dont": "Plan an item of the category {kind} without evidence for this very case: most of them were "
    "reverted, more often than the others.",
}
TOPIC_TEXTS: dict[Section, str] = {
    "do": "Look for an item about {kind} first: such changes were kept more often than others, by more than "
    "chance would explain.",
    "dont": "Plan an item about {kind} without saying what makes it different from the earlier ones: most of "
    "those were reverted, more often than others.",
}


def _kinds(
    decided: Sequence[Tried], by: str, kind_of: Callable[[Tried], str], texts: dict[Section, str]
) -> Iterator[Candidate]:
    groups: dict[str, list[Tried]] = defaultdict(list)
    for one in decided:
        groups[kind_of(one)].append(one)
    kept = sum(one.verdict == "keep" for one in decided)
    for kind, group in sorted(groups.items()):
        hits = sum(one.verdict == "keep" for one in group)
        section = _stands_out(hits, len(group), kept - hits, len(decided) - len(group))
        if section:
            yield Candidate(
                "strategist",
                section,
                f"{by}:{kind}",
                texts[section].format(kind=kind),
                _refs(group),
                kept=hits,
                reverted=len(group) - hits,
            )


def _stands_out(kept: int, total: int, others_kept: int, others: int) -> Section | None:
    """Whether a kind is kept, or reverted, by most and more than the rest; None where that is not shown.

    The lower bound of its rate has to pass both the half and the rate of the others.
    """
    if total < MIN_GROUP or others < MIN_GROUP:
        return None
    if wilson_lower(kept, total) > max(MAJORITY, others_kept / others):
        return "do"
    reverted, others_reverted = total - kept, others - others_kept
    if wilson_lower(reverted, total) > max(MAJORITY, others_reverted / others):
        return "dont"
    return None


# ---- reasons for which changes are reverted again and again

REASON_TEXTS: dict[str, tuple[str, Section, str]] = {
    "new_failures": (
        "builder",
        "do",
        "Run every test, and look at who else uses what you touch, before you call it done: changes keep "
        "being reverted because tests that had passed fail after them.",
    ),
    "no_effect": (
        "strategist",
        "do",
        "Give each item a check that fails today, or a dimension with the number it should reach: changes "
        "keep being reverted because nothing measured shows what they did.",
    ),
    "regressed": (
        "strategist",
        "do",
        "Say in How which other dimension the change could cost, and how that is avoided: changes keep being "
        "reverted because the whole score falls.",
    ),
    "anti_pattern": (
        "strategist",
        "dont",
        "Plan what resembles a reverted experiment without a New approach: such items keep ending before any "
        "work is done.",
    ),
    "review": (
        "builder",
        "do",
        "Read your own diff against each sentence of the item as its reviewer would: changes keep being "
        "turned down although they were measured well.",
    ),
    "smoke": (
        "builder",
        "do",
        "Start the program once as its users do before you finish: changes keep failing before anything else "
        "is measured.",
    ),
    "constraint": (
        "builder",
        "do",
        "Check the project's hard constraints before you finish: changes keep being reverted for one.",
    ),
    "leakage": (
        "builder",
        "dont",
        "Use anything of the fixed surfaces in a mutable one: changes keep being reverted for leakage.",
    ),
}


def _reasons(decided: Sequence[Tried]) -> Iterator[Candidate]:
    for reason, (role, section, text) in REASON_TEXTS.items():
        group = [one for one in decided if one.verdict == "revert" and one.reason == reason]
        often = wilson_lower(len(group), len(decided)) >= REASON_SHARE
        if len(group) >= MIN_REASON and often:
            yield Candidate(role, section, f"reason:{reason}", text, _refs(group), reverted=len(group))


# ---- the same change, reverted for the same reason again and again


def _repeats(decided: Sequence[Tried]) -> Iterator[Candidate]:
    reverted = [one for one in decided if one.verdict == "revert"][-RECENT:]
    kept = [words_of(one.hypothesis) for one in decided if one.verdict == "keep"]
    for group in _alike(reverted, lambda one: one.hypothesis, lambda one: one.reason):
        words = words_of(group[0].hypothesis)
        successes = sum(jaccard(words, other) >= ALIKE for other in kept) if len(group) > 1 else 0
        if wilson_lower(len(group), len(group) + successes) <= MAJORITY:
            continue
        reason = group[0].reason.replace("_", " ") or "no recorded reason"
        often = "each time" if not successes else "most times"
        yield Candidate(
            "strategist",
            "dont",
            f"repeat:{_subject(words)}",
            f"{QUOTED_AFTER}“{_quotable(group[0].hypothesis)}” or its like: "
            f"it was reverted {often} ({reason}).",
            _refs(group),
            kept=successes,
            reverted=len(group),
        )


# ---- what work was sent back for

GUARD_TEXTS: dict[str, tuple[Section, str]] = {
    "eval_immutable": ("dont", "Edit the evaluation, `factory.toml` or the configuration of test tools"),
    "scope": ("do", "Compare the list of files you changed with the scope before you finish"),
    "fixed_surfaces": ("dont", "Change a fixed surface"),
    "test_file_deleted": ("dont", "Delete a file of tests"),
    "test_removed": ("dont", "Remove a test, or put it where it is not collected"),
    "test_emptied": ("dont", "Empty a test of what it checks"),
    "test_skipped": ("dont", "Skip a test, or expect it to fail"),
    "test_unreadable": ("dont", "Leave a file of tests that cannot be parsed"),
    "cases_removed": ("dont", "Take cases out of a parametrised test"),
    "assertion_removed": ("dont", "Take a check out of a test"),
    "assertion_weakened": ("dont", "Have a check of a test accept more than before"),
    "assertion_trivial": ("dont", "Write a check that is true whatever the code does"),
    "collection_changed": ("dont", "Decide otherwise which tests run, or what counts as passing"),
    "suppression_added": (
        "dont",
        "Turn a checker off by a comment such as `noqa` instead of mending what it finds",
    ),
    "annotation_removed": ("dont", "Take the type off a parameter, or off what a function returns"),
    "config_loosened": ("dont", "Have the settings of a checker ask for less"),
    "behaves_under_test": ("dont", "Write code that asks whether it is being tested"),
    "code_hidden": ("dont", "Put code where nothing measures it"),
    "shadows_checker": ("dont", "Add a file that takes the place of a measuring tool"),
}
"""What each rule of the guard teaches a Builder: a rule of ``integrity`` by its own name, for each forbids
something else.
"""

OBJECTED = "the guard has objected to it again and again."
_PLAN_RULE = re.compile(r"line \d+: ([a-z][\w.-]*): ")


def _guards(told: Iterable[Told]) -> Iterator[Candidate]:
    groups: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        if one.kind == "guard":
            groups[_broken_rule(one.text)].append(one)
    for rule, (section, text) in GUARD_TEXTS.items():
        refs = _refs(groups[rule])
        if len(refs) >= MIN_REPEATS:
            ended = {one.ref for one in groups[rule] if one.final}
            yield Candidate(
                "builder", section, f"guard:{rule}", f"{text}: {OBJECTED}", refs, reverted=len(ended)
            )


def _broken_rule(text: str) -> str:
    """What an objection of the guard is to: the guard's name, for one of ``integrity`` its rule's."""
    guard, _, said = text.partition(": ")
    if guard != "integrity":
        return guard
    return "test_file_deleted" if said.startswith("deletes ") else said.partition(":")[0]


def _plan_rules(told: Iterable[Told]) -> Iterator[Candidate]:
    groups: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        match = _PLAN_RULE.match(one.text) if one.kind == "plan_rule" else None
        if match:
            groups[match[1]].append(one)
    for rule, group in sorted(groups.items()):
        refs = _refs(group)
        if len(refs) >= MIN_REPEATS:
            text = f"Check the plan against the rule `{rule}`: plans were sent back for it again and again."
            yield Candidate("strategist", "do", f"plan_rule:{rule}", text, refs)


def _corrections(told: Iterable[Told]) -> Iterator[Candidate]:
    given = [one for one in told if one.kind == "correction"][-RECENT:]
    for group in _alike(given, lambda one: one.text, lambda one: one.role):
        refs = _refs(group)
        if len(refs) >= MIN_REPEATS:
            words = words_of(group[0].text)
            text = f"See to this before you are asked, for work was sent back for it: {_flat(group[0].text)}"
            yield Candidate(group[0].role, "do", f"correction:{_subject(words)}", text, refs)


# ---- helpers


def _alike(given: Sequence[T], text_of: Callable[[T], str], kind_of: Callable[[T], str]) -> list[list[T]]:
    """Groups of one kind whose texts resemble that of the group's first member."""
    groups: list[tuple[str, frozenset[str], list[T]]] = []
    for one in given:
        kind, words = kind_of(one), words_of(text_of(one))
        for known, shared, members in groups:
            if known == kind and jaccard(words, shared) >= ALIKE:
                members.append(one)
                break
        else:
            groups.append((kind, words, [one]))
    return [members for _, _, members in groups]


def _subject(words: frozenset[str]) -> str:
    return " ".join(sorted(words))


def same_lesson(key: str, other: str) -> bool:
    """Whether two keys are of one lesson: the same, or of one kind about texts that resemble each other."""
    (kind, _, subject), (other_kind, _, other_subject) = key.partition(":"), other.partition(":")
    if key == other or kind != other_kind or kind not in OPEN_KINDS:
        return key == other
    return jaccard(words_of(subject), words_of(other_subject)) >= ALIKE


def _refs(given: Iterable[Tried] | Iterable[Told]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.ref for one in given))


def _quotable(text: str) -> str:
    """A text to stand in “…”: one with such quotes of its own would seem to end before it does."""
    return _flat(text.replace("“", "'").replace("”", "'"))


def _flat(text: str, longest: int = 160) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"
