"""Blocked: only what really needs the person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from factory.spec.rules.base import Plan, Problem, Rule

_VERSION = r"(?:v|version\s+)[2-9](?:\.\d+)?"
_NEXT = r"(?:work|versions?|releases?|phases?|cycles?|iterations?|milestones?|sprints?)"
_PUT_OFF = re.compile(
    r"\b(?:later|someday|eventually|if time permits|nice[- ]to[- ]have|low priority|follow[- ]?up)\b"
    r"|\b(?:out of|no|not enough|lack of|short of|no more) time\b"
    r"|\b(?:out of|beyond) scope\b"
    r"|\b(?:postpone|defer)(?:s|d|red|ring|al|ment)?\b"
    rf"|\b(?:future|next|another|subsequent) {_NEXT}\b"
    r"|\btoo (?:big|large|complex|much work)\b"
    rf"|(?:^|[(—–-]\s*|\b(?:in|for|until|till|to|with|after)\s+(?:the\s+)?){_VERSION}\s*(?=$|[).,:;—–])",
    re.IGNORECASE,
)


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
        found = next(filter(None, map(_PUT_OFF.search, (item.needed, remarks, item.more))), None)
        if found:
            words = found.group().strip(" (—–-")
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
