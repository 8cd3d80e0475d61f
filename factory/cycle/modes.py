"""Every mode as the tuple of its steps: this page is the protocol.

A step runs in the order it stands here; the engine journals it before the next one starts. ``always`` marks
what runs also after its scope has ended early, ``lite=False`` what lite leaves out.
"""

from __future__ import annotations

from factory.cycle import phases, rounds
from factory.cycle.machine import EachPhase, Step, Steps
from factory.cycle.steps import (
    building,
    closing,
    designing,
    experimenting,
    hosting,
    learning,
    observing,
    planning,
    researching,
)

EXPERIMENT = (
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
    Step("pull_request", hosting.pull_request, always=True, unless=hosting.no_pull_requests),
    Step("finalize", experimenting.finalize, always=True),
    Step("report_issue", hosting.report_issue, always=True, unless=hosting.no_issues),
    Step("archive_experiment", experimenting.archive_experiment, who="archivist", always=True),
)

CONTRACT_PHASE = (
    Step("contract_unchanged", building.contract_unchanged),
    Step("setup_phase", building.setup_phase),
    *EXPERIMENT,
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
    Step("research", planning.research, who="researcher", unless=designing.has_approved_plan),
    Step("gate_research", planning.gate_research, who="ceo", unless=designing.has_approved_plan),
    Step("plan", planning.plan, who="strategist", unless=designing.has_approved_plan),
    Step("gate_plan", planning.gate_plan, who="ceo"),
    Step("open_issues", hosting.open_issues, unless=hosting.no_issues),
    EachPhase(EXPERIMENT, phases.each_once),
    Step("archive", closing.archive, who="archivist", always=True),
    Step("close", closing.close, always=True),
)

DESIGN: Steps = (
    Step("preflight", observing.preflight),
    Step("setup", observing.setup, unless=designing.no_code),
    Step("study", observing.study, unless=designing.no_code),
    Step("research", designing.research, who="researcher"),
    Step("draft", designing.draft, who="strategist"),
    Step("gate_draft", designing.gate_draft),
    Step("discuss", designing.discuss, who="person"),
    Step("approve", designing.approve),
    Step("close", closing.close, always=True),
)

BUILD: Steps = (
    Step("preflight", observing.preflight),
    Step("research", designing.research, who="researcher", unless=building.has_contract),
    Step("draft", designing.draft, who="strategist", unless=building.has_contract),
    Step("gate_draft", designing.gate_draft, unless=building.has_contract),
    Step("adopt", designing.adopt, unless=building.is_committed),
    Step("contract", building.contract),
    Step("open_issues", hosting.open_issues, unless=hosting.no_issues),
    EachPhase(CONTRACT_PHASE, phases.until_built),
    Step("archive", closing.archive, who="archivist", always=True),
    Step("account", building.account, always=True),
    Step("close", closing.close, always=True),
)

META: Steps = (
    *IMPROVE,
    Step("evolve", learning.evolve, always=True),
    Step("classify", learning.classify, always=True),
    Step("offer", learning.offer, who="person", always=True),
)

RESEARCH_EXPERIMENT = (
    Step("begin", experimenting.begin),
    Step("baseline", experimenting.baseline),
    Step("build", experimenting.build, who="builder"),
    Step("guard", researching.guard),
    Step("leakage", researching.leakage),
    Step("review", experimenting.review, who="reviewer", lite=False),
    Step("measure", experimenting.measure),
    Step("run", researching.run),
    Step("explain", experimenting.explain, who="evaluator"),
    Step("structured_review", experimenting.structured_review, who="ceo"),
    Step("precheck", experimenting.precheck, always=True),
    Step("verdict", experimenting.verdict, always=True),
    Step("pull_request", hosting.pull_request, always=True, unless=hosting.no_pull_requests),
    Step("finalize", experimenting.finalize, always=True),
    Step("archive_experiment", experimenting.archive_experiment, who="archivist", always=True),
)

ROUND = (
    Step("analyse", researching.analyse, who="failure_analyst", unless=designing.has_approved_plan),
    Step("plan", researching.plan, who="strategist", unless=designing.has_approved_plan),
    Step("gate_plan", researching.gate_plan, who="ceo"),
    EachPhase(RESEARCH_EXPERIMENT, rounds.each_item),
)

RESEARCH: Steps = (
    Step("preflight", observing.preflight),
    Step("setup", researching.setup),
    Step("study", observing.study),
    Step("baseline_run", researching.baseline_run),
    EachPhase(ROUND, rounds.rounds, told="in rounds, until target, plateau or budget"),
    Step("conclude", researching.conclude, always=True),
    Step("archive", closing.archive, who="archivist", always=True),
    Step("close", closing.close, always=True),
)

MODES: dict[str, Steps] = {
    "improve": IMPROVE,
    "design": DESIGN,
    "build": BUILD,
    "discover": DISCOVER,
    "research": RESEARCH,
    "meta": META,
}
