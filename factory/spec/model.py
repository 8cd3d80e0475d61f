"""A plan as a value: what the document says, part by part."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from factory.models import PlanItem
from factory.spec.items import plan_item
from factory.spec.parts import (
    BlockedItem,
    Entry,
    Feature,
    Form,
    Kind,
    MatrixRow,
    Phase,
    ResearchConfiguration,
    Section,
)

TITLE = re.compile(r"(.*?)(?:\s*[—–:]|\s+--?)\s*Specification", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Spec:
    """A plan in one of the two forms.

    ``heading`` is the document's title line, ``preamble`` the Markdown between it and the first section.
    ``sections`` are in document order; what the structured ones hold is in the other fields.
    """

    form: Form
    heading: str
    preamble: str = ""
    sections: tuple[Section, ...] = ()
    goals: tuple[Entry, ...] = ()
    non_goals: tuple[Entry, ...] = ()
    features: tuple[Feature, ...] = ()
    matrix: tuple[MatrixRow, ...] = ()
    phases: tuple[Phase, ...] = ()
    blocked: tuple[BlockedItem, ...] = ()
    anti_patterns: tuple[Entry, ...] = ()
    backlog_additions: tuple[Entry, ...] = ()
    research: ResearchConfiguration | None = None
    line: int = field(default=1, compare=False)

    @property
    def title(self) -> str:
        """The name in the heading, without the word Specification."""
        found = TITLE.fullmatch(self.heading)
        return found.group(1).strip() if found else self.heading

    def section(self, kind: Kind) -> Section | None:
        """The first section of that kind, or None."""
        return next((s for s in self.sections if s.kind is kind), None)

    def feature(self, number: str) -> Feature | None:
        """The feature of that number, or None."""
        return next((f for f in self.features if f.number == number), None)

    def phase(self, number: int) -> Phase | None:
        """The phase of that number, or None."""
        return next((p for p in self.phases if p.number == number), None)

    def features_of(self, phase: Phase) -> tuple[Feature, ...]:
        """The features that a phase serves, in the order of its references."""
        return tuple(f for ref in phase.refs if (f := self.feature(ref)))

    def item(self, phase: Phase) -> PlanItem:
        """What the experiment of that phase sets out to do."""
        return plan_item(phase, self.features_of(phase))

    def items(self) -> list[PlanItem]:
        """One item for each phase, in plan order. The title is the experiment's hypothesis."""
        return [self.item(phase) for phase in self.phases]
