"""Which specification a build carries out: what a person has agreed to, or what it has drafted for itself."""

from __future__ import annotations

from dataclasses import dataclass

from factory.approvals import Approval, Approvals, difference
from factory.cycle.lab import Lab
from factory.errors import BadInput, Refused
from factory.fsio import read_exactly
from factory.models import FeatureCheck, PlanItem
from factory.spec import Form, Spec, parse
from factory.target import SPEC_FILE
from factory.words import quoted


def approved_text(lab: Lab, revision: str) -> str:
    """The text of SPEC.md at a commit, approved by a person, or adopted by the build that drafted it.

    Raises Refused where it is neither, with what changed since it was.
    """
    text = lab.repo.show(revision, SPEC_FILE) or ""
    if text and is_agreed(lab, text):
        return text
    raise _refused(lab, text)


def text_to_build(lab: Lab, revision: str) -> str:
    """The approved specification to build on a commit; empty where there is none.

    An edit in the checkout is newer than what is committed, and a design's draft counts where there is no
    SPEC.md at all. Raises Refused for one that is not approved.
    """
    edited, committed = edited_text(lab), lab.repo.show(revision, SPEC_FILE)
    text = committed if edited is None else edited
    if text is None:
        return _approved_draft(lab)
    if not is_agreed(lab, text):
        raise _refused(lab, text)
    return text


def _approved_draft(lab: Lab) -> str:
    draft = read_exactly(lab.paths.plan) if lab.paths.plan.is_file() else ""
    approval = approval_of(lab, draft) if draft else None
    return draft if approval is not None and approval.form == Form.PROJECT else ""


def agreed_text(lab: Lab) -> str:
    """SPEC.md as it is in the checkout, where that is approved or adopted; else empty."""
    edited = edited_text(lab)
    text = (lab.repo.show("HEAD", SPEC_FILE) or "") if edited is None else edited
    return text if text and is_agreed(lab, text) else ""


def word_for(lab: Lab, sha256: str) -> str:
    """What a specification is: approved by a person, or only specified, by the build that drafted it."""
    found = (known for known in _approvals(lab).contracts() if known.sha256 == sha256)
    return "approved" if isinstance(next(found, None), Approval) else "specified"


def waits_to_be_built(lab: Lab) -> bool:
    """Whether an approved draft of a new project lies here that no commit has a SPEC.md of yet."""
    return lab.repo.show("HEAD", SPEC_FILE) is None and bool(_approved_draft(lab))


def waiting_draft(lab: Lab) -> str:
    """The draft of a new project that lies here while there is no SPEC.md, approved or not; else empty."""
    if lab.repo.show("HEAD", SPEC_FILE) is not None or edited_text(lab) is not None:
        return ""
    draft = read_exactly(lab.paths.plan) if lab.paths.plan.is_file() else ""
    try:
        return draft if parse(draft).form is Form.PROJECT else ""
    except BadInput:
        return ""


def waiting_plan(lab: Lab) -> str:
    """The plan or draft with which a cycle goes on, every byte of it. Raises Refused where it is gone."""
    place = lab.paths.plan
    if not place.is_file():
        raise Refused(
            f"{place}, with which this cycle goes on, is gone.",
            f"Put it back; or give the cycle up: factory abandon {quoted(lab.paths.root)}",
        )
    return read_exactly(place)


def edited_text(lab: Lab) -> str | None:
    """The checkout's SPEC.md where it is not the one of its commit, empty if deleted; None where it is."""
    place, committed = lab.paths.root / SPEC_FILE, lab.repo.show("HEAD", SPEC_FILE)
    if not place.is_file():
        return None if committed is None else ""
    text = read_exactly(place)
    return None if text == committed or lab.repo.holds("HEAD", SPEC_FILE) else text


def require_ground(lab: Lab, revision: str, idea: str) -> None:
    """Before a build begins: something approved, or an idea to plan from.

    Raises Refused for an unapproved SPEC.md and an unapproved draft of one, BadInput where there is nothing
    to build from.
    """
    if not text_to_build(lab, revision) and not idea:
        draft = waiting_draft(lab)
        if draft:
            raise _refused(lab, draft, str(lab.paths.plan))
        raise BadInput(
            f"There is nothing to build in {lab.paths.root}: it has no {SPEC_FILE}.",
            'Name an idea or a .md file: factory ceo "…" --mode build, or --mode design to argue about it.',
        )


