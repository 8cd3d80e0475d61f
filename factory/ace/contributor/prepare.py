"""A contribution as a specification: everything that would be sent, and nothing that runs git."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from rapidfuzz import fuzz

from factory.ace.contributor.classify import Experience, classify_item
from factory.ace.contributor.explain import evidence_line, what_is_missing
from factory.ace.contributor.model import ClassifiedItem, Label
from factory.ace.contributor.scrub import Private, Scrubbed, scrub
from factory.ace.contributor.upstream import PLAYBOOKS, Upstream
from factory.ace.models import HEADINGS, PREFIXES, Playbook, PlaybookItem, Section, id_prefix
from factory.insights.matching import content_words
from factory.models import Model

DUPLICATE = 75.0
"""The token sort ratio in [0, 100] from which on two items say the same."""

_ORIGIN = """\
The items were learned from measured experiments, classified by `factory contribute --classify`, and chosen
and sent by a person. Counts are over all of that person's unrelated projects. Names of projects and people,
paths, addresses, secrets and quotations were taken out; the commits bear the program's own name.
Counters start at 0, for they belong to the machine that counted."""


class ContributedItem(Model):
    """An item as it is sent: new id, text without private details, evidence in numbers."""

    role: str
    section: Section
    id: str
    text: str
    topic: str
    projects: int
    evidence: str
    source: str = ""
    """What the item is called here: ``builder/build-00004``."""


class Left(Model):
    """An item that is not sent, and why."""

    name: str
    why: str


class Contribution(Model):
    """What would be sent: the whole content of each file, the commit message, the pull request.

    ``base`` is the commit it is made on top of, ``updates`` whether ``branch`` is there already. ``items``
    are new in it, ``earlier`` were sent before in the same pull request. ``removed`` tells, for the person
    only, what was taken out of the texts, by item; ``refused`` and ``duplicates`` are not sent.
    """

    repository: str
    base_branch: str
    base: str
    branch: str
    updates: bool
    files: dict[str, str]
    message: str
    title: str
    body: str
    items: list[ContributedItem]
    earlier: list[ContributedItem]
    removed: dict[str, list[tuple[str, str]]]
    refused: list[Left]
    duplicates: list[Left]


def prepare_contribution(
    items: Sequence[ClassifiedItem],
    upstream: Upstream,
    private: Private,
    *,
    earlier: Sequence[ContributedItem] = (),
    settled: Mapping[str, str] = MappingProxyType({}),
    experience: Experience | None = None,
) -> Contribution:
    """The specification of a contribution of ``items`` to ``upstream``. Runs nothing, sends nothing.

    Items that are not general, that still identify a project when scrubbed, or that are upstream already are
    left out, each with its reason. ``earlier`` are the items recorded for the open pull request, ``settled``
    tells what became of texts in pull requests that are over. With ``experience``, a text from which
    something was taken out has to be general by what is left.
    """
    draft = _Draft(upstream, private, settled, experience)
    for one in items:
        draft.take(one)
    # What was recorded before a push that failed is not there, and is offered once more.
    there = [one for one in earlier if duplicate_of(one.text, upstream.playbooks.get(one.role, ""))]
    offered = [*(there if upstream.branch else ()), *draft.items]
    roles = sorted({one.role for one in draft.items})
    return Contribution(
        repository=upstream.repository,
        base_branch=upstream.base_branch,
        base=upstream.base,
        branch=upstream.branch or _branch(draft.items),
        updates=bool(upstream.branch),
        files={f"{PLAYBOOKS}/{role}.md": draft.playbooks[role] for role in roles},
        message=_message(draft.items),
        title=_title(offered),
        body=_body(offered),
        items=draft.items,
        earlier=offered[: len(offered) - len(draft.items)],
        removed=draft.removed,
        refused=draft.refused,
        duplicates=draft.duplicates,
    )


class _Draft:
    """Takes the items one by one, and sorts them: sent, refused, or there already."""

    def __init__(
        self,
        upstream: Upstream,
        private: Private,
        settled: Mapping[str, str],
        experience: Experience | None,
    ) -> None:
        self._private, self._settled, self._experience = private, settled, experience
        self._roles = {*upstream.playbooks, *PREFIXES}
        self.playbooks = dict(upstream.playbooks)
        self.items: list[ContributedItem] = []
        self.refused: list[Left] = []
        self.duplicates: list[Left] = []
        self.removed: dict[str, list[tuple[str, str]]] = {}

    def take(self, one: ClassifiedItem) -> None:
        """Sort one item in."""
        clean = scrub(one.item.text, self._private)
        why = self._objection(one, clean)
        if why:
            self.refused.append(Left(name=one.name, why=why))
            return
        playbook = self.playbooks.get(one.role, "")
        same = duplicate_of(clean.text, playbook)
        why = self._settled.get(clean.text, "") or (f"upstream has it as {same}" if same else "")
        if why:
            self.duplicates.append(Left(name=one.name, why=why))
            return
        if clean.removed:
            self.removed[one.name] = [(removal.kind, removal.text) for removal in clean.removed]
        new = _contributed(one, clean.text, playbook)
        self.playbooks[one.role] = with_item(playbook, new)
        self.items.append(new)

    def _objection(self, one: ClassifiedItem, clean: Scrubbed) -> str:
        """Why an item may not be sent; empty where it may."""
        why = refusal(one) or clean.refusal or _emptied(one, clean, self._experience)
        # A role is the name of a file, which anybody may have given any name.
        return why or ("" if one.role in self._roles else f"upstream has no role {one.role!r}")


def refusal(one: ClassifiedItem) -> str:
    """Why the evidence for an item is too thin, with what is missing; empty where it is not."""
    if one.label is Label.GENERAL:
        return ""
    return f"it is {one.label.value}; missing: {'; '.join(what_is_missing(one))}"


def _emptied(one: ClassifiedItem, clean: Scrubbed, experience: Experience | None) -> str:
    """Why what is left of a scrubbed text does not carry the evidence any more; empty where it does."""
    if experience is None or not clean.removed or not clean.bare:
        return ""
    left = one.item.model_copy(update={"text": clean.bare})
    label = classify_item(left, experience, role=one.role, section=one.section).label
    return (
        "" if label is Label.GENERAL else f"without what had to be taken out of its text it is {label.value}"
    )


def duplicate_of(text: str, playbook: str) -> str:
    """The id of the item of a playbook's text that says the same, or an empty string."""
    words = " ".join(sorted(content_words(text)))
    for item in Playbook.from_markdown(playbook).items:
        if fuzz.ratio(words, " ".join(sorted(content_words(item.text)))) >= DUPLICATE:
            return item.id
    return ""


