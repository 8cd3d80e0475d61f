"""What stays in a playbook, what leaves it, and what joins: decided from counts and candidates. Pure.

In this order: what is shown to do harm leaves, so does what was never right; what the histories support
joins; near-duplicates become one; the least useful leave until ``MAX_ITEMS`` are left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from typing import Literal

from factory.ace.models import HEADINGS, Playbook, PlaybookItem, Section, id_prefix
from factory.ace.records import ItemRecord, RoleRecord, Tally
from factory.ace.reflector import Candidate, same_lesson
from factory.ace.stats import fisher_less
from factory.insights.matching import content_words
from factory.strategy.rates import wilson_lower
from factory.strategy.similarity import jaccard

MAX_ITEMS = 15
"""Items of a role, at the most."""

MERGE_AT = 0.75
"""Likeness, in [0, 1], from which two items say the same."""

MIN_CITED = 5
"""Outcomes that cite an item, for its counts to be judged."""

NET_NEGATIVE = 0.5
"""What the Wilson lower bound of an item's harmful share has to pass, and that of its role's experiments."""

MIN_TRIAL = 8
"""Outcomes with, and without an item, for the two to be compared."""

HURTS_AT = 0.003
HELPS_AT = 0.05
"""Levels of the one-sided exact test; an item is looked at again and again, so that harm has to be plain."""

TRIAL_EACH = 60
"""A trial ends when so many outcomes with, and so many without the item are on record."""

TRIAL_MOST = 200
DOUBTED_AT = 0.25
"""An item that looks harmful, at this level, stays on trial until there are so many of each."""

NEVER_RIGHT = 30
"""An item that so many outcomes had before them, and none was kept in citing it, expires."""

LEARNED_FROM = 1_001
"""Learned items are numbered from here, so that new defaults don't meet them."""

