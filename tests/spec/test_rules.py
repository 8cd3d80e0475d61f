"""Each rule finds what it is for: at its line, by its id, with a way to mend it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from factory.spec import RULES, PlanContext, PlanLimits, check, parse, rules_table
from factory.spec.rules.depth import sentences
from factory.spec.rules.estimates import estimates
from tests.spec.examples import BOTH, IMPROVEMENT, PROJECT, line_of, replaced, without_line

KNOWN = PlanContext(
    findings={"R1", "R2", "R3"},
    dimensions={"tests", "observability", "lint"},
    experiments={11, 12, 13},
    backlog=("log failures in the network modules", "- [ ] Rate limiting (asked for twice)"),
    anti_patterns={},
    mutable_surfaces=("src/**",),
    stuck_categories=frozenset(),
)
RESEARCH = replace(KNOWN, research_mode=True)
NOTHING = PlanContext()
DEFAULTS = PlanLimits()
ITEM = """### 4.3 Document the client

- **What:** Each function says what it returns
- **How:** Docstrings
- **Why:** experiment #13
- **Category:** EXPLOIT
"""
PHASE = """### Phase 3: Document the client (§4.3, EXPLOIT)

- [ ] Docstrings
"""


@dataclass(frozen=True)
class Case:
    """A spoiled example and what is to be found: rule, the line that holds ``mark``, the message."""

    rule: str
    text: str
    mark: str
    message: str
    context: PlanContext = NOTHING
    limits: PlanLimits = DEFAULTS


def improvement(*changes: tuple[str, str]) -> str:
    text = IMPROVEMENT
    for old, new in changes:
        text = replaced(text, old, new)
    return text


def project(*changes: tuple[str, str]) -> str:
    text = PROJECT
    for old, new in changes:
        text = replaced(text, old, new)
    return text


def third_item(item: str = ITEM, phase: str = PHASE) -> str:
    return improvement(
        ("## 5. Implementation", item + "\n## 5. Implementation"), ("## 6. Anti", phase + "\n## 6. Anti")
    )


WHY_41 = "- **Why:** It failed in 3 of the last 20 measurements (experiment #12)"
WHY_42 = "- **Why:** Observability is the weakest dimension at 0.28"
RESEARCH_CONFIG = "## Research Configuration\n\n- **Objective:** rank better\n- **Metric:** ndcg\n"
SWAPPED = (
    IMPROVEMENT.replace("(§4.1, FIX)", "(§4.x)")
    .replace("(§4.2, EXPLOIT)", "(§4.1, FIX)")
    .replace("(§4.x)", "(§4.2, EXPLOIT)")
    .replace("- **Depends on:** Phase 1\n", "")
)

CASES = [
    Case(
        "structure.title",
        project(("# Skylark — Specification", "# Skylark")),
        "# Skylark",
        'the title is "Skylark"',
    ),
    Case(
        "structure.section-missing",
        improvement(("## 6. Anti-patterns", "## 6. Antipaterns")),
        "## 6. Antipaterns",
        'section "6 Anti-patterns" is missing',
    ),
    Case(
        "structure.section-number",
        improvement(("## 3. Design Space", "## Design Space")),
        "## Design Space",
        'section "Design Space" has no number, its number is 3',
    ),
    Case(
        "structure.section-order",
        project(
            ("## 4. Core Domain Model", "## 6. Reference Algorithms"),
            ("## 6. Reference Algorithms\n\nNone", "## 4. Core Domain Model\n\nNone"),
        ),
        "## 5. Detailed",
        'section "Detailed Specification" comes after "Reference Algorithms"',
    ),
    Case(
        "structure.section-repeated",
        IMPROVEMENT + "\n## 6. Anti-patterns\n\n- More\n",
        "",
        f'section "Anti-patterns" is there already, at line {line_of(IMPROVEMENT, "## 6. Anti")}',
    ),
    Case(
        "structure.features",
        "# Improvement Cycle — Specification\n\n## 4. Detailed Specification\n",
        "## 4.",
        "the Detailed Specification has no item",
    ),
    Case(
        "structure.phases",
        "# Improvement Cycle — Specification\n\n## 5. Implementation Plan\n",
        "## 5.",
        "the Implementation Plan has no phase",
    ),
    Case(
        "structure.feature-number",
        improvement(("### 4.1 Fix", "### Fix")),
        "### Fix the upload",
        '"Fix the upload test that depends on the clock" has no number',
    ),
    Case(
        "structure.feature-number",
        improvement(("### 4.2 Log", "### 4.1 Log")),
        "### 4.1 Log",
        f"§4.1 is there already, at line {line_of(IMPROVEMENT, '### 4.1')}",
    ),
    Case(
        "structure.feature-number",
        improvement(("### 4.2 Log", "### 7.2 Log")),
        "### 7.2 Log",
        "§7.2 does not belong to section 4",
    ),
    Case(
        "structure.item-title",
        improvement(("### Phase 2: Log every failed request with its cause", "### Phase 2:")),
        "### Phase 2:",
        "Phase 2 has no title",
    ),
    Case(
        "structure.phase-number",
        improvement(("### Phase 2:", "### Phase 3:")),
        "### Phase 3:",
        "Phase 3 stands where Phase 2 is expected",
    ),
    Case(
        "structure.phase-reference",
        improvement(("(§4.2, EXPLOIT)", "(§4.7, EXPLOIT)")),
        "### Phase 2",
        "Phase 2 refers to §4.7, which is not specified",
    ),
    Case(
        "structure.matrix-reference",
        project(("| §5.2 |", "| §5.9 |")),
        "| §5.9 |",
        "the matrix refers to §5.9, which is not specified",
    ),
    Case(
        "structure.depends-unreadable",
        improvement(("Depends on:** Phase 1", "Depends on:** the first one")),
        "- **Depends on",
        '"the first one" does not say which phases',
    ),
    Case(
        "structure.depends-unknown",
        improvement(("Depends on:** Phase 1", "Depends on:** Phase 7")),
        "- **Depends on",
        "Phase 2 depends on Phase 7, which does not exist",
    ),
    Case(
        "structure.depends-forward",
        project(
            ("Depends on:** Phase 1", "Depends on:** Phase 3"),
            ("Depends on:** Phase 2", "Depends on:** none"),
        ),
        "- **Depends on:** Phase 3",
        "Phase 2 depends on Phase 3, which comes later",
    ),
    Case(
        "structure.depends-cycle",
        project(("Depends on:** Phase 1", "Depends on:** Phase 1, Phase 3")),
        "- **Depends on:** Phase 1, Phase 3",
        "Phase 2 and Phase 3 wait for each other",
    ),
    Case(
        "structure.depends-cycle",
        improvement(("Depends on:** Phase 1", "Depends on:** Phase 2")),
        "- **Depends on",
        "Phase 2 depends on itself",
    ),
    Case(
        "structure.one-pr",
        improvement(("**Scope:** one PR", "**Scope:** two PRs")),
        "- **Scope:** two",
        'the scope of Phase 1 is "two PRs", not one PR',
    ),
    Case(
        "structure.checklist",
        project(("- [ ] Rendering with gaps\n", "")),
        "### Phase 3",
        "Phase 3 has no checklist item",
    ),
    Case(
        "structure.research",
        PROJECT + "\n" + RESEARCH_CONFIG,
        "## Research Config",
        'the Research Configuration has no "Target"',
    ),
    Case(
        "structure.research-unreadable",
        f"{PROJECT}\n{RESEARCH_CONFIG}- **Target:** 95%\n",
        "- **Target:** 95%",
        'the target "95%" is not one plain number',
    ),
    Case(
        "structure.research-unreadable",
        f"{PROJECT}\n{RESEARCH_CONFIG}",
        "- **Objective:** rank",
        "objective, metric and target together do not say whether more or less is better",
    ),
    Case(
        "structure.field-repeated",
        improvement((WHY_41, WHY_41 + "\n- **Why:** more")),
        "- **Why:** more",
        '"Why" is given more than once; the first counts',
    ),
    Case(
        "structure.field-unknown",
        improvement(("**Category:** FIX", "**Catgory:** FIX")),
        "- **Catgory",
        '"Catgory" is no field of a plan',
    ),
    Case(
        "completeness.planned",
        improvement((", EXPLOIT)", ")"), ("(§4.2)", "(§4.1)")),
        "### 4.2",
        "§4.2 is in no phase and not blocked",
    ),
    Case(
        "completeness.purpose",
        improvement((" (§4.2, EXPLOIT)", "")),
        "### Phase 2",
        "Phase 2 names no feature",
    ),
    Case(
        "completeness.validated",
        without_line(PROJECT, "| §5.2"),
        "### 5.2",
        "§5.2 has no row in the validation matrix",
    ),
    Case(
        "completeness.matrix-row",
        project(("`pytest tests/test_table.py`", "")),
        "| §5.2",
        'the matrix row "§5.2" has no command',
    ),
    Case(
        "completeness.matrix-row",
        project(("`pytest tests/test_table.py`", "`python -m wx | grep -q Oslo`")),
        "| §5.2",
        'the command of the matrix row "§5.2" is not one code span',
    ),
    Case(
        "completeness.matrix-row",
        project(("`pytest tests/test_table.py`", "`a` and `b`")),
        "| §5.2",
        'the command of the matrix row "§5.2" is not one code span',
    ),
    Case(
        "completeness.matrix-row",
        project(("test_table.py` | exit 0 |", "test_table.py` | `1 | 2` |")),
        "| §5.2",
        'a code span of the matrix row "§5.2" is cut off',
    ),
    Case(
        "completeness.both",
        project(("- Severe weather", "- Forecast table (§5.2) — a key from the user\n- Severe")),
        "### 5.2",
        "§5.2 is in a phase and in Blocked",
    ),
    Case(
        "depth.field-missing",
        without_line(IMPROVEMENT, "- **How:** One helper"),
        "### 4.2",
        "§4.2 has no How",
    ),
    Case(
        "depth.field-missing",
        improvement((WHY_42, "- **Why:** TBD")),
        "- **Why:** TBD",
        "Why of §4.2 says nothing",
    ),
    Case(
        "depth.sentences",
        without_line(IMPROVEMENT, "- **How:** The uploader"),
        "### 4.1",
        "What, How and Why of §4.1 have 2 of 3 sentences",
    ),
    Case(
        "depth.estimate",
        improvement(("- [ ] The helper", "- [ ] The helper, two weeks of work")),
        "- [ ] The helper",
        '"two weeks of work" is an estimate in calendar time',
    ),
    Case(
        "depth.estimate",
        improvement((WHY_42, WHY_42 + ".\n  And it must be out by Friday.")),
        WHY_42,
        '"by Friday" is an estimate in calendar time',
    ),
    Case(
        "depth.schedule",
        improvement(("- **Priority:** high", "- **Estimate:** 3 days")),
        "- **Estimate",
        'the field "Estimate" is an estimate in calendar time',
    ),
    Case(
        "depth.schedule",
        improvement(("**Scope:** one PR", "**Scope:** one PR (2 days)")),
        "- **Scope:** one PR (2",
        '"2 days" is an estimate in calendar time',
    ),
    Case(
        "depth.schedule",
        improvement(("**Scope:** one PR", "**Scope:** one PR\n- **Due date:** in spring")),
        "- **Due date",
        'the field "Due date" is an estimate in calendar time',
    ),
    Case(
        "depth.time",
        project(("Twelve rows, one an hour", "Twelve rows for Q3, one an hour")),
        "- **What:** Twelve",
        '"Q3" in §5.2 may date the work',
    ),
    Case(
        "depth.grounding",
        project((" [R3]", "")),
        "- **Why:** Tables",
        "Why of §5.2 cites no research finding",
    ),
    Case(
        "depth.grounding",
        improvement((WHY_41, "- **Why:** It annoys")),
        "- **Why:** It annoys",
        "Why of §4.1 cites no finding, measured dimension, experiment or backlog item",
        KNOWN,
    ),
    Case(
        "depth.finding-unknown",
        project(("[R3]", "[R9]")),
        "- **Why:** Tables",
        "§5.2 cites R9, which the research does not have",
        KNOWN,
    ),
    Case(
        "depth.experiment-unknown",
        improvement(("experiment #12", "experiment #99")),
        "- **Why:** It failed",
        "§4.1 cites experiment #99, which the log does not have",
        KNOWN,
    ),
    Case(
        "depth.impact",
        improvement(("tests 0.98→1.0", "better tests")),
        "- **Expected impact",
        '"better tests" names no dimension with its score before and after',
    ),
    Case(
        "strategy.category",
        improvement(("**Category:** FIX", "**Category:** URGENT")),
        "- **Category:** URG",
        '"URGENT" is no category',
    ),
    Case(
        "strategy.category",
        improvement(("(§4.1, FIX)", "(§4.1, SOON)")),
        "### Phase 1",
        '"SOON" in the reference of Phase 1 is no category',
    ),
    Case(
        "strategy.priority",
        project(("**Priority:** EXPLORE", "**Priority:** high")),
        "- **Priority:** high",
        '"high" is no priority of Phase 2',
    ),
    Case(
        "strategy.category-conflict",
        improvement(("(§4.1, FIX)", "(§4.1, EXPLORE)")),
        "### Phase 1",
        "Phase 1 says EXPLORE, what it serves says FIX",
    ),
    Case(
        "strategy.order",
        SWAPPED,
        "### Phase 1",
        "Phase 1 (EXPLOIT) comes before Phase 2 (FIX), which waits for nothing",
    ),
    Case(
        "strategy.order-computed",
        SWAPPED.replace("- **Category:** FIX\n", "")
        .replace("(§4.1, FIX)", "(§4.1)")
        .replace("Phase 2: Log every", "Phase 2: Fix every"),
        "### Phase 1",
        "Phase 1 (EXPLOIT) comes before Phase 2 (FIX), which waits for nothing",
    ),
    Case(
        "strategy.research-fix-first", SWAPPED, "### Phase 2", "Phase 2 (FIX) comes after Phase 1", RESEARCH
    ),
    Case(
        "strategy.operational",
        improvement(("- **Category:** FIX", "- **Category:** FIX\n- **Type:** operational")),
        "### 4.1",
        "§4.1 is operational and has no execution step",
    ),
    Case("strategy.research-item", IMPROVEMENT, "### 4.1", "§4.1 has no Failure mode", RESEARCH),
    Case(
        "strategy.surface",
        improvement(("- **Category:** FIX", "- **Mutable surface:** `src/a.py`, `eval/*.py`")),
        "- **Mutable",
        'the surface "eval/*.py" of §4.1 may not change',
        KNOWN,
    ),
    Case(
        "strategy.new-approach",
        IMPROVEMENT,
        "### 4.1",
        "Phase 1 resembles experiment #8, which was reverted (0.75 alike): "
        '"Fix the upload test that depends on time"',
        replace(KNOWN, anti_patterns={8: "Fix the upload test that depends on time"}),
    ),
    Case(
        "strategy.stuck",
        IMPROVEMENT,
        "### Phase 1",
        "every phase is in a category that is stuck (FIX, EXPLOIT)",
        replace(KNOWN, stuck_categories={"FIX", "EXPLOIT"}),
    ),
    Case(
        "strategy.growth",
        without_line(IMPROVEMENT, "- **Growth"),
        "## 4. Detailed",
        "0 of at least 1 items name a growth dimension",
    ),
    Case(
        "strategy.novelty",
        without_line(third_item(), "- **Backlog item"),
        "### 4.3",
        "3 items serve no backlog item (§4.1, §4.2, §4.3), at most 2 may",
    ),
    Case(
        "strategy.convergence",
        without_line(IMPROVEMENT, "- **Backlog item"),
        "## 4. Detailed",
        "no item serves the backlog, which is not empty",
        KNOWN,
    ),
    Case(
        "strategy.backlog-unknown",
        improvement(("item:** log failures in", "item:** log all failures in")),
        "- **Backlog",
        '"log all failures in the network modules" is not in the backlog',
        KNOWN,
    ),
    Case(
        "strategy.lite",
        IMPROVEMENT,
        "### 4.2",
        "a lite plan has one item, this one has 2",
        NOTHING,
        PlanLimits(lite=True),
    ),
    Case(
        "strategy.growth-unmeasured",
        improvement(("dimension:** observability", "dimension:** beauty")),
        "- **Growth",
        '"beauty" is not measured',
        KNOWN,
    ),
    Case(
        "blocked.needs",
        project((" — the service needs a key from the user", "")),
        "- Severe",
        '"Severe weather alerts" does not say what is needed from the user',
    ),
    Case(
        "blocked.put-off",
        project(("the service needs a key from the user", "v2")),
        "- Severe",
        '"Severe weather alerts" is put off ("v2"), not blocked on the user',
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{c.rule}-{n}" for n, c in enumerate(CASES)])
def test_rule_finds_it_at_its_line(case: Case) -> None:
    findings = [f for f in check(parse(case.text), case.limits, case.context) if f.rule == case.rule]
    line = line_of(case.text, case.mark) if case.mark else len(case.text.split("\n")) - 3
    assert (line, case.message) in [(f.line, f.message) for f in findings]
    assert all(f.mend for f in findings)
    assert {f.severity for f in findings} == {next(r.severity for r in RULES if r.id == case.rule)}


def test_every_rule_has_a_case() -> None:
    assert {c.rule for c in CASES} == {r.id for r in RULES}, "add a Case for each rule"


def test_rule_ids_are_unique_and_complete() -> None:
    assert len({r.id for r in RULES}) == len(RULES)
    assert all(r.demand and r.mend for r in RULES)


@pytest.mark.parametrize("context", [NOTHING, KNOWN])
@pytest.mark.parametrize("text", BOTH)
def test_examples_keep_every_rule(text: str, context: PlanContext) -> None:
    for variant in (text, text.replace("\n", "\r\n"), text.replace("→", "->"), text.replace(" — ", " - ")):
        assert check(parse(variant), context=context) == []


OPTIONAL = (
    "Category", "Expected impact", "Priority", "Verify", "Scope", "Depends on",
)  # fmt: skip


@pytest.mark.parametrize("text", BOTH)
@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_fields_may_be_missing(text: str, name: str) -> None:
    kept = "\n".join(line for line in text.split("\n") if not line.startswith(f"- **{name}:**"))
    assert [f for f in check(parse(kept)) if f.severity == "error"] == []


def test_findings_come_by_line() -> None:
    text = improvement(("## 3. Design Space", "## Design Space"), (WHY_42, "- **Why:** TBD"))
    lines = [f.line for f in check(parse(text))]
    assert lines == sorted(lines)
    assert len(lines) > 1


def test_an_exact_finding() -> None:
    text = improvement(("item:** log failures in", "item:** log failure in"))
    finding = check(parse(text), context=KNOWN)[-1]
    assert (finding.rule, finding.severity, finding.line) == ("strategy.backlog-unknown", "error", 49)
    assert finding.mend == 'Quote it as it stands: "log failures in the network modules".'


@pytest.mark.parametrize("limits", [PlanLimits(focus=True), PlanLimits(lite=True)])
def test_growth_novelty_and_convergence_do_not_bind_lite_and_focus(limits: PlanLimits) -> None:
    text = without_line(without_line(third_item(), "- **Backlog"), "- **Growth")
    rules = {f.rule for f in check(parse(text), limits, KNOWN)}
    assert not rules & {"strategy.growth", "strategy.novelty", "strategy.convergence"}


def test_growth_novelty_and_convergence_do_not_bind_research_and_the_project_form() -> None:
    owed = {"strategy.growth", "strategy.novelty", "strategy.convergence"}
    text = without_line(without_line(third_item(), "- **Backlog"), "- **Growth")
    assert owed <= {f.rule for f in check(parse(text), context=KNOWN)}
    assert not owed & {f.rule for f in check(parse(text), context=RESEARCH)}
    assert not owed & {f.rule for f in check(parse(PROJECT), context=KNOWN)}


def test_one_item_owes_nothing_to_growth_and_backlog() -> None:
    start, end = IMPROVEMENT.index("### 4.2"), IMPROVEMENT.index("## 5.")
    one = IMPROVEMENT[:start] + IMPROVEMENT[end:]
    one = one[: one.index("### Phase 2")] + one[one.index("## 6.") :]
    assert check(parse(one), context=KNOWN) == []
    assert check(parse(one), PlanLimits(lite=True), KNOWN) == []


def test_an_empty_backlog_asks_for_nothing() -> None:
    text = without_line(IMPROVEMENT, "- **Backlog")
    assert check(parse(text), context=replace(KNOWN, backlog=())) == []


def test_order_follows_dependencies_first() -> None:
    needed = SWAPPED.replace("(§4.1, FIX)\n\n", "(§4.1, FIX)\n\n- **Depends on:** Phase 1\n")
    assert "strategy.order" not in {f.rule for f in check(parse(needed))}


def test_a_new_approach_settles_the_resemblance() -> None:
    context = replace(KNOWN, anti_patterns={8: "Fix the upload test that depends on the clock"})
    text = improvement(("- **Category:** FIX", "- **Category:** FIX\n- **New approach:** an event"))
    assert check(parse(text), context=context) == []


def test_a_combination_is_a_way_out_when_stuck() -> None:
    text = improvement(("(§4.2, EXPLOIT)", "(§4.2, COMBINE)"), ("Category:** EXPLOIT", "Category:** COMBINE"))
    context = replace(KNOWN, stuck_categories={"FIX", "COMBINE"})
    assert check(parse(text), context=context) == []


@pytest.mark.parametrize(
    "text",
    [
        "two weeks of work", "out by Friday", "planned for Q3", "ETA unknown", "Estimate: 3 days",
        "effort: ~2 days", "a 2-day task", "done in three days", "takes about 3 hours to implement",
        "5 person-days", "by the end of the week", "ready next month", "this sprint", "by 2026-03-01",
        "by mid-March", "should take a week.", "half a day of work", "the cache (~2 days)", "1h of effort",
        "three days' work",
    ],
)  # fmt: skip
def test_estimates_are_found(text: str) -> None:
    assert len(list(estimates(f"The table. {text}"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "its answer cached for a day", "rows older than 30 days are dropped", "the next six hours stay dry",
        "Twelve rows, one an hour", "answers in two seconds", "grouped by week or month", "runs every Friday",
        "a timeout of 10 minutes", "within 24 hours the token expires", "`--since 2 weeks of work`",
        "Q1 and Q3 are the quartiles", "sorted by day", "the estimated reading speed", "the schedule of jobs",
        "weekly reports", "a two-week forecast", "the beta release", "theta", "effort is not measured",
        "a token lives for 3 hours", "the test takes 2 minutes", "may fail", "sessions end after a week",
    ],
)  # fmt: skip
def test_time_that_software_deals_with_is_no_estimate(text: str) -> None:
    assert list(estimates(text)) == []


BEHAVIOUR = [
    "Show the ETA of each parcel.", "An order is shipped within 2 days.", "An export may take 2 hours.",
    "The report covers Q1 and Q2.", "It warns when a task is finished within 5 minutes.",
    "Sort sales by March and April.", "It lists what was delivered this week.",
]  # fmt: skip


def errors(text: str) -> set[str]:
    return {f.rule for f in check(parse(text)) if f.severity == "error"}


@pytest.mark.parametrize("text", BEHAVIOUR)
def test_a_program_may_deal_with_time_and_a_phase_has_none(text: str) -> None:
    told = project(("Twelve rows, one an hour", f"{text} Twelve rows, one an hour"))
    assert errors(told) == set()
    assert errors(project(("- [ ] Rendering with gaps", f"- [ ] {text}"))) == {"depth.estimate"}
    both = replaced(told, "- [ ] Rendering with gaps", f"- [ ] {text}")
    assert errors(both) == set(), "the phase says what the feature does"


def test_a_feature_may_have_dates_among_its_data() -> None:
    data = "- **Due date:** the day on which it is due\n- **Deadline:** by Friday\n"
    text = project(("- **What:** Twelve", f"{data}- **What:** Twelve"))
    assert errors(text) == set()
    assert [f.message for f in check(parse(text))] == [
        'the field "Due date" of §5.2 may date the work',
        'the field "Deadline" of §5.2 may date the work',
    ]


@pytest.mark.parametrize(
    "text",
    [
        "two weeks of work", "out by Friday", "Estimate: 3 days", "effort: ~2 days", "a 2-day task",
        "takes about 3 hours to implement", "5 person-days", "by the end of the week", "this sprint",
        "by 2026-03-01", "should take a week to build", "implemented within two days", "1h of effort",
    ],
)  # fmt: skip
def test_what_dates_the_work_is_an_error_in_a_feature_too(text: str) -> None:
    found = errors(project(("Twelve rows, one an hour", f"Twelve rows, {text}, one an hour")))
    assert found == {"depth.estimate"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0), ("TBD", 0), ("…", 0), ("(none)", 0), ("No full stop", 1), ("One.", 1), ("One. Two", 2),
        ("One. Two.", 2), ("See e.g. this", 1), ("Costs 0.28 now", 1), ("Why? Because!", 2),
        ("Steps\n- a\n- b", 3), ("Call `a. b` there", 1),
    ],
)  # fmt: skip
def test_sentences(text: str, count: int) -> None:
    assert sentences(text) == count


@pytest.mark.parametrize(
    ("item", "fine"),
    [
        ("Alerts — the service needs a key from the user", True),
        ("Remind me later — the user decides on the wording", True),
        ("Sync — needs an account for v2 of the API", True),
        ("Alerts — later", False), ("Alerts — will be done in v2", False), ("Alerts (v2) — a key", False),
        ("Times — there is no time zone in the data: which one is meant", True),
        ("Dates — whether a date later than today is allowed", True),
        ("Mail — whether a follow-up mail is sent", True), ("Rent — which rule defers a payment", True),
        ("Rent — whether payments are deferred", True), ("Mail — the text of the follow-up mail", True),
        ("Alerts — in a follow-up", False), ("Alerts — follow-up work", False), ("Alerts — no time", False),
        ("Alerts — deferred, whether or not there is a key", False), ("Alerts — we defer this", False),
        ("Alerts — there is no time for them", False), ("Alerts — done later", False),
        ("Alerts — we ran out of time", False), ("Alerts — next cycle", False), ("Alerts — postponed", False),
    ],
)  # fmt: skip
def test_only_what_needs_the_user_is_blocked(item: str, fine: bool) -> None:
    text = project(("Severe weather alerts — the service needs a key from the user", item))
    assert (check(parse(text)) == []) is fine


def test_the_docs_hold_the_table() -> None:
    docs = Path(__file__).parents[2] / "docs" / "spec-rules.md"
    assert rules_table() in docs.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("item", "names_it"),
    [
        ("§5.2 — a key", True), ("§5.2 Forecast table — a key", True), ("Its key (§5.1, 5.2) — a key", True),
        ("Its key (§5.1–5.3) — a key", True), ("The key — a key\n\n  It is for §5.2.", True),
        ("5.2 Forecast table — a key", True), ("5.2 Feature: Forecast table — key", True),
        ("Forecast table — a key", True), ("**Forecast table** (its key) — a key", True),
        ("Forecast tables of other services — a key", False), ("PostgreSQL 5.2 licence — a key", False),
        ("A forecast table of last year — a key", False), ("Feedback `drop §5.2` — a decision", False),
        ("Python 5.2 or 5.3 — a decision", False), ("§5.20 — a key", False),
    ],
)  # fmt: skip
def test_what_blocked_names(item: str, names_it: bool) -> None:
    blocked = replaced(PROJECT, "Severe weather alerts — the service needs a key from the user", item)
    unplanned = replaced(blocked, "Forecast table (§5.2)", "Forecast table (§5.1)")
    found = "§5.2 is in no phase and not blocked" in [f.message for f in check(parse(unplanned))]
    assert found is not names_it


def test_a_word_of_a_title_blocks_nothing() -> None:
    titled = PROJECT.replace("Forecast table", "Export (CSV and JSON)").replace(" (§5.2)", " (§5.1)")
    for item, names_it in (("Where an export is sent", False), ("Export (CSV and JSON)", True)):
        plan = parse(replaced(titled, "Severe weather alerts", item))
        assert ("completeness.planned" not in {f.rule for f in check(plan)}) is names_it


def test_a_pipe_in_the_matrix_is_written_with_a_backslash() -> None:
    text = project(("`pytest tests/test_table.py`", "`python -m wx \\| grep -q Oslo`"))
    assert check(parse(text)) == []
    assert parse(text).matrix[1].command == "python -m wx | grep -q Oslo"
    (found,) = check(parse(text.replace("\\|", "|")))
    assert found.mend == "Put one command into backticks; write \\| for a pipe, and $(…) for backticks in it."


def test_versions_are_no_references() -> None:
    row = project(("| §5.2 |", "| §5.2 on Python 3.11 |"))
    assert check(parse(row)) == []
    phase = parse(project(("Forecast table (§5.2)", "Python (3.11, 3.12) (§5.2)"))).phases[2]
    assert (phase.title, phase.refs) == ("Python (3.11, 3.12)", ("5.2",))
    phase = parse(project(("Forecast table (§5.2)", "Forecast table (3.11, 3.12)"))).phases[2]
    assert (phase.title, phase.refs) == ("Forecast table (3.11, 3.12)", ())


@pytest.mark.parametrize("feature", ["§5.1, 5.2", "§5.1 and §5.2", "§5.1–5.2", "5.1, 5.2", "§§ 5.1 / 5.2"])
def test_a_row_of_the_matrix_may_name_several(feature: str) -> None:
    text = without_line(project(("| §5.1 |", f"| {feature} |")), "| §5.2")
    assert parse(text).matrix[0].refs == ("5.1", "5.2")
    assert check(parse(text)) == []
