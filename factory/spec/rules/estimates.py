"""Estimates in calendar time, which a plan must not hold, told apart from time that software deals with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from factory.spec.parts import mask_code

_NUMBER = (
    r"(?:\d+(?:\.\d+)?(?:\s*(?:[-–]|to)\s*\d+)?|half an?|an?|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|twelve|several|a few|a couple of)"
)
_LONG_UNIT = r"(?:hours?|days?|weekends?|weeks?|months?|quarters?|sprints?|years?)"
_UNIT = rf"(?:minutes?|mins?|h|hrs?|d|w|wks?|{_LONG_UNIT})"
_SPAN = rf"(?:~|about|around|roughly|approx(?:imately|\.)?|some)?\s*{_NUMBER}[\s-]*{_UNIT}"
_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
)
_MAKE = r"(?:build|implement|write|do|finish|complete|deliver|ship|land|code|develop|review|test)"
_TAKE = (
    r"(?:should|will|would|can|may|might)\s+(?:only\s+)?(?:take|need|require)\s+(?:us\s+|at most\s+)?"
    rf"{_SPAN}"
)
_DONE = r"(?:done|ready|finished|complete[d]?|shipped|delivered|landed|merged|released|implemented|built)"

# What dates the work, whatever a text is about.
_OF_WORK = (
    rf"\b{_NUMBER}[\s-]*{_UNIT}['’]?\s+(?:of\s+)?(?:developer\s+|engineering\s+)?(?:work|effort)\b",
    rf"\b(?:person|man|dev|developer|engineer)[\s-]*{_LONG_UNIT}\b",
    rf"\b(?:estimate[ds]?|effort|timeline|schedule|time needed)\b\W{{0,6}}(?:at\s+|is\s+)?{_SPAN}\b",
    rf"\b{_TAKE}\s*to\s+{_MAKE}\b",
    rf"\btakes?\s+{_SPAN}\s+to\s+{_MAKE}\b",
    rf"\bimplemented\s+(?:with)?in\s+{_SPAN}\b",
    rf"\b{_NUMBER}[\s-]+(?:hour|day|week|month|quarter|sprint)s?[\s-]+(?:task|job|project|estimate|sprint)\b",
    rf"\bby\s+(?:the\s+)?(?:next|this|coming|end of(?:\s+(?:the|this|next))?)\s+(?:{_LONG_UNIT}|{_DAY})\b",
    rf"\bby\s+(?:{_DAY}|tomorrow|tonight)\b",
    r"\b(?:this|next|coming)\s+sprint\b|\bsprint\s+\d+\b",
    r"\bby\s+(?:20\d\d(?:-\d\d){1,2}\b|\d{1,2}/\d{1,2}(?:/\d+)?\b)",
    rf"\((?:~|about |est\.? ?|estimated? )\s*{_NUMBER}\s*{_UNIT}\)",
)
# What a program may deal with, too.
_OF_EITHER = (
    rf"\b{_TAKE}\s*(?:[.,;)]|$)",
    rf"\b{_DONE}\s+(?:with)?in\s+{_SPAN}\b",
    rf"\b{_DONE}\s+(?:by\s+)?(?:this|next|tomorrow|end of)\b",
)
_OF_EITHER_EXACTLY = (
    r"\bETA\b",
    r"\bQ[1-4]\b(?:\s*/?\s*(?:20\d\d|FY\d*))?",
    rf"\bby\s+(?:early\s+|mid[- ]|late\s+)?(?:\d{{1,2}}\.?\s+)?{_MONTH}\b",
)
_PATTERNS = (
    *((re.compile(p, re.IGNORECASE | re.MULTILINE), True) for p in _OF_WORK),
    *((re.compile(p, re.IGNORECASE | re.MULTILINE), False) for p in _OF_EITHER),
    *((re.compile(p), False) for p in _OF_EITHER_EXACTLY),
)
_QUARTILE = re.compile(r"quartile|percentile|interquartile|\bIQR\b|\bboxplot", re.IGNORECASE)
_PLANNED_WEEK = re.compile(rf"\b(?:week|month|sprint)\s+\d+\b|\({_SPAN}\)|^{_SPAN}$", re.IGNORECASE)
_EFFORT_FIELDS = frozenset(("estimate", "estimates", "estimated time", "time estimate"))
_DATE_FIELDS = frozenset(("eta", "deadline", "due", "due date"))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What may be an estimate: how many lines below a text's first it stands, and the words.

    ``of_work``: it dates the work, whatever the text is about; a program has nothing to do with such time.
    """

    below: int
    words: str
    of_work: bool


def estimates(text: str) -> Iterator[Estimate]:
    """Each estimate in a text, in the order of the text. Code spans are left out."""
    masked = mask_code(text)
    spans: list[tuple[int, int, bool]] = []
    for pattern, of_work in _PATTERNS:
        for match in pattern.finditer(masked):
            is_quartile = match.group().startswith("Q") and _QUARTILE.search(masked)
            overlaps = any(match.start() < end and start < match.end() for start, end, _ in spans)
            if not is_quartile and not overlaps:
                spans.append((*match.span(), of_work))
    for start, end, of_work in sorted(spans):
        yield Estimate(masked.count("\n", 0, start), masked[start:end].strip(" .,;()"), of_work)


def planned_time(text: str) -> str:
    """A span or week in a phase's title or scope, where any is a schedule; empty when there is none."""
    found = _PLANNED_WEEK.search(mask_code(text))
    return found.group().strip("()") if found else ""


def is_effort_field(name: str) -> bool:
    """Whether a field's name says that its value is an estimate of the work."""
    return name.strip().lower() in _EFFORT_FIELDS


def is_date_field(name: str) -> bool:
    """Whether a field's name says that its value is a date, of the work or among a program's data."""
    return name.strip().lower() in _DATE_FIELDS
