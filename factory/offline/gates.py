"""The roles that judge, by rules over facts; each reason says that it is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from factory.offline.answers import answered
from factory.offline.builder import task_of
from factory.offline.facts import mapping_of, mappings_of, text_of
from factory.offline.tasks import Task
from factory.runners.base import AgentResult, Invocation

_FILE = re.compile(r"^diff --git a/(.+) b/(.+)$", re.MULTILINE)


def review(invocation: Invocation) -> AgentResult:
    """Reviewer: PROCEED for a clean, non-empty diff that touches only what the item names."""
    facts = invocation.facts
    diff = text_of(facts, "diff")
    files = sorted({after for _, after in _FILE.findall(diff)})
    task = task_of(mapping_of(facts, "item"))
    findings = [
        *(
            text_of(f, "message") or "the guard objects"
            for f in mappings_of(mapping_of(facts, "guard"), "findings")
        ),
        *(["the guard gave no report"] if not mapping_of(facts, "guard") else []),
        *(["the diff is empty"] if not diff.strip() else []),
        *(f"{path} is not what the item names" for path in files if task and not _belongs(task, path)),
    ]
    if findings:
        return _verdict("ABORT", "; ".join(findings), findings=findings)
    known = (
        f"the change is what `{task.command}` touches"
        if task
        else "whether it serves its item was not judged"
    )
    return _verdict("PROCEED", f"the guard is clean, the diff is not empty, {known}", findings=[])


def _belongs(task: Task, path: str) -> bool:
    inside = (
        task.tool != "log"
        or not task.package
        or "/" not in task.package
        or path.startswith(task.package + "/")
    )
    return inside and path.endswith((".py", ".pyi", ".ipynb"))


def decide(invocation: Invocation) -> AgentResult:
    """CEO: PROCEED when no recorded check failed, else ABORT. Never REDIRECT: that would take advice.

    An empty list of checks is one: at that gate, the program's own rules found nothing. No list is none.
    """
    checks = mappings_of(invocation.facts, "checks")
    gate = (
        f"the {text_of(invocation.facts, 'gate')} gate" if text_of(invocation.facts, "gate") else "this gate"
    )
    failed = [
        f"{text_of(c, 'name') or 'a check'}: {_detail(c)}" for c in checks if c.get("passed") is not True
    ]
    if not isinstance(invocation.facts.get("checks"), list):
        return _verdict("ABORT", f"no checks were recorded at {gate}", corrections=[])
    if failed:
        return _verdict("ABORT", f"at {gate}, {'; '.join(failed)}", corrections=[])
    passed = f"all {len(checks)} checks passed" if checks else "no rule objected"
    return _verdict("PROCEED", f"at {gate}, {passed}", corrections=[])


def _detail(check: Mapping[str, Any]) -> str:
    return text_of(check, "detail") or "failed"


def _verdict(verdict: str, reason: str, **lists: list[str]) -> AgentResult:
    answer: dict[str, Any] = {"verdict": verdict, "reason": f"by rule: {reason}", **lists}
    if "findings" in lists:
        answer["citations"] = []
    return answered(answer)