def refuse_specified(lab: Lab, revision: str) -> None:
    """Raise Refused before a design begins for an idea whose project has its SPEC.md: it would replace it."""
    text = lab.repo.show(revision, SPEC_FILE)
    if text is None:
        return
    if not is_agreed(lab, text):
        raise _refused(lab, text)
    root = lab.paths.root
    raise Refused(
        f"{root} has its {SPEC_FILE} already; what is agreed is not drafted again.",
        f"`factory ceo {quoted(root)} --mode build` goes on with it, "
        f"`factory ceo {quoted(root)} --mode design` argues about what comes next.",
    )


@dataclass(frozen=True)
class Changed:
    """What SPEC.md has become while a build was in flight; ``text`` is empty where it was deleted."""

    text: str
    difference: str


def changed_since(lab: Lab, known: str, *, start: str, target: str) -> Changed | None:
    """How SPEC.md in the checkout or on the target branch differs from the contract ``known``; None if not.

    ``start`` is the target's commit when the build began: a target without the contract is one that the
    build has not been integrated into yet.
    """
    edited = edited_text(lab)
    before, now = (lab.repo.show(at, SPEC_FILE) for at in (start, f"refs/heads/{target}"))
    moved = None if now == before else now or ""
    for text in (edited, moved):
        if text is not None and text != known:
            return Changed(text, difference(known, text))
    return None


def approval_of(lab: Lab, text: str) -> Approval | None:
    """The approval of exactly this text as a project's specification, or None."""
    approval = _approvals(lab).of(text) if text else None
    return approval if approval is not None and approval.form == Form.PROJECT else None


def is_agreed(lab: Lab, text: str) -> bool:
    """Whether a build may carry out exactly this text: approved by a person, or adopted by its own build."""
    contract = _approvals(lab).contract_of(text) if text else None
    return contract is not None and contract.form == Form.PROJECT


def text_of(lab: Lab, sha256: str) -> str:
    """The approved or adopted text with that hash. Raises Refused where its record is gone."""
    approvals = _approvals(lab)
    for contract in approvals.contracts():
        if contract.sha256 == sha256:
            return approvals.text_of(contract)
    raise Refused(
        f"The approval of the specification that is built, {sha256[:12]}, is gone or damaged.",
        f"factory spec approve {quoted(lab.paths.root / SPEC_FILE)}",
    )


def items_of(spec: Spec) -> list[PlanItem]:
    """The phases of a specification, each with what it is held to."""
    return [
        item.model_copy(update={"checks": checks_of(spec, item.phase), "verify": ""}) for item in spec.items()
    ]


def checks_of(spec: Spec, number: int) -> list[FeatureCheck]:
    """The rows of the features that a phase completes: those that no later phase serves."""
    phase = spec.phase(number)
    assert phase is not None
    later = {ref for other in spec.phases if other.number > number for ref in other.refs}
    return [
        FeatureCheck(feature=ref, command=row.command)
        for row in spec.matrix
        for ref in row.refs
        if ref in phase.refs and ref not in later and row.command
    ]


def _approvals(lab: Lab) -> Approvals:
    return Approvals(lab.home, lab.paths.key, lab.say)


def _refused(lab: Lab, text: str, name: str = SPEC_FILE) -> Refused:
    place = lab.paths.root / name
    if not text:
        return Refused(f"{SPEC_FILE} was deleted.", f"git -C {quoted(lab.paths.root)} restore {SPEC_FILE}")
    latest = next((known for known in _approvals(lab).contracts() if known.form == Form.PROJECT), None)
    changed = f"\n{difference(_approvals(lab).text_of(latest), text)}" if latest else ""
    return Refused(
        f"{name} is not approved{' as it is now' if latest else ''}.{changed}",
        f"Read it, then: factory spec approve {quoted(place)}",
    )
