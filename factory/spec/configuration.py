"""What a Research Configuration says in words and numbers, where there is one way only to read it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from factory.spec.parts import ResearchConfiguration


def _either(more: str, less: str) -> dict[str, re.Pattern[str]]:
    return {
        "maximize": re.compile(more, re.IGNORECASE),
        "minimize": re.compile(less, re.IGNORECASE),
    }


# These two verbs decide alone: what "maximise accuracy at lower cost" lowers is not the metric.
_VERBS = _either(r"\bmaximi[sz]", r"\bminimi[sz]")
_WORDS = _either(
    r"\b(?:rais|increas|high(?:er|est)|great(?:er|est)|larg(?:er|est)|more\b)",
    r"\b(?:reduc|low(?:er|est)|decreas|small(?:er|est)|few(?:er|est)|less\b|least\b|short(?:en|er|est))",
)
_COMPARISONS = _either(
    r"(?<!-)[>≥]|\b(?:at least|above|over|more than)\b", r"[<≤]|\b(?:at most|below|under|less than)\b"
)
# A numeral begins a word or follows a sign: the digits of F1, p95, recall@10 and sub-20 are parts of names.
_NUMERAL = re.compile(r"(?<![^\s<>=≤≥≈~:(`'\"*$])[-−+.]?\d(?:[\d.,_/:^*–-]|[eE][-+]?\d)*")
_JOINTS = ".,_/:^*–-"
_PLAIN = re.compile(r"-?(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")
# What makes another number of the one before it.
_SCALE = re.compile(
    r"\S*\d|[\s-]*(?:[%‰x×kM]|(?i:per ?cent|thousand|million|billion|bn|times|fold))(?![^\W\d_])"
)
_RELATIVE = re.compile(r"\b(?:by|baseline|current)\b", re.IGNORECASE)
_MONEY = re.compile(r"[$€£¥]|\b(?:USD|EUR|GBP|dollars?|euros?)\b|^[\d.,\s]+$", re.IGNORECASE)
_DOLLARS_BEFORE = re.compile(r"(?:\$|\bUSD)\s*$", re.IGNORECASE)
_DOLLARS_AFTER = re.compile(r"\s*(?:USD|(?:US )?dollars?)\b", re.IGNORECASE)
_SHARED_OUT = re.compile(r"\b(?:per|each|every)\b", re.IGNORECASE)


def objective_of(configuration: ResearchConfiguration) -> str:
    """``maximize`` or ``minimize``; empty where that is told in no way, or in both.

    It is in the objective's words, in the remark on the metric (``lower is better``), and in the comparison
    that the target begins with.
    """
    objective, metric = configuration.text("Objective"), configuration.field("Metric")
    told = _told(objective, _VERBS) or _told(objective, _WORDS)
    told |= _told(metric.remark if metric else "", _WORDS)
    told |= _told(configuration.value("Target"), _COMPARISONS)
    return told.pop() if len(told) == 1 else ""


def _told(text: str, patterns: Mapping[str, re.Pattern[str]]) -> set[str]:
    return {which for which, pattern in patterns.items() if pattern.search(text)}


def target_of(configuration: ResearchConfiguration) -> float | None:
    """The only number in the target, in the unit of the metric; None where that is not one plain number."""
    text = configuration.value("Target")
    numbers = [_number(found) for found in _NUMERAL.finditer(text)]
    return numbers[0] if len(numbers) == 1 and not _RELATIVE.search(text) else None


def budget_of(configuration: ResearchConfiguration) -> float | None:
    """The cost budget, where it names one plain sum in US dollars; None where it does not."""
    text = configuration.value("Cost budget")
    sums = [_number(found) for found in _NUMERAL.finditer(text) if _in_dollars(found)]
    return sums[0] if len(sums) == 1 and not _SHARED_OUT.search(text) else None


def _number(found: re.Match[str]) -> float | None:
    """The number that a numeral is; None for a range, a share, a multiple, and whatever else it may be."""
    digits = found[0].rstrip(_JOINTS)
    if _SCALE.match(found.string, found.start() + len(digits)):
        return None
    plain = digits.replace("−", "-")
    number = float(plain.replace(",", "")) if _PLAIN.fullmatch(plain) else math.inf
    return number if math.isfinite(number) else None


def _in_dollars(found: re.Match[str]) -> bool:
    before = found.string[: found.start()]
    return bool(_DOLLARS_BEFORE.search(before) or _DOLLARS_AFTER.match(found.string, found.end()))


def unreadable(configuration: ResearchConfiguration) -> Iterator[tuple[int, str, str]]:
    """What can be read in no way or in several: its line, what is wrong with it, how to mend it.

    A field that is missing or says that there is none is not meant here.
    """
    objective, target, budget = (configuration.field(n) for n in ("Objective", "Target", "Cost budget"))
    if objective and not objective_of(configuration):
        yield (
            objective.line,
            "objective, metric and target together do not say whether more or less is better",
            'Begin the objective with "Maximize" or "Minimize".',
        )
    if target and configuration.value("Target") and target_of(configuration) is None:
        yield (
            target.line,
            f'the target "{target.value}" is not one plain number',
            'Write the number alone as the run reports it, such as "0.95" or "< 20 ms", or "none".',
        )
    if budget and _MONEY.search(configuration.value("Cost budget")) and budget_of(configuration) is None:
        yield (
            budget.line,
            f'the cost budget "{budget.value}" is not one plain sum in US dollars',
            'Write what a cycle may cost in all, such as "$12.50", or "none".',
        )
