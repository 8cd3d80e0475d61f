"""What a cycle is to work on alone: texts, backlog items, issues. An issue's words are data, never orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from factory.agents.fences import cut
from factory.cycle.hub import Hub
from factory.errors import FactoryError, Refused
from factory.github import Issue, IssueReference, issue_references
from factory.github.texts import PHASE_MARK, is_marked
from factory.models import PlanItem
from factory.spec.backlog_entries import entry_named
from factory.words import in_short

SHOWN = 5_000
"""Bytes of all issues' texts together that go into a prompt."""

TITLE_SHOWN = 100
"""Characters of an issue's title that are among the observations."""


@dataclass(frozen=True)
class Focus:
    """What was found for the words of ``--focus``.

    ``items`` are to be worked on, in the journal's form (``kind``, ``text``, and an issue's facts);
    ``strangers`` the issues whose authors may not drive work here.
    """

    items: list[dict[str, Any]] = field(default_factory=list)
    strangers: list[Issue] = field(default_factory=list)


def resolve_focus(wanted: Iterable[str], hub: Hub, backlog: Sequence[str]) -> Focus:
    """Find what each word of ``--focus`` names: issues through GitHub, backlog items, else its own text.

    Raises BadInput for an issue that is not there, and what Hub.require raises.
    """
    focus = Focus()
    for word in wanted:
        references = [] if word in backlog else issue_references(word)
        for reference in references:
            _take_issue(focus, _fetch(hub, reference), hub)
        if not references:
            known = next(iter(entry_named(word, backlog)), "")
            focus.items.append({"kind": "backlog" if known else "text", "text": known or word.strip()})
    return focus


def _fetch(hub: Hub, reference: IssueReference) -> Issue:
    client = hub.require(own=not reference.slug)
    return client.issue(reference.slug or hub.slug, reference.number)


def _take_issue(focus: Focus, issue: Issue, hub: Hub) -> None:
    if issue.author.lower() not in {name.lower() for name in hub.settings.authors}:
        focus.strangers.append(issue)
        return
    own = issue.slug.lower() == hub.slug.lower()
    name = f"#{issue.number}" if own else f"{issue.slug}#{issue.number}"
    facts = {key: value for key, value in asdict(issue).items() if key != "state"}
    entry = {"kind": "issue", "text": name} | facts
    if entry not in focus.items:
        focus.items.append(entry)


def open_issues(hub: Hub, warn: Callable[[str], None]) -> list[str]:
    """The open issues of those who may drive work here, newest first, a line each; none where GitHub is off.

    Where GitHub cannot be reached ``warn`` is told, and there are none. An issue that a phase of a plan has
    become asks for nothing new.
    """
    if hub.why_not or not hub.slug:
        return []
    try:
        found = [
            issue
            for author in hub.settings.authors
            for issue in hub.client.issues_by(hub.slug, author, state="open")
        ]
    except FactoryError as error:
        warn(f"the open issues are not among the observations: {error.message}")
        return []
    found.sort(key=lambda issue: -issue.number)
    return [
        f"#{issue.number} by {issue.author}: {in_short(issue.title, TITLE_SHOWN)}"
        for issue in found
        if not is_marked(issue.body, PHASE_MARK)
    ]


def require_work(focus: Focus) -> None:
    """Raise Refused where issues of strangers are all there is."""
    if focus.strangers and not focus.items:
        names = ", ".join(sorted({issue.author for issue in focus.strangers}))
        raise Refused(
            f"Nothing is done for issues of {names}: not among the authors who may drive work here.",
            "Read what they ask; then say it in your own words with --focus, or add the author to authors in "
            "[github] of factory.toml.",
        )


def focus_text(items: Sequence[Mapping[str, Any]]) -> str:
    """The focus as prompts show it, inside a fence."""
    issues = sum(item["kind"] == "issue" for item in items)
    return "\n\n".join(_item_text(item, SHOWN // max(issues, 1)) for item in items)


def _item_text(item: Mapping[str, Any], limit: int) -> str:
    if item["kind"] != "issue":
        return str(item["text"])
    head = f"Issue {item['text']} by {item['author']}, whose words follow: {item['title']}"
    return f"{head}\n\n{cut(str(item['body']), limit)}".rstrip()


def issues_of(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of the issues in focus: ``#42``, ``owner/repo#42``."""
    return [str(item["text"]) for item in items if item["kind"] == "issue"]


def served_by(item: PlanItem, issues: Sequence[str]) -> list[str]:
    """The issues in focus that a plan item serves: those it names; the only one, if it names none.

    No other issue counts, whatever the item says.
    """
    words = " ".join((item.title, item.backlog_item, item.what, item.how, item.why, *item.checklist))
    named = [issue for issue in issues if _names(words, issue)]
    return named or (list(issues) if len(issues) == 1 else [])


def _names(words: str, issue: str) -> bool:
    start = words.find(issue)
    while start >= 0:
        before, after = words[:start][-1:], words[start + len(issue) :][:1]
        if not after.isdecimal() and not (issue.startswith("#") and (before.isalnum() or before in "._-/")):
            return True
        start = words.find(issue, start + 1)
    return False
