"""``factory contribute --submit``: prepare, show, ask, send. Never for an agent, never without a word."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from factory import output
from factory.ace.contributor.candidates import classify_known
from factory.ace.contributor.classify import Experience
from factory.ace.contributor.execute import Sent, execute_contribution
from factory.ace.contributor.explain import what_is_missing
from factory.ace.contributor.model import ClassifiedItem, Label
from factory.ace.contributor.prepare import Contribution, prepare_contribution
from factory.ace.contributor.scrub import Private
from factory.ace.contributor.standing import Standing, standing
from factory.ace.contributor.submissions import Submission, load_submissions, record_submission
from factory.ace.contributor.summary import summary_text
from factory.ace.contributor.upstream import cloned, look, slug_of
from factory.ancestry import refuse_agents
from factory.commands.insights import histories
from factory.config import settings_in_force
from factory.errors import EXIT_ENVIRONMENT, EXIT_NO, EXIT_OK, BadInput, Refused
from factory.fsio import FORMAT_VERSION, utc_now
from factory.github import GhClient
from factory.insights.projects import ProjectHistory
from factory.paths import factory_home
from factory.registry import Registry


def submit(args: argparse.Namespace) -> int:
    """Send the chosen items upstream, with a person's consent."""
    if args.json and not args.dry_run:
        raise BadInput("--json tells what a --dry-run would send.", "Add --dry-run, or leave it out.")
    _insist_on_consent(args)
    repository = settings_in_force({"repo": args.repo}, None).config.contribute.repository
    known = histories(args.projects_dir)
    items = classify_known(factory_home(), known, output.note).items
    chosen = _chosen(items, args.items, ask=not (args.yes or args.dry_run))
    if not chosen:
        output.say("No item was chosen, so nothing was sent.")
        return EXIT_NO
    github = GhClient() if GhClient.installed() else None
    stands = standing(load_submissions(factory_home()), repository, github)
    contribution = _prepared(repository, chosen, known, _private(args.projects_dir, known), stands)
    if args.json:
        output.emit_json({"v": FORMAT_VERSION, **contribution.model_dump(mode="json")})
    else:
        _show(contribution)
    if args.items and contribution.refused:
        _refuse(contribution)
    if not contribution.items and not _lacks_a_pull_request(contribution, stands):
        return _nothing_new(contribution, quiet=args.json)
    if args.dry_run:
        output.note("This was a dry run: nothing was sent.")
        return EXIT_OK
    if not args.yes and not output.confirm(_question(contribution)):
        output.say("Nothing was sent.")
        return EXIT_NO
    return _send(contribution, stands)


def submit_now() -> int:
    """The same with no option set: every question is asked. For a person who was offered it."""
    nothing = dict.fromkeys(("items", "repo", "projects_dir"))
    return submit(argparse.Namespace(**nothing, yes=False, dry_run=False, json=False))


def _insist_on_consent(args: argparse.Namespace) -> None:
    """Whether a person can say yes is settled before anything else is done."""
    refuse_agents("send a contribution")
    if not (args.yes or args.dry_run or output.can_ask()):
        raise Refused(
            "Sending a contribution takes a person's consent, and there is no terminal to ask in.",
            "Type --yes to agree beforehand, or --dry-run to see what would be sent.",
        )


def _chosen(items: Sequence[ClassifiedItem], wanted: str | None, *, ask: bool) -> list[ClassifiedItem]:
    """The items that the person names, else the general ones, one by one where a person is there."""
    if wanted is not None:
        return [_named(items, name.strip()) for name in wanted.split(",") if name.strip()]
    general = [one for one in items if one.label is Label.GENERAL]
    if not general:
        raise Refused("No item is general enough to be sent.", _nearest(items))
    return [one for one in general if not ask or _wanted(one)]


def _wanted(one: ClassifiedItem) -> bool:
    output.say(summary_text([one], one.evidence.known_projects))
    return output.confirm(f"Offer {one.name}?")


def _nearest(items: Sequence[ClassifiedItem]) -> str:
    if not items:
        return "Your playbooks have no item that differs from the defaults."
    return f"The nearest is {items[0].name}; missing: {'; '.join(what_is_missing(items[0]))}."


def _named(items: Sequence[ClassifiedItem], name: str) -> ClassifiedItem:
    found = [one for one in items if name in (one.name, one.item.id)]
    if len(found) == 1:
        return found[0]
    what = "Several learned items are called" if found else "There is no learned item"
    known = ", ".join(one.name for one in items) or "none yet"
    raise BadInput(f"{what} {name!r}.", f"The items are: {known}.")


def _prepared(
    repository: str,
    chosen: Sequence[ClassifiedItem],
    known: Sequence[ProjectHistory],
    private: Private,
    stands: Standing,
) -> Contribution:
    earlier = stands.open
    with cloned(repository) as repo:
        branch, place = (earlier.branch, earlier.pushed_to) if earlier else ("", "")
        upstream = look(repo, repository, branch, place)
    return prepare_contribution(
        chosen,
        upstream,
        private,
        earlier=earlier.items if earlier else (),
        settled=stands.settled,
        experience=Experience(known),
    )


def _private(projects_dir: str | None, known: Sequence[ProjectHistory]) -> Private:
    """What must not leave: names and words of the projects that items are judged by, and of all others."""
    others = histories(None) if projects_dir is not None else []
    return Private.of([*known, *others], Registry(factory_home()).entries())


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
    how = "more on top of" if contribution.updates else "new, from"
    output.say(f"Repository: {contribution.repository}, into {contribution.base_branch}")
    output.say(f"Branch: {contribution.branch}, {how} {contribution.base[:12]}")
    output.say(f"\n--- commit message\n{contribution.message}")
    for path, text in contribution.files.items():
        output.say(f"--- {path}\n{text}")
    output.say(f"--- pull request: {contribution.title}\n{contribution.body}")


def _refuse(contribution: Contribution) -> None:
    first = contribution.refused[0]
    raise Refused(f"{first.name} cannot be sent: {first.why}.", "Nothing was sent.")


def _lacks_a_pull_request(contribution: Contribution, stands: Standing) -> bool:
    """Whether the branch has arrived earlier, and no pull request could be made then."""
    return bool(
        contribution.updates
        and stands.open
        and not stands.open.url
        and slug_of(contribution.repository)
        and GhClient.installed()
    )


def _nothing_new(contribution: Contribution, *, quiet: bool) -> int:
    if not contribution.duplicates:
        _refuse(contribution)
    (output.note if quiet else output.say)("Upstream has it already, or was offered it, so nothing was sent.")
    return EXIT_OK


def _question(contribution: Contribution) -> str:
    count = len(contribution.items)
    what = f"{count} item{'' if count == 1 else 's'}" if count else "the pull request"
    return f"Send {what} to {contribution.repository}, branch {contribution.branch}?"


def _send(contribution: Contribution, stands: Standing) -> int:
    earlier = stands.open if contribution.updates else None

    def record(place: str, head: str = "", url: str = "") -> None:
        record_submission(factory_home(), _submission(contribution, earlier, place, head, url))

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
