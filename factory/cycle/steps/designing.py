"""Steps of design: research and a draft, the person's word on it, and the record of their approval."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from factory.approvals import Approvals, How, fingerprint
from factory.cycle.agents import Question, ask, objection
from factory.cycle.context import Cycle, CycleOptions, Draft
from factory.cycle.contract import text_to_build, waiting_plan
from factory.cycle.inflight import last_drafting
from factory.cycle.machine import Again, Done, End, Outcome
from factory.cycle.research import defined_findings, research_text
from factory.cycle.steps import planning
from factory.errors import EXIT_INTERRUPTED, BadInput, FactoryError, Refused
from factory.fsio import atomic_write, read_exactly
from factory.git import commit_files
from factory.spec import Form, PlanContext, PlanLimits, Spec, SpecFinding, check, parse
from factory.target import SPEC_FILE
from factory.words import quoted

NEW_GROUND = 0.5
"""Share of a feedback's significant words that draft and research lack, from which it opens new ground."""

_WORD = re.compile(r"[^\W\d_]{4,}")


class Paused(FactoryError):
    """The person has left the conversation; the cycle waits where it stands."""

    exit_code = EXIT_INTERRUPTED


class HasOptions(Protocol):
    """A cycle, or what is known of one before it is opened."""

    @property
    def options(self) -> CycleOptions:
        """The options that it was, or would be, opened with."""


def is_new_project(cycle: HasOptions) -> bool:
    """Whether the draft is for a project from an idea, so in the project form."""
    return bool(cycle.options.idea)


def has_approved_plan(cycle: HasOptions) -> str:
    """Why nothing is researched or planned in improve: the current plan was approved by a person."""
    return "the plan is approved" if cycle.options.approved_plan else ""


def research(cycle: Cycle, scope: str) -> Outcome:
    """Have the Researcher find what the draft can stand on; where feedback opens new ground, only that."""
    if not is_new_project(cycle):
        return planning.research(cycle, scope)
    if _takes_up(cycle, scope):
        return _found_before(cycle)
    refusal = objection(cycle, "researcher", at=(scope, "research"))
    if refusal:
        return planning.no_research(cycle, refusal)
    told = cycle.state.scope(scope).corrections
    task = "Find what is known that a specification of this idea should stand on."
    if told:
        task = "Look into what the person's newest feedback opens, and add to the findings that are there."
    facts = {
        "form": "project",
        "idea": cycle.options.idea,
        "focus": cycle.options.focus_text,
        "draft": research_text(cycle) if told else "",
        "corrections": told,
        "messages": cycle.state.messages,
    }
    result = ask(cycle, scope, "research", Question("researcher", task, facts))
    if result.status != "done":
        return planning.no_research(cycle, f"the researcher ended as {result.status}: {result.error}")
    planning.store_research(cycle, result.text)
    return Done({"findings": defined_findings(result.text)})


def _takes_up(cycle: Cycle, scope: str) -> bool:
    """Whether the draft that waits is what the conversation is about, as long as nobody has answered it."""
    return cycle.options.takes_up and not cycle.state.scope(scope).redirects


def _found_before(cycle: Cycle) -> Outcome:
    """The research that the waiting draft stands on, where it was made here."""
    drafted = last_drafting(cycle.lab.paths)
    place = cycle.lab.paths.cycle_dir(drafted.id) / "research.md" if drafted else None
    text = read_exactly(place) if place and place.exists() else ""
    if text:
        planning.store_research(cycle, text)
    return Done({"findings": defined_findings(text), "left_out": "the draft waits already"})


def draft(cycle: Cycle, scope: str) -> Outcome:
    """Take the draft that waits; else have the Strategist write one, or mend it by the person's feedback."""
    if _takes_up(cycle, scope):
        text = waiting_plan(cycle.lab)
        atomic_write(_draft_file(cycle), text.encode("utf-8", "surrogateescape"))
        return Done({"sha256": fingerprint(text), "taken_up": True})
    refusal = objection(cycle, "strategist", at=(scope, "draft"))
    if refusal:
        return _no_draft(cycle, scope, "budget", f"no draft: {refusal}")
    told = cycle.state.scope(scope).corrections
    previous = _read(_draft_file(cycle))
    task = "Mend the draft by the feedback." if told else "Write the specification."
    if is_new_project(cycle):
        facts: dict[str, Any] = {
            "form": "project",
            "idea": cycle.options.idea,
            "focus": cycle.options.focus_text,
            "messages": cycle.state.messages,
        }
    else:
        facts = planning.plan_facts(cycle, scope) | {"form": "improvement"}
    facts |= {
        "research": research_text(cycle),
        "corrections": told,
        "feedback": [text for given in _feedback(cycle, scope) for text in given["corrections"]],
        "draft": previous if told else "",
    }
    result = ask(cycle, scope, "draft", Question("strategist", task, facts))
    if result.status != "done":
        why = result.text or result.error or f"the strategist ended as {result.status}"
        return _no_draft(cycle, scope, "no_draft", why)
    text = f"{result.text.rstrip()}\n"
    atomic_write(_draft_file(cycle), text)
    return Done({"sha256": fingerprint(text), "unchanged": text.rstrip() == previous.rstrip()})


