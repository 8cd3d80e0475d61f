"""``factory contribute``: what was learned in general, and giving it back if a person says so."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from factory import output
from factory.ace.contributor.candidates import load_classification, read_playbooks, store_candidates
from factory.ace.contributor.classify import classify_evolved_playbooks
from factory.ace.contributor.execute import Sent, execute_contribution
from factory.ace.contributor.explain import package_evidence
from factory.ace.contributor.model import ClassifiedItem, Label
from factory.ace.contributor.prepare import Contribution, prepare_contribution
from factory.ace.contributor.scrub import Private
from factory.ace.contributor.standing import Standing, standing, state_of
from factory.ace.contributor.submissions import Submission, load_submissions, record_submission
from factory.ace.contributor.summary import offer, summary_text
from factory.ace.contributor.upstream import cloned, look, slug_of
from factory.ace.paths import DEFAULTS_DIR, user_playbooks_dir
from factory.ancestry import refuse_agents
from factory.commands.insights import histories
from factory.config import settings_in_force
from factory.errors import EXIT_ENVIRONMENT, EXIT_NO, EXIT_OK, BadInput, Refused
from factory.fsio import utc_now
from factory.github import GhClient
from factory.insights.projects import ProjectHistory
from factory.paths import factory_home
from factory.registry import Registry


def run(args: argparse.Namespace) -> int:
    """Classify, submit, or tell how things stand."""
    if args.submit:
        return _submit(args)
    stray = [name for name in ("items", "repo", "dry_run", "yes") if getattr(args, name)]
    if stray:
        raise BadInput(
            f"--{stray[0].replace('_', '-')} belongs to --submit.", "Add --submit, or leave it out."
        )
    return _status(args) if args.status else _classify(args)


def _classify(args: argparse.Namespace) -> int:
    known = histories(args.projects_dir)
    items = _classified(known)
    made = store_candidates(factory_home(), items, _counted(known))
    if args.json:
        output.emit_json(_with_evidence(made.items, made.projects, made.timestamp))
        return EXIT_OK
    output.say(summary_text(items, made.projects))
    output.say()
    output.say(offer(items))
    return EXIT_OK


def _counted(known: Sequence[ProjectHistory]) -> int:
    """Projects that have anything to say."""
    return sum(bool(one.decided) for one in known)


def _classified(known: Sequence[ProjectHistory]) -> list[ClassifiedItem]:
    evolved = read_playbooks(user_playbooks_dir())
    for role, playbook in evolved.items():
        for line in playbook.damaged:
            output.note(f"{role}.md:{line.line}: damaged, not classified: {line.problem}")
    return classify_evolved_playbooks(evolved, read_playbooks(DEFAULTS_DIR), known)


def _with_evidence(items: Sequence[ClassifiedItem], projects: int, timestamp: str) -> dict[str, object]:
    from factory.ace.contributor.explain import explain, what_is_missing  # noqa: PLC0415

    listed = [
        {"id": one.item.id, "text": one.item.text, "reason": explain(one), "missing": what_is_missing(one)}
        | evidence
        for one, evidence in zip(items, package_evidence(items), strict=True)
    ]
    return {"v": 1, "timestamp": timestamp, "projects": projects, "items": listed}


def _status(args: argparse.Namespace) -> int:
    home = factory_home()
    stored = load_classification(home)
    github = GhClient() if GhClient.installed() else None
    sent = [(one, state_of(one, github)) for one in load_submissions(home)]
    if args.json:
        output.emit_json(
            {
                "v": 1,
                "classified": stored.timestamp if stored else None,
                "candidates": [_candidate(one) for one in (stored.items if stored else [])],
                "submissions": [one.model_dump(mode="json") | {"state": state} for one, state in sent],
            }
        )
        return EXIT_OK
    if stored is None:
        output.say("Nothing was classified yet: `factory contribute --classify`.")
    else:
        cells = [(one.name, one.label.value, f"{one.score:.2f}", one.item.text) for one in stored.items]
        output.table(("item", "label", "score", "text"), cells, f"Candidates, classified {stored.timestamp}")
    output.say()
    if not sent:
        output.say("Nothing was sent yet.")
        return EXIT_OK
    rows = [
        (one.repository, one.url or one.branch, len(one.items), one.last_sent, state) for one, state in sent
    ]
    output.table(("repository", "pull request or branch", "items", "sent", "state"), rows, "Sent")
    return EXIT_OK


def _candidate(one: ClassifiedItem) -> dict[str, object]:
    return {"item": one.name, "label": one.label.value, "score": one.score, "text": one.item.text}


def _submit(args: argparse.Namespace) -> int:
    """Prepare, show, ask, send. Nothing is sent without a person's word, and never for an agent."""
    refuse_agents("send a contribution")
    asked = args.yes or args.dry_run
    if not asked and not output.can_ask():
        raise Refused(
            "Sending a contribution takes a person's consent, and there is no terminal to ask in.",
            "Type --yes to agree beforehand, or --dry-run to see what would be sent.",
        )
    home = factory_home()
    repository = settings_in_force({"repo": args.repo}, None).config.contribute.repository
    known = histories(args.projects_dir)
    items = _classified(known)
    store_candidates(home, items, _counted(known))
    chosen = _chosen(items, args.items, ask=not asked)
    if not chosen:
        output.say("No item was chosen, so nothing was sent.")
        return EXIT_OK
    github = GhClient() if GhClient.installed() else None
    stands = standing(load_submissions(home), repository, github)
    contribution = _prepared(repository, chosen, known, stands)
    _show(contribution)
    if args.items and contribution.refused:
        raise Refused(f"{contribution.refused[0].name} cannot be sent: {contribution.refused[0].why}.")
    if not contribution.items and not _lacks_a_pull_request(contribution, stands):
        return _nothing_new(contribution)
    if args.dry_run:
        output.note("This was a dry run: nothing was sent.")
        return EXIT_OK
    if not args.yes and not output.confirm(_question(contribution)):
        output.say("Nothing was sent.")
        return EXIT_NO
    return _send(contribution, stands)


