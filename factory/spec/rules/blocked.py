"""Blocked: only what really needs the person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from factory.spec.rules.base import Plan, Problem, Rule

_VERSION = r"(?:v|version\s+)[2-9](?:\.\d+)?"
_NEXT = r"(?:work|versions?|releases?|phases?|cycles?|iterations?|milestones?|sprints?)"
_TIME = r"time\b(?![- ]?(?:zones?|stamps?|limits?|outs?|slots?|spans?|ranges?|series|units?|fields?)\b)"
_PUT_OFF = re.compile(
    r"\b(?:later(?! than)|someday|eventually|if time permits|nice[- ]to[- ]have|low priority)\b"
    rf"|\b(?:out of|no|not enough|lack of|short of|no more) {_TIME}"
    r"|\b(?:out of|beyond) scope\b"
    rf"|\b(?:future|next|another|subsequent) {_NEXT}\b"
    r"|\btoo (?:big|large|complex|much work)\b"
    rf"|(?:^|[(—–-]\s*|\b(?:in|for|until|till|to|with|after)\s+(?:the\s+)?){_VERSION}\s*(?=$|[).,:;—–])",
    re.IGNORECASE,
)


# What a program may do, too: put off is what does not stand in a question to the user.
_DEFERRED = re.compile(
    r"\b(?:postpone|defer)(?:s|d|red|ring|al|ment)?\b"
    r"|\bfollow[- ]?up(?=\s*(?:$|[.,;:)—–])"
    rf"|\s+(?:{_NEXT}|PRs?|pull requests?|issues?|tasks?|to|by|with|once|when|in|after|for)\b)",
    re.IGNORECASE,
)
_ASKED = re.compile(r"\b(?:whether|which|who|how|what)\b", re.IGNORECASE)


def _put_off(text: str) -> str:
    """The words that put something off; empty when there are none."""
    asked = _ASKED.search(text)
    found = _PUT_OFF.search(text) or _DEFERRED.search(text, 0, asked.start() if asked else len(text))
    return found.group().strip(" (—–-") if found else ""


def needs(plan: Plan) -> Iterator[Problem]:
    """Each item says after a dash what is needed."""
    for item in plan.spec.blocked:
        if not item.needed:
            yield Problem(item.line, f'"{item.item}" does not say what is needed from the user')


def not_put_off(plan: Plan) -> Iterator[Problem]:
    """Nothing is in Blocked because it is to be done some other time."""
    for item in plan.spec.blocked:
        # An item's own words may be about such things ("remind me later"); its remarks and reasons may not.
        remarks = " ".join(re.findall(r"\([^()]*\)", item.item)) if item.needed else item.item
        words = next(filter(None, map(_put_off, (item.needed, remarks, item.more))), "")
        if words:
            yield Problem(item.line, f'"{item.item}" is put off ("{words}"), not blocked on the user')


RULES = (
    Rule(
        "blocked.needs",
        "each blocked item says what is needed from the user",
        'Write "- <item> — <what the user has to give or decide>".',
        needs,
    ),
    Rule(
        "blocked.put-off",
        "only what needs the user is blocked; later, v2 and out of time are no reasons",
        "Plan it in a phase, or leave it out of the specification.",
        not_put_off,
    ),
)
