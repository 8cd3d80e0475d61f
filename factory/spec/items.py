"""From a phase and the features it serves to the item that an experiment works on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, cast

from factory.models import PlanItem
from factory.spec.parts import CATEGORIES, Feature, Phase, findings_cited
from factory.strategy import categorize_hypothesis

Category = Literal["FIX", "EXPLOIT", "EXPLORE", "COMBINE"]


def plan_item(phase: Phase, features: Sequence[Feature]) -> PlanItem:
    """One phase as an item; what several features say is joined, a feature's number before its text."""
    whys = [f.text(name) for f in features for name in ("What", "How", "Why")]
    return PlanItem(
        phase=phase.number,
        title=phase.title,
        category=category_of(phase, features),
        what=_merged(features, "What"),
        how=_merged(features, "How"),
        why=_merged(features, "Why"),
        checklist=[item.text for item in phase.checklist],
        depends_on=list(phase.depends_on),
        backlog_item=_joined("; ", (text for f in features for text in f.backlog_items)),
        growth_dimension=_joined(", ", (f.value("Growth dimension") for f in features)),
        verify=_joined(" && ", (f.command for f in features)),
        new_approach=_merged(features, "New approach"),
        allows=list(dict.fromkeys(v for f in features for v in f.all_values("Allows"))),
        citations=list(findings_cited("\n".join(whys))),
        failure_mode=_merged(features, "Failure mode"),
        mutable_surface=list(dict.fromkeys(v for f in features for v in f.all_values("Mutable surface"))),
    )


def category_of(phase: Phase, features: Sequence[Feature]) -> Category:
    """The declared category of the features or the phase, else the one that the title's words give.

    Where several features differ, the phase's own word decides, then the first in FEEC order.
    """
    return declared_category(phase, features) or cast(Category, categorize_hypothesis(phase.title).name)


def declared_category(phase: Phase, features: Sequence[Feature]) -> Category | None:
    """The category that the plan declares for a phase, or None."""
    of_features = {f.category for f in features if f.category in CATEGORIES}
    if len(of_features) != 1 and phase.category in CATEGORIES:
        return cast(Category, phase.category)
    return cast(Category, min(of_features, key=CATEGORIES.index)) if of_features else None


def _merged(features: Sequence[Feature], name: str) -> str:
    texts = [(f, f.text(name).strip()) for f in features if f.text(name).strip()]
    if len(texts) == 1:
        return texts[0][1]
    return "\n\n".join(f"{feature.label}: {text}" for feature, text in texts)


def _joined(separator: str, values: Iterable[str]) -> str:
    return separator.join(dict.fromkeys(v for v in values if v))
