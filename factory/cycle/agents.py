"""Asking an agent: the budget first, then the call, and all of it stored before anyone reads the answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from factory.agents.prompting import render_prompt
from factory.agents.roles import ROLES
from factory.cycle.briefing import occasion
from factory.cycle.context import Cycle
from factory.cycle.experiment import BUILDER_HISTORY
from factory.cycle.learning import answer_without_citations, citations, injection
from factory.cycle.machine import Parked
from factory.cycle.surfaces import fixed_places
from factory.cycle.tamper import (
    Area,
    Fingerprint,
    TamperFinding,
    differences,
    disregard_consent,
    read_fingerprint,
    violations,
    watch,
    watch_advice,
    watched_places,
    write_fingerprint,
)
from factory.errors import EnvironmentLacking
from factory.fsio import atomic_write, write_json
from factory.git import checkout_at, scratch_checkout, snapshot
from factory.models import FORMAT_VERSION
from factory.process import AFTERMATH_S, outlived
from factory.runners.base import NOT_EVIDENCE, AgentResult, Invocation, Runner

RETRY_DELAYS_S = (2.0, 10.0, 30.0)
"""Seconds to wait before each further try, when the network or the service fails."""

TOLD_AFTER_S = 1.0
"""Seconds after which a person is told what is waited for."""


@dataclass(frozen=True)
class Question:
    """What an agent is asked.

    A runner gets all ``facts``, its prompt shows what the role needs (factory/agents/facts.py). ``key`` tells
    apart several calls of one role in one step; ``gate`` is the CEO's gate; ``revision`` the commit that a
    reading role looks at, the cycle's head if empty. ``reserved`` are the invocations that another try must
    leave to others.
    """

    role: str
    task: str
    facts: Mapping[str, Any]
    access: Literal["read", "write"] = "read"
    key: str = "1"
    gate: str = ""
    revision: str = ""
    reserved: int = 0


def objection(
    cycle: Cycle, role: str, reserved: int = 0, *, at: tuple[str, str] | None = None, key: str = "1"
) -> str:
    """Why the ledger forbids asking ``role`` now; empty when it does not.

    ``at`` is the scope and the step of the call, ``key`` its question's: what is answered already is paid
    for, and so is what has ended while the factory was dead; it costs nothing to read.
    """
    if at is not None and _is_paid_for(cycle, at[0], role, call_key(cycle, *at, role, key)):
        return ""
    runner = cycle.runner_for(role)
    calls = runner.invocations_per_call
    return cycle.ledger.objection(calls, reserved, priced=runner.reports_cost) if calls else ""


def _is_paid_for(cycle: Cycle, scope: str, role: str, name: str) -> bool:
    started = cycle.state.running.get(name)
    if started is None:
        return name in cycle.state.answers
    call = Call(cycle, scope, Question(role, "", {}), name, None)
    return call.runner.adopt(call.invocation(started["name"], "", call.folder)) is not None


def call_key(cycle: Cycle, scope: str, step: str, role: str, key: str = "1") -> str:
    """What names a call in the journal: one more redirect of its scope makes it another call."""
    return f"{scope}/{step}/{len(cycle.state.scope(scope).redirects)}/{role}/{key}"


def was_asked(cycle: Cycle, scope: str, step: str, role: str, key: str) -> bool:
    """Whether that call has begun: it is answered, or was in flight when the program was cut off."""
    name = call_key(cycle, scope, step, role, key)
    return name in cycle.state.answers or name in cycle.state.running


def let_end(cycle: Cycle) -> None:
    """Wait until the calls that were in flight when the factory died have ended, with all they had started.

    What they write meanwhile is to reach no other call. Raises EnvironmentLacking where that takes too long.
    """
    for key, started in cycle.state.running.items():
        call = Call(cycle, key.split("/")[0], Question(started["role"], "", {}), key, None)
        goes_on = outlived(call.folder / started["name"])
        if _lasts(goes_on, TOLD_AFTER_S):
            cycle.progress.warn(f"{started['role']}: waiting for the end of what was cut off")
            if _lasts(goes_on, AFTERMATH_S):
                raise EnvironmentLacking(
                    f"The {started['role']} that was cut off still runs.",
                    f"End what writes to {call.folder / started['name']}, then run the same command again.",
                )


def _lasts(goes_on: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while goes_on():
        if time.monotonic() > deadline:
            return True
        time.sleep(0.05)
    return False


def ask(
    cycle: Cycle, scope: str, step: str, question: Question, *, workspace: Path | None = None
) -> AgentResult:
    """Put a question to an agent; a stored answer to the same question is taken instead.

    Read-only roles work in a throwaway checkout, the Builder in ``workspace``. A call
    whose child went on to its end while the factory was dead is adopted. Failures of network or service are
    tried again, each try an invocation of its own. Raises Parked when quota, login or network are lacking.
    The caller has asked the ledger before.
    """
    call = Call(cycle, scope, question, call_key(cycle, scope, step, question.role, question.key), workspace)
    stored = cycle.state.answers.get(call.key)
    if stored is not None:
        return answer_without_citations(question.role, _read_answer(call.folder, stored))
    result = _adopt(call) or _run(call)
    for delay in RETRY_DELAYS_S:
        if result.status != "transient" or objection(cycle, question.role, question.reserved):
            break
        cycle.progress.warn(f"{question.role}: {result.error or 'no connection'}; next try in {delay:g} s")
        time.sleep(delay)
        result = _run(call)
    if result.status in NOT_EVIDENCE:
        raise Parked(
            f"The {call.runner.name} runner cannot go on: {result.error or result.status}.",
            "Nothing is lost: run the same command again when it is mended.",
        )
    return answer_without_citations(question.role, result)


@dataclass(frozen=True)
class Call:
    """A question on its way. ``key`` names it in the journal, whatever becomes of single tries."""

    cycle: Cycle
    scope: str
    question: Question
    key: str
    workspace: Path | None

    @property
    def folder(self) -> Path:
        """Where prompts and answers are stored."""
        if self.experiment is None:
            return self.cycle.lab.paths.cycle_dir(self.cycle.id) / "agents"
        return self.cycle.lab.store.experiment(self.cycle.experiment_id(self.scope)).path / "agents"

    @property
    def experiment(self) -> int | None:
        """The experiment that the call belongs to."""
        return self.cycle.experiment_of(self.scope)

    @property
    def runner(self) -> Runner:
        """Who answers."""
        return self.cycle.runner_for(self.question.role)

    def invocation(self, name: str, prompt: str, cwd: Path) -> Invocation:
        """The call as a runner takes it."""
        cycle = self.cycle
        env = {"FACTORY_ROLE": self.question.role, "FACTORY_CYCLE": cycle.id}
        if self.experiment is not None:
            env["FACTORY_EXPERIMENT"] = str(self.experiment)
        return Invocation(
            role=self.question.role,
            prompt=prompt,
            cwd=cwd,
            access=self.question.access,
            facts=self.question.facts,
            output_dir=self.folder / name,
            timeout_s=cycle.options.timeout or cycle.policy.limits.timeout,
            env=env,
            schema=ROLES[self.question.role].schema,
            model=cycle.model_for(self.question.role),
            protected=() if self.workspace is None else fixed_places(self.workspace, cycle.policy),
        )


def _adopt(call: Call) -> AgentResult | None:
    """The answer of a call that ran when the factory died, if its child finished; else put things back.

    A Builder's half-done work is not built upon: the workspace is made again as it was before the call.
    """
    started = call.cycle.state.running.get(call.key)
    if started is None:
        return None
    cwd = call.workspace or call.folder
    invocation = call.invocation(started["name"], "", cwd)
    result = call.runner.adopt(invocation)
    if result is not None:
        if call.workspace is not None:
            _compare_adopted(call, invocation)
        _store_answer(call, started["name"], result)
    elif call.workspace is not None and started["workspace"]:
        checkout_at(call.cycle.lab.repo, started["workspace"], call.workspace, BUILDER_HISTORY)
    return result


def _run(call: Call) -> AgentResult:
    """One try: prompt stored, start journalled, child run, answer stored and journalled."""
    cycle, question = call.cycle, call.question
    # What is not started is not spent.
    cycle.lab.agents_sandbox.require(question.access, own=call.runner.protects_itself)
    name = _free_name(call.folder, question.role)
    learned = injection(cycle, question.role)
    told = occasion(
        cycle, question.role, gate=question.gate, form=str(question.facts.get("form", "improvement"))
    )
    prompt = render_prompt(question.role, question.task, question.facts, replace(told, playbook=learned.text))
    atomic_write(call.folder / f"{name}.prompt.md", prompt)
    cycle.record(
        "agent.started",
        call.experiment,
        key=call.key,
        role=question.role,
        runner=call.runner.name,
        name=name,
        invocations=call.runner.invocations_per_call,
        prompt_bytes=len(prompt.encode()),
        workspace=_state_of(call),
        playbook=learned.shown,
        trial=learned.trial,
        withheld=learned.withheld,
    )
    cycle.warn_if_low()
    if call.workspace is not None:
        result = _watched(call, call.invocation(name, prompt, call.workspace))
    else:
        revision = question.revision or cycle.head
        with scratch_checkout(cycle.lab.repo, revision, parent=cycle.lab.workspaces) as checkout:
            result = call.runner.run(call.invocation(name, prompt, checkout))
    _store_answer(call, name, result)
    return result


def _watched(call: Call, invocation: Invocation) -> AgentResult:
    """A Builder's call between two looks at what it has to leave alone; what differs is journalled.

    The first look is stored, for the program may not live to take the second.
    """
    before = _look(call, invocation)
    write_fingerprint(_fingerprint_file(invocation), before)
    result = call.runner.run(invocation)
    _tell(call, differences(before, _look(call, invocation)))
    return result


def _look(call: Call, invocation: Invocation) -> Fingerprint:
    lab = call.cycle.lab
    own = [invocation.output_dir, call.folder]
    places = watched_places(lab.paths, lab.repo.common_dir, lab.home, invocation.cwd, own)
    return {**watch(places, lab.repo), **watch_advice(lab.home)}


def _fingerprint_file(invocation: Invocation) -> Path:
    return invocation.output_dir.with_name(f"{invocation.output_dir.name}.watched.json")


def _compare_adopted(call: Call, invocation: Invocation) -> None:
    """The second look at a call that ended while the factory was not there.

    The cycle's own journal has grown since. In the checkout the person may have worked meanwhile: what
    differs there is told, and not held against the Builder.
    """
    before = read_fingerprint(_fingerprint_file(invocation))
    if before is None:
        missing = TamperFinding(Area.STATE, str(_fingerprint_file(invocation)), "is gone")
        _tell(call, [missing])
        return
    journal = str(call.cycle.lab.paths.journal(call.cycle.id))
    found = [f for f in differences(before, _look(call, invocation)) if f.path != journal]
    _tell(call, found, spared=Area.CHECKOUT)


def _tell(call: Call, found: Sequence[TamperFinding], *, spared: Area | None = None) -> None:
    """Journal what differs, and which of it ends the experiment; ``spared`` is an area that never does."""
    if not found:
        return
    grave = violations(found, sandboxed=call.cycle.lab.agents_sandbox.active)
    call.cycle.record(
        "tamper.found",
        call.experiment,
        key=call.key,
        findings=[finding.message for finding in found],
        violations=[finding.message for finding in grave if finding.area is not spared],
    )
    for finding in found:
        call.cycle.progress.warn(finding.message)
    for place in disregard_consent(grave, call.cycle.lab.home):
        call.cycle.progress.warn(f"{place} counts for nothing now: agree again to what you have agreed to")


def _state_of(call: Call) -> str:
    """A commit of what lies in the workspace now, so that a call that is cut off can start from it again."""
    if call.workspace is None or call.experiment is None:
        return ""
    baseline = str(call.cycle.state.result("begin", call.scope)["baseline"])
    return snapshot(call.cycle.lab.repo, call.workspace, baseline, "Workspace before a call") or baseline


def _free_name(folder: Path, role: str) -> str:
    taken = len(list(folder.glob(f"{role}-*.prompt.md")))
    return f"{role}-{taken + 1}"


def _store_answer(call: Call, name: str, result: AgentResult) -> None:
    """Store what the agent said, then journal that it is stored; a failed try leaves no answer to take up."""
    role = call.question.role
    shown = call.cycle.state.running.get(call.key, {}).get("playbook", ())
    atomic_write(call.folder / f"{name}.output.md", result.text)
    write_json(call.folder / f"{name}.meta.json", {"v": FORMAT_VERSION, "role": role} | result.to_data())
    call.cycle.record(
        "agent.failed" if result.status in NOT_EVIDENCE else "agent.completed",
        call.experiment,
        key=call.key,
        role=role,
        runner=call.runner.name,
        name=name,
        status=result.status,
        tokens=result.tokens,
        tokens_in=result.tokens_in,
        tokens_cached=result.tokens_cached,
        tokens_out=result.tokens_out,
        cost_usd=result.cost_usd,
        duration_s=round(result.duration_s, 3),
        citations=citations(role, result, shown),
    )


def _read_answer(folder: Path, stored: Mapping[str, Any]) -> AgentResult:
    meta = json.loads((folder / f"{stored['name']}.meta.json").read_text(encoding="utf-8"))
    text = (folder / f"{stored['name']}.output.md").read_text(encoding="utf-8")
    return AgentResult.from_data(meta, text)
