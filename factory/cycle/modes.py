"""Every mode as the tuple of its steps: this page is the protocol.

A step runs in the order it stands here; the engine journals it before the next one starts. ``always`` marks
what runs also after its scope has ended early, ``lite=False`` what lite leaves out.
"""

from __future__ import annotations

from factory.cycle.machine import EachPhase, Step, Steps
from factory.cycle.steps import closing, experimenting, observing, planning

EXPERIMENT = EachPhase(
    (
        Step("begin", experimenting.begin),
        Step("baseline", experimenting.baseline),
        Step("build", experimenting.build, who="builder"),
        Step("guard", experimenting.guard),
        Step("review", experimenting.review, who="reviewer", lite=False),
        Step("measure", experimenting.measure),
        Step("explain", experimenting.explain, who="evaluator"),
        Step("structured_review", experimenting.structured_review, who="ceo"),
        Step("precheck", experimenting.precheck, always=True),
        Step("verdict", experimenting.verdict, always=True),
        Step("finalize", experimenting.finalize, always=True),
        Step("archive_experiment", experimenting.archive_experiment, who="archivist", always=True),
    )
)

DISCOVER: Steps = (
    Step("preflight", observing.preflight),
    Step("setup", observing.setup),
    Step("close", closing.close, always=True),
)

IMPROVE: Steps = (
    Step("preflight", observing.preflight),
    Step("setup", observing.setup),
    Step("study", observing.study),
    Step("research", planning.research, who="researcher"),
    Step("gate_research", planning.gate_research, who="ceo"),
    Step("plan", planning.plan, who="strategist"),
    Step("gate_plan", planning.gate_plan, who="ceo"),
    EXPERIMENT,
    Step("archive", closing.archive, who="archivist", always=True),
    Step("close", closing.close, always=True),
)

MODES: dict[str, Steps] = {"discover": DISCOVER, "improve": IMPROVE}