def _no_draft(cycle: Cycle, scope: str, reason: str, why: str) -> Outcome:
    """The end, without a draft. What a person argues about stays theirs: to edit, approve, or leave."""
    previous = _read(_draft_file(cycle))
    if not previous or not _feedback(cycle, scope):
        return End(reason, why)
    cycle.progress.warn(f"the draft stays as it was: {why}")
    return Done({"sha256": fingerprint(previous), "left_out": why})


def gate_draft(cycle: Cycle, scope: str) -> Outcome:
    """Every rule that can be checked; problems go back, before the person has to see them.

    Not to a Strategist who has just handed the draft back as it was: they cannot mend it.
    """
    problems = problems_of(cycle, _read(_draft_file(cycle)))
    redirects = cycle.state.scope(scope).redirects
    asked = [r for r in redirects if r["step"] == "gate_draft"]
    edited = any(r["step"] == "discuss" and not r["corrections"] for r in redirects[-1:])
    edited = edited or _takes_up(cycle, scope)
    stuck = redirects[-1:] == asked[-1:] != [] and cycle.state.result("draft").get("unchanged")
    if problems and stuck:
        cycle.progress.warn("the strategist could not mend what breaks the rules: the draft is as it was")
    elif problems and not edited and len(asked) < cycle.redirects_allowed:
        return Again("draft", problems)
    if problems and not _will_be_shown(cycle):
        return End("draft_rejected", "; ".join(problems))
    return Done({"problems": problems})


def _will_be_shown(cycle: Cycle) -> bool:
    """Whether a person will see the draft before anything is made of it; a build asks nobody."""
    return cycle.options.mode == "design" and (cycle.person is not None or cycle.options.plan_only)


def problems_of(cycle: Cycle, text: str) -> list[str]:
    """The broken rules of a draft, as sentences; a text in neither form is one problem."""
    try:
        found = findings_of_draft(cycle, text)
    except BadInput as error:
        return [error.message]
    return [f"line {f.line}: {f.rule}: {f.message} ({f.mend})" for f in found if f.severity == "error"]


def findings_of_draft(cycle: Cycle, text: str) -> list[SpecFinding]:
    """What the rules say of a draft. Raises BadInput for a text in neither form."""
    spec = parse(text)
    wanted = Form.PROJECT if is_new_project(cycle) else Form.IMPROVEMENT
    if spec.form is not wanted:
        return [_other_form(wanted)]
    if is_new_project(cycle):
        known = set(defined_findings(research_text(cycle)))
        # A draft that was put here by hand stands on research that only its person knows.
        findings = None if cycle.options.takes_up and not known else known
        return list(check(spec, PlanLimits(), PlanContext(findings=findings)))
    known_facts = planning.context(cycle)
    if spec.research:
        metric = spec.research.value("Metric")
        dimensions = {*(known_facts.dimensions or ()), metric}
        known_facts = replace(known_facts, research_mode=True, dimensions=dimensions)
    return list(check(spec, planning.limits(cycle), known_facts))


def _other_form(wanted: Form) -> SpecFinding:
    """A project's specification is written once; what changes an existing project is an improvement."""
    return SpecFinding(
        "form", "error", 1, f"the draft is not in the {wanted} form", f"Write it in the {wanted} form."
    )


def discuss(cycle: Cycle, scope: str) -> Outcome:
    """The person's word: approve, feedback, their own edit, or leave. Code takes it; no agent can say it."""
    file = _draft_file(cycle)
    if cycle.options.plan_only or cycle.person is None:
        atomic_write(cycle.lab.paths.plan, _read(file))
        place = cycle.lab.paths.plan
        return End("plan_only", f"the draft waits for a person: factory spec approve {quoted(place)}")
    shown = _view(cycle, scope)
    said = cycle.person.discuss(shown)
    if said.kind == "quit":
        again = shlex.join(["factory", "ceo", str(cycle.lab.paths.root)])
        raise Paused("The draft waits for you; what was said so far is kept.", f"To go on: {again}")
    atomic_write(cycle.lab.paths.cycle_dir(cycle.id) / "seen.md", shown.text)
    if said.kind == "edited":
        atomic_write(file, said.text)
        return Again("gate_draft", [])
    if said.kind == "feedback":
        return Again("research" if opens_new_ground(said.text, _known(cycle)) else "draft", [said.text])
    return _approved(cycle, shown)