Action = Literal["learned", "shipped", "dropped", "expired", "reversed", "merged", "crowded out"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happens to a playbook, with the reason, and the experiments that it rests on."""

    role: str
    action: Action
    id: str
    section: Section
    text: str
    why: str
    evidence: tuple[str, ...] = ()

    def told(self) -> str:
        """The change as a sentence, with the section: many an item reads as its opposite without."""
        return f"{self.action} {HEADINGS[self.section].lstrip('# ')} [{self.id}] ({self.why}): {self.text}"


@dataclass(frozen=True, slots=True)
class Curated:
    """A playbook as it should be, what is known of its items, and what has changed."""

    playbook: Playbook
    record: RoleRecord
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How the items of a role have done, and the share of its experiments that failed by themselves."""

    tallies: Mapping[str, Tally]
    harmful_share: float = 0.0


def curate(
    playbook: Playbook,
    record: RoleRecord,
    candidates: Sequence[Candidate],
    standing: Standing,
    *,
    defaults: Playbook,
    now: str,
) -> Curated:
    """The playbook after one evolution. The same facts again change nothing more.

    ``record`` knows each item of ``playbook``; ``candidates`` are those of this role; ``now`` is an ISO time.
    """
    work = _Work(playbook, record, now)
    work.note_what_people_did()
    work.take_shipped(defaults)
    for item in work.items():
        _judge(work, item, standing)
    for candidate in candidates:
        _consider(work, candidate)
    _merge(work)
    for item in work.least_useful():
        if len(work.items()) <= MAX_ITEMS:
            break
        work.drop(item, "crowded out", f"there were more than {MAX_ITEMS}, and it was the least useful")
    return work.done()


class _Work:
    """A playbook in hand: its sections, the record of its items, and what has been done so far."""

    def __init__(self, playbook: Playbook, record: RoleRecord, now: str) -> None:
        self.role = playbook.role
        self._playbook = playbook
        self._record = record
        self._now = now
        self.sections: dict[Section, list[PlaybookItem]] = {
            name: list(playbook.section(name)) for name in HEADINGS
        }
        self.known: dict[str, ItemRecord] = dict(record.items)
        self.changes: list[Change] = []

    def items(self) -> list[PlaybookItem]:
        """The items that are there now."""
        return [item for section in self.sections.values() for item in section]

    def least_useful(self) -> list[PlaybookItem]:
        """The items from the least useful one on; the newest of equals first, pinned ones last."""
        newest_first = sorted(self.items(), key=lambda item: self.known[item.id].since, reverse=True)
        return sorted(newest_first, key=lambda item: (self.known[item.id].pinned, *usefulness(item)))

    def note_what_people_did(self) -> None:
        """A line that a person has taken out, put back, moved or changed is theirs to decide."""
        there = {item.id: (name, item) for name, items in self.sections.items() for item in items}
        for id, known in list(self.known.items()):
            if id not in there and not known.out:
                self.amend(id, out="taken out by a person")
            elif id in there:
                section, item = there[id]
                now = known.where_it_says(section, item.text)
                if known.key and not now.key:
                    self._lay_aside(known)
                self.known[id] = now.model_copy(update={"out": ""})

    def _lay_aside(self, lesson: ItemRecord) -> None:
        """Remember a lesson that a person has made something else of, so that it doesn't come back."""
        id = self._free_id()
        self.known[id] = lesson.model_copy(
            update={"id": id, "merged": [], "pinned": False, "out": "rewritten by a person"}
        )

    def take_shipped(self, defaults: Playbook) -> None:
        """Defaults that came with a newer program join; those that were there from the first are known."""
        for name in HEADINGS:
            for item in defaults.section(name):
                if item.id not in self.known:
                    self._know(ItemRecord(id=item.id, section=name, text=item.text, origin="default"))
                    self._add(item, name, "shipped", "it is new among the defaults")

    def learn(self, candidate: Candidate) -> None:
        """A candidate becomes an item."""
        item = PlaybookItem(id=self._free_id(), text=candidate.text)
        self._know(
            ItemRecord(
                id=item.id,
                section=candidate.section,
                text=item.text,
                origin="learned",
                key=candidate.key,
                evidence=list(candidate.evidence),
                kept=candidate.kept,
                reverted=candidate.reverted,
            )
        )
        self._add(item, candidate.section, "learned", _because(candidate), candidate.evidence)

    def _free_id(self) -> str:
        """The first id for what is learned that no item has or has had; people give ids of any height."""
        taken = {int(id.rpartition("-")[2]) for id in self.known}
        number = next(number for number in count(LEARNED_FROM) if number not in taken)
        return f"{id_prefix(self.role)}-{number:05d}"

    def drop(self, item: PlaybookItem, action: Action, why: str, evidence: Iterable[str] = ()) -> None:
        """An item leaves; the record keeps what it was and why."""
        section = self.known[item.id].section
        self.sections[section] = [other for other in self.sections[section] if other.id != item.id]
        self.amend(item.id, out=f"{action}: {why}")
        self.changes.append(Change(self.role, action, item.id, section, item.text, why, tuple(evidence)))

    def amend(self, id: str, **changed: object) -> None:
        """Change what is known of an item."""
        self.known[id] = self.known[id].model_copy(update=changed)

    def done(self) -> Curated:
        """What has come of it."""
        playbook = self._playbook.model_copy(
            update={"do": self.sections["do"], "dont": self.sections["dont"]}
        )
        record = self._record.model_copy(update={"items": self.known})
        return Curated(playbook, record, tuple(self.changes))

    def _know(self, item: ItemRecord) -> None:
        self.known[item.id] = item.model_copy(update={"since": self._now})

    def _add(
        self, item: PlaybookItem, section: Section, action: Action, why: str, evidence: Iterable[str] = ()
    ) -> None:
        self.sections[section].append(item)
        self.changes.append(Change(self.role, action, item.id, section, item.text, why, tuple(evidence)))


# ---- what leaves


def _judge(work: _Work, item: PlaybookItem, standing: Standing) -> None:
    """Drop an item that is shown to do harm, or was never right."""
    tally = standing.tallies.get(item.id, Tally())
    if work.known[item.id].pinned:
        return
    if hurts(tally):
        work.drop(
            item,
            "dropped",
            f"kept in {tally.with_kept} of {tally.with_n} experiments with it and in "
            f"{tally.without_kept} of {tally.without_n} without it",
        )
    elif is_net_negative(item, standing.harmful_share) and not helps(tally):
        work.drop(item, "dropped", f"helpful {item.helpful}, harmful {item.harmful}")
    elif not item.helpful and tally.shown >= NEVER_RIGHT:
        work.drop(item, "expired", f"shown in {tally.shown} experiments, and never cited in a kept one")


def is_net_negative(item: PlaybookItem, harmful_share: float) -> bool:
    """Whether an item did harm more often than not, and than its role's experiments as a whole.

    By the Wilson lower bound: where nine in ten experiments fail, failing in nine of ten is no item's fault.
    """
    cited = item.helpful + item.harmful
    return cited >= MIN_CITED and wilson_lower(item.harmful, cited) > max(NET_NEGATIVE, harmful_share)


def hurts(tally: Tally, level: float = HURTS_AT) -> bool:
    """Whether fewer experiments were kept with the item than without it, by more than chance explains."""
    return _compared(tally) and (
        fisher_less(tally.with_kept, tally.with_n, tally.without_kept, tally.without_n) < level
    )


def helps(tally: Tally) -> bool:
    """Whether more experiments were kept with the item than without it, by more than chance explains."""
    return _compared(tally) and (
        fisher_less(tally.without_kept, tally.without_n, tally.with_kept, tally.with_n) < HELPS_AT
    )


def _compared(tally: Tally) -> bool:
    return min(tally.with_n, tally.without_n) >= MIN_TRIAL


def on_trial(tally: Tally) -> bool:
    """Whether it is still open what difference an item makes; what looks harmful is looked at for longer."""
    each = min(tally.with_n, tally.without_n)
    return each < TRIAL_EACH or (each < TRIAL_MOST and hurts(tally, DOUBTED_AT))


def usefulness(item: PlaybookItem) -> tuple[float, int]:
    """What items are ranked by: the Wilson lower bound of their helpful share, then the fewest harmful."""
    return wilson_lower(item.helpful, item.helpful + item.harmful), -item.harmful


# ---- what joins


def _consider(work: _Work, candidate: Candidate) -> None:
    """Take a candidate in, unless it is there, was there and left, or says what another item says."""
    same_key = [known for known in work.known.values() if same_lesson(known.key, candidate.key)]
    there = next((known for known in same_key if not known.out), None)
    if there is not None and there.section == candidate.section:
        work.amend(there.id, **_support(candidate))
        return
    if any(known.section == candidate.section for known in same_key):
        return  # it had its chance
    if there is not None:
        if there.pinned:
            return
        item = next(item for item in work.items() if item.id == there.id)
        work.drop(item, "reversed", "the histories now say the opposite", candidate.evidence)
    like = next(
        (
            known
            for known in work.known.values()
            if known.section == candidate.section
            and _may_merge(known.key, candidate.key)
            and alike(known.text, candidate.text)
        ),
        None,
    )
    if like is None:
        work.learn(candidate)
    elif not like.out:
        work.amend(like.id, key=like.key or candidate.key, **_support(candidate))


def _support(candidate: Candidate) -> dict[str, object]:
    return {
        "evidence": list(candidate.evidence),
        "kept": candidate.kept,
        "reverted": candidate.reverted,
    }


def _because(candidate: Candidate) -> str:
    decided = candidate.kept + candidate.reverted
    if candidate.kept:
        return f"kept in {candidate.kept} of {decided} experiments"
    what = ["sent back"] * (len(candidate.evidence) > decided) + ["reverted"] * bool(decided)
    return f"{' or '.join(what)} in {len(candidate.evidence)} experiments"


# ---- what is said twice


def _merge(work: _Work) -> None:
    """Near-duplicates of one section become one: the more useful one stays, and takes the counts over."""
    for name in HEADINGS:
        for one, other in combinations(list(work.sections[name]), 2):
            both = {one.id, other.id} <= {item.id for item in work.sections[name]}
            if both and _is_same(work, one, other):
                stays, goes = sorted((one, other), key=usefulness, reverse=True)
                _absorb(work, stays, goes)


def _is_same(work: _Work, one: PlaybookItem, other: PlaybookItem) -> bool:
    return _may_merge(work.known[one.id].key, work.known[other.id].key) and alike(one.text, other.text)


def _absorb(work: _Work, stays: PlaybookItem, goes: PlaybookItem) -> None:
    winner, loser = work.known[stays.id], work.known[goes.id]
    work.drop(goes, "merged", f"it says what [{stays.id}] says")
    work.amend(
        stays.id,
        merged=[*winner.merged, goes.id, *loser.merged],
        base_helpful=winner.base_helpful + loser.base_helpful,
        base_harmful=winner.base_harmful + loser.base_harmful,
        key=winner.key or loser.key,
        evidence=list(dict.fromkeys([*winner.evidence, *loser.evidence])),
        kept=max(winner.kept, loser.kept),
        reverted=max(winner.reverted, loser.reverted),
    )
    work.amend(goes.id, merged=[])


def _may_merge(key: str, other: str) -> bool:
    """Two lessons of the histories are never one, however alike their words: they have a form in common."""
    return not (key and other) or same_lesson(key, other)


def alike(one: str, other: str) -> bool:
    """Whether two items say the same: they share three quarters of their content words.

    Words, not letters: "logs" and "docs" are not nearly the same.
    """
    return one == other or jaccard(content_words(one), content_words(other)) >= MERGE_AT
