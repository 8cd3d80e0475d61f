"""``factory spec approve``: a person agrees to a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from factory import output
from factory.ancestry import refuse_agents
from factory.approvals import Approval, Approvals, How, fingerprint
from factory.commands.spec_files import count, plan_file, read_text, show_findings
from factory.config import default_project, load_project
from factory.errors import EXIT_NO, EXIT_OK, Refused
from factory.paths import CONFIG_FILE, factory_home
from factory.project import Project, open_project
from factory.spec import Form, PlanLimits, Spec, SpecFinding, check, parse
from factory.target import SPEC_FILE
from factory.words import quoted


def approve(target: Path, *, yes: bool, as_json: bool) -> int:
    """Show what would be approved, have it confirmed, and record the approval for the project it lies in.

    Returns 1 for a plan with errors and for a no. Raises Refused inside an agent's process, and where
    there is neither a terminal nor ``yes``.
    """
    refuse_agents("approve a spec")
    file = plan_file(target) if target.is_dir() else target
    text = read_text(file)
    spec = parse(text)
    project = open_project(file.resolve().parent)
    findings = check(spec, _limits(project))
    if any(finding.severity == "error" for finding in findings):
        return _spoiled(file, findings)
    approvals = Approvals(factory_home(), project.paths.key, output.note)
    known = approvals.latest()
    if known is None or known.sha256 != fingerprint(text):
        _describe(file, text, spec, findings)
        if not _agreed(file, yes=yes):
            output.note("Nothing was approved.")
            return EXIT_NO
        how: How = "command" if yes else "terminal"
        known = approvals.approve(
            text, who=project.repo.person, form=str(spec.form), title=spec.title, how=how
        )
    _tell(known, project, file, text, as_json=as_json)
    return EXIT_OK


def _limits(project: Project) -> PlanLimits:
    """The limits that bind a plan of this project, as they are committed."""
    text = project.repo.show("HEAD", CONFIG_FILE)
    configured = (load_project(text, CONFIG_FILE) if text is not None else default_project()).strategy
    return PlanLimits(
        min_growth=configured.min_growth, max_new=configured.max_new, similarity=configured.similarity
    )


def _spoiled(file: Path, findings: Sequence[SpecFinding]) -> int:
    show_findings(file, findings)
    output.note("A plan with errors cannot be approved: mend them first.")
    return EXIT_NO


def _describe(file: Path, text: str, spec: Spec, findings: Sequence[SpecFinding]) -> None:
    output.note(f"file:      {file}")
    output.note(f"title:     {spec.title}")
    output.note(f"form:      {spec.form}")
    output.note(f"plan:      {count(len(spec.phases), 'phase')}, {count(len(spec.features), 'feature')}")
    output.note(f"blocked:   {count(len(spec.blocked), 'item')} waiting for you")
    if findings:
        output.note(f"warnings:  {len(findings)}, see `factory spec check {quoted(file)}`")
    output.note(f"SHA-256:   {fingerprint(text)}")


def _agreed(file: Path, *, yes: bool) -> bool:
    if yes:
        return True
    if not output.can_ask():
        raise Refused(
            "An approval needs a person's answer, and there is no terminal.",
            f"Type it in one, or say yes beforehand: `factory spec approve {quoted(file)} --yes`.",
        )
    return output.confirm("Approve this text as it stands?")


def _tell(approval: Approval, project: Project, file: Path, text: str, *, as_json: bool) -> None:
    if as_json:
        output.emit_json({"project": str(project.root), "file": str(file), **asdict(approval)})
        return
    output.say(
        f"{approval.title} is approved for {project.root}, by {approval.who} at {approval.when[:19]}Z: {file}"
    )
    is_project = approval.form == Form.PROJECT
    for line in _commit_advice(project, file, text) if is_project else _plan_advice(project, file):
        output.say(line)


def _commit_advice(project: Project, file: Path, text: str) -> list[str]:
    """What to say about the commit of a project's specification, which is not made here."""
    committed, root = project.repo.show("HEAD", SPEC_FILE), project.root
    if committed == text:
        return [f"{SPEC_FILE} is committed with this very text."]
    if _is_found(project, file.resolve()):
        return [f"Nothing was committed; the build does that: factory ceo {quoted(root)} --mode build"]
    git = f"git -C {quoted(root)}"
    return [
        f"Nothing was committed, and a build takes what is {SPEC_FILE} at the project's top. Type:",
        f"  cp {quoted(file.resolve())} {quoted(root / SPEC_FILE)}",
        f"  {git} add {SPEC_FILE}",
        f"  {git} commit -m 'Specify the project'",
    ]


def _is_found(project: Project, file: Path) -> bool:
    """Whether a build takes an approved file from where it lies: as SPEC.md, or as the first draft of one."""
    place = project.root / SPEC_FILE
    is_first = project.repo.show("HEAD", SPEC_FILE) is None and not place.exists()
    return file == place.resolve() or (file == project.paths.plan.resolve() and is_first)


def _plan_advice(project: Project, file: Path) -> list[str]:
    """How an approved improvement is carried out: from the one place where improve looks for its plan."""
    lines = (
        [] if file.resolve() == project.paths.plan else [f"cp {quoted(file)} {quoted(project.paths.plan)}"]
    )
    return [f"next: {' && '.join([*lines, f'factory ceo {quoted(project.root)} --mode improve'])}"]
