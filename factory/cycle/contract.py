"""Which specification a build carries out: what a person has agreed to, or what it has drafted for itself."""

from __future__ import annotations

from factory.approvals import Approvals, difference
from factory.cycle.lab import Lab
from factory.errors import BadInput, Refused
from factory.fsio import read_exactly
from factory.spec import Form
from factory.target import SPEC_FILE


def approved_text(lab: Lab, revision: str) -> str:
    """The text of SPEC.md at a commit, approved by a person, or adopted by the build that drafted it.

    Raises Refused where it is neither, with what changed since it was.
    """
    text = lab.repo.show(revision, SPEC_FILE) or ""
    if text and _approvals(lab).contract_of(text) is not None:
        return text
    raise _refused(lab, text)


def waiting_text(lab: Lab) -> str:
    """The approved specification of a project that is not committed yet; empty where there is none.

    It lies in the checkout as SPEC.md, or as the draft of a design. Raises Refused for a SPEC.md that lies
    there and is not approved.
    """
    place = lab.paths.root / SPEC_FILE
    if place.is_file():
        text = read_exactly(place)
        if _approvals(lab).contract_of(text) is None:
            raise _refused(lab, text)
        return text
    draft = read_exactly(lab.paths.plan) if lab.paths.plan.is_file() else ""
    approval = _approvals(lab).of(draft) if draft else None
    return draft if approval is not None and approval.form == Form.PROJECT else ""


def require_ground(lab: Lab, revision: str, idea: str) -> None:
    """Before a build begins: something approved, or an idea to plan from.

    Raises Refused for an unapproved SPEC.md, BadInput where there is nothing to build from.
    """
    if lab.repo.show(revision, SPEC_FILE) is not None:
        approved_text(lab, revision)
    elif not waiting_text(lab) and not idea:
        raise BadInput(
            f"There is nothing to build in {lab.paths.root}: it has no {SPEC_FILE}.",
            'Name an idea or a .md file: factory ceo "…" --mode build, or --mode design to argue about it.',
        )


def refuse_specified(lab: Lab, revision: str) -> None:
    """Raise Refused before a design begins for an idea whose project has its SPEC.md: it would replace it."""
    text = lab.repo.show(revision, SPEC_FILE)
    if text is None:
        return
    root = lab.paths.root
    if _approvals(lab).contract_of(text) is None:
        raise _refused(lab, text)
    raise Refused(
        f"{root} has its {SPEC_FILE} already; what is agreed is not drafted again.",
        f"`factory ceo {root} --mode build` goes on with it, `factory ceo {root} --mode design` argues about "
        "what comes next.",
    )


def changed_in_checkout(lab: Lab, known: str) -> str:
    """How the checkout's SPEC.md differs from the text that was approved; empty where it does not.

    A checkout without one is that of a build that has not been integrated yet.
    """
    place = lab.paths.root / SPEC_FILE
    return difference(known, read_exactly(place)) if place.is_file() else ""


def _approvals(lab: Lab) -> Approvals:
    return Approvals(lab.home, lab.paths.key, lab.say)


def _refused(lab: Lab, text: str) -> Refused:
    latest = next((known for known in _approvals(lab).contracts() if known.form == Form.PROJECT), None)
    changed = f"\n{difference(_approvals(lab).text_of(latest), text)}" if latest and text else ""
    return Refused(
        f"{SPEC_FILE} is not approved{' as it is now' if latest else ''}.{changed}",
        f"Read it, then: factory spec approve {lab.paths.root / SPEC_FILE}",
    )