def with_item(playbook: str, new: ContributedItem) -> str:
    """A playbook's text with one item more, at the end of its section; every other line stays as it is."""
    line = PlaybookItem(id=new.id, text=new.text).to_line()
    known = Playbook.from_markdown(playbook, new.role)
    if not playbook.strip():
        empty = Playbook(role=new.role).to_markdown()
        return with_item(empty, new)
    lines = playbook.rstrip("\n").split("\n")
    own = {item.id for item in known.section(new.section)}
    at = max((n for n, text in enumerate(lines) if any(f"[{id}]" in text for id in own)), default=None)
    if at is not None:
        lines.insert(at + 1, line)
    elif HEADINGS[new.section] in lines:
        heading = lines.index(HEADINGS[new.section])
        lines[heading + 1 : heading + 1] = ["", line]
    else:
        lines += ["", HEADINGS[new.section], "", line]
    return "\n".join(lines) + "\n"


def _contributed(one: ClassifiedItem, text: str, playbook: str) -> ContributedItem:
    return ContributedItem(
        role=one.role,
        section=one.section,
        id=_next_id(one.role, playbook),
        text=text,
        topic=one.evidence.topic,
        projects=one.evidence.projects,
        evidence=evidence_line(one),
        source=one.name,
    )


def _next_id(role: str, playbook: str) -> str:
    """The first id above all of the role's that stand in a playbook."""
    prefix = id_prefix(role)
    ids = [item.id.rpartition("-") for item in Playbook.from_markdown(playbook).items]
    taken = [int(number) for head, _, number in ids if head == prefix]
    return f"{prefix}-{max(taken, default=0) + 1:05d}"


def _branch(items: Iterable[ContributedItem]) -> str:
    """A name that follows from what is sent, so that a preview tells the one that is used."""
    told = "\n".join(f"{one.role} {one.section} {one.text}" for one in items)
    return f"factory-contribution-{hashlib.sha256(told.encode()).hexdigest()[:10]}"


def _title(items: Sequence[ContributedItem]) -> str:
    roles = ", ".join(sorted({one.role for one in items}))
    return f"Add {_items(len(items))} to the default playbooks ({roles})"


def _items(count: int) -> str:
    return f"{count} learned item{'' if count == 1 else 's'}"


def _message(items: Sequence[ContributedItem]) -> str:
    ids = "\n".join(
        f"- {one.role}: {one.id} ({one.topic}; {one.projects} unrelated projects)" for one in items
    )
    return f"{_title(items)}\n\nFound general by `factory contribute`:\n\n{ids}\n"


def _body(items: Sequence[ContributedItem]) -> str:
    parts = [
        "## Problems",
        "\n".join(_problem(one) for one in items),
        "## Items",
        *(_proposal(one) for one in items),
        "## How this came about",
        _ORIGIN,
    ]
    return "\n\n".join(parts) + "\n"


def _problem(one: ContributedItem) -> str:
    return (
        f"- **{one.role}**, {one.topic}: experiments of this kind come up in {one.projects} unrelated "
        f"projects, and the default playbook says nothing of it ({one.id})."
    )


def _proposal(one: ContributedItem) -> str:
    """The item in a fence, where nothing in it is a mention, a link or a closing word to GitHub."""
    line = PlaybookItem(id=one.id, text=one.text).to_line()
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", line)), 3)
    return f"`{one.role}.md`, {HEADINGS[one.section][4:]}:\n\n{fence}text\n{line}\n{fence}\n\n{one.evidence}."