def _feedback(cycle: Cycle, scope: str) -> list[dict[str, Any]]:
    """The redirects that a person's feedback has caused, apart from those of the rules."""
    return [r for r in cycle.state.scope(scope).redirects if r["step"] == "discuss" and r["corrections"]]


def _view(cycle: Cycle, scope: str) -> Draft:
    text = _read(_draft_file(cycle))
    try:
        found = findings_of_draft(cycle, text)
    except BadInput:
        found = []  # a text in neither form cannot be approved whatever the rules say
    return Draft(
        text, len(_feedback(cycle, scope)) + 1, found, _read(cycle.lab.paths.cycle_dir(cycle.id) / "seen.md")
    )


def _approved(cycle: Cycle, shown: Draft) -> Outcome:
    text = _read(_draft_file(cycle))
    if text != shown.text:
        cycle.progress.warn("the draft was changed while it was read; here it is once more")
        return Again("gate_draft", [])
    problems = problems_of(cycle, text)
    if problems:
        raise Refused("A draft that breaks rules cannot be approved.", problems[0])
    return Done({"sha256": fingerprint(text)})


def opens_new_ground(feedback: str, known: str) -> bool:
    """Whether most significant words of a feedback are in neither draft nor research."""
    words = {word.lower() for word in _WORD.findall(feedback)}
    missing = words - {word.lower() for word in _WORD.findall(known)}
    return bool(words) and len(missing) / len(words) > NEW_GROUND


def _known(cycle: Cycle) -> str:
    return _read(_draft_file(cycle)) + research_text(cycle) + cycle.options.idea


def approve(cycle: Cycle, scope: str) -> Outcome:
    """Record the approval, and put the specification where the next mode finds it."""
    text = _read(_draft_file(cycle))
    if fingerprint(text) != cycle.state.result("discuss")["sha256"]:
        cycle.progress.warn("the draft was changed after it was approved; here it is once more")
        return Again("discuss", [])
    spec, who = parse(text), cycle.lab.repo.person
    approvals(cycle).approve(text, form=str(spec.form), title=spec.title, how=_how(cycle, scope), who=who)
    return Done(_put_in_place(cycle, spec, text) | {"who": who})


def _how(cycle: Cycle, scope: str) -> How:
    """Whether the person has approved what an agent wrote last, or an edit of their own."""
    said = [r for r in cycle.state.scope(scope).redirects if r["step"] in ("discuss", "gate_draft")]
    return "editor" if said and said[-1]["step"] == "discuss" and not said[-1]["corrections"] else "terminal"


def adopt(cycle: Cycle, scope: str) -> Outcome:
    """Commit the contract of a build: the approved text, else the draft that passed its gate.

    A draft that nobody was asked about is on record as this cycle's own, which is no approval.
    """
    text = text_to_build(cycle.lab, cycle.head) or _read(_draft_file(cycle))
    spec = parse(text)
    if approvals(cycle).of(text) is None:
        approvals(cycle).adopt(text, form=str(spec.form), title=spec.title, cycle=cycle.id)
    return Done(_put_in_place(cycle, spec, text))


def approvals(cycle: Cycle) -> Approvals:
    """The project's approvals; damaged records are told."""
    return Approvals(cycle.lab.home, cycle.lab.paths.key, cycle.lab.say)


def _put_in_place(cycle: Cycle, spec: Spec, text: str) -> dict[str, Any]:
    """A project's specification is committed on the cycle's branch, an improvement is the current plan."""
    told = {"sha256": fingerprint(text), "title": spec.title}
    if spec.form is not Form.PROJECT:
        atomic_write(cycle.lab.paths.plan, text.encode("utf-8", "surrogateescape"))
        mode = "research" if spec.research else "improve"
        return told | {"place": str(cycle.lab.paths.plan), "next": mode}
    commit = commit_files(cycle.lab.repo, cycle.head, {SPEC_FILE: text}, f"Specify {spec.title}\n")
    cycle.lab.repo.set_ref(cycle.branch_ref, commit)
    return told | {"place": SPEC_FILE, "commit": commit, "next": "build"}


def _draft_file(cycle: Cycle) -> Path:
    return cycle.lab.paths.cycle_dir(cycle.id) / "draft.md"


def _read(file: Path) -> str:
    return read_exactly(file) if file.exists() else ""


def no_code(cycle: HasOptions) -> str:
    """Why a step about measurements is not needed: there is nothing to measure in a project from an idea."""
    return "there is nothing to measure yet" if is_new_project(cycle) else ""