def _chosen(items: Sequence[ClassifiedItem], wanted: str | None, *, ask: bool) -> list[ClassifiedItem]:
    """The items named by the person, else the general ones, one by one where a person is there."""
    if wanted:
        return [_named(items, name.strip()) for name in wanted.split(",") if name.strip()]
    general = [one for one in items if one.label is Label.GENERAL]
    if not general:
        best = items[0] if items else None
        raise Refused(
            "No item is general enough to be sent.",
            f"The nearest is {best.name}: {_missing(best)}."
            if best
            else "`factory ace` evolves playbooks first.",
        )
    if not ask:
        return general
    chosen = []
    for one in general:
        output.say(summary_text([one], one.evidence.known_projects))
        if output.confirm(f"Offer {one.name}?"):
            chosen.append(one)
    return chosen


def _missing(one: ClassifiedItem) -> str:
    from factory.ace.contributor.explain import what_is_missing  # noqa: PLC0415

    return "it lacks " + "; ".join(what_is_missing(one))


def _named(items: Sequence[ClassifiedItem], name: str) -> ClassifiedItem:
    found = [one for one in items if name in (one.name, one.item.id)]
    if len(found) == 1:
        return found[0]
    what = "Several items are called" if found else "There is no learned item"
    raise BadInput(
        f"{what} {name!r}.", f"The items are: {', '.join(one.name for one in items) or 'none yet'}."
    )


def _prepared(
    repository: str, chosen: Sequence[ClassifiedItem], known: Sequence[ProjectHistory], stands: Standing
) -> Contribution:
    others: list[Path] = [project.path for project in Registry(factory_home()).known()]
    private = Private.of(known, others)
    earlier = stands.open
    with cloned(repository) as repo:
        branch, place = (earlier.branch, earlier.pushed_to) if earlier else ("", "")
        upstream = look(repo, repository, branch, place)
    return prepare_contribution(chosen, upstream, private, earlier.items if earlier else (), stands.settled)


def _show(contribution: Contribution) -> None:
    """The whole of what would be sent, on stdout; what stays here, on stderr."""
    for name, removed in contribution.removed.items():
        for kind, text in removed:
            output.note(f"{name}: taken out: {kind}: {text}")
    for left in contribution.refused:
        output.note(f"{left.name}: not sent: {left.why}")
    for left in contribution.duplicates:
        output.note(f"{left.name}: not sent again: {left.why}")
    if not contribution.items:
        return
    what = "added to" if contribution.updates else "new, from"
    output.say(f"Repository: {contribution.repository}")
    output.say(
        f"Branch: {contribution.branch} ({what} {contribution.base[:12]}, into {contribution.base_branch})"
    )
    output.say(f"\nCommit message:\n\n{contribution.message}")
    for path, text in contribution.files.items():
        output.say(f"--- {path}\n{text}")
    output.say(f"--- pull request: {contribution.title}\n\n{contribution.body}")


def _lacks_a_pull_request(contribution: Contribution, stands: Standing) -> bool:
    return contribution.updates and stands.open is not None and not stands.open.url and GhClient.installed()


def _nothing_new(contribution: Contribution) -> int:
    if contribution.refused and not contribution.duplicates:
        first = contribution.refused[0]
        raise Refused(f"Nothing can be sent. {first.name}: {first.why}.")
    output.say("Upstream has all of it already, so nothing was sent.")
    return EXIT_OK


def _question(contribution: Contribution) -> str:
    count = len(contribution.items)
    what = f"{count} item{'' if count == 1 else 's'}" if count else "the pull request"
    return f"Send {what} to {contribution.repository}, branch {contribution.branch}?"


def _send(contribution: Contribution, stands: Standing) -> int:
    home = factory_home()
    earlier = stands.open if contribution.updates else None

    def record(place: str, head: str = "", url: str = "") -> None:
        record_submission(home, _submission(contribution, earlier, place, head, url))

    sent = execute_contribution(
        contribution,
        GhClient if GhClient.installed() else None,
        pushed_to=earlier.pushed_to if earlier else "",
        before_push=record,
    )
    record(sent.pushed_to, sent.commit, sent.url)
    return _tell(contribution, sent)


def _submission(
    contribution: Contribution, earlier: Submission | None, place: str, head: str, url: str
) -> Submission:
    now = utc_now()
    return Submission(
        repository=contribution.repository,
        branch=contribution.branch,
        pushed_to=place,
        head=head,
        url=url or (earlier.url if earlier else ""),
        first_sent=earlier.first_sent if earlier else now,
        last_sent=now,
        items=[*contribution.earlier, *contribution.items],
    )


def _tell(contribution: Contribution, sent: Sent) -> int:
    output.say(f"Sent: branch {sent.branch} at {sent.pushed_to}, commit {sent.commit[:12]}.")
    if sent.url:
        output.say(f"Pull request: {sent.url}")
        return EXIT_OK
    output.note(f"There is no pull request: {sent.lacking}")
    if not slug_of(contribution.repository):
        return EXIT_OK
    output.note("Run the same command again when that is mended, or open it from the branch by hand.")
    return EXIT_ENVIRONMENT
