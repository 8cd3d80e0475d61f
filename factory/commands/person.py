"""The person at this terminal, as a cycle meets them."""

from __future__ import annotations

from factory import output
from factory.cycle.context import Draft, Opinion
from factory.dialog import DraftView, discuss
from factory.errors import EXIT_OK, FactoryError


class AtTerminal:
    """Asks; ``progress`` shows nothing meanwhile."""

    def __init__(self, progress: output.Progress) -> None:
        self._progress = progress

    def discuss(self, draft: Draft) -> Opinion:
        """Show a draft and hear what the person says to it."""
        self._progress.pause()
        said = discuss(DraftView(draft.text, draft.round, findings=draft.findings, previous=draft.previous))
        return Opinion(said.kind, said.text)

    def offer(self, summary: str) -> str:
        """Show what was learned, and send what they agree to upstream; no is the default."""
        self._progress.pause()
        output.say(summary)
        if not output.confirm("Choose items to contribute upstream now?"):
            return "skipped"
        from factory.commands.contribute_submit import submit_now  # noqa: PLC0415 - seldom needed

        try:
            return "sent" if submit_now() == EXIT_OK else "not sent"
        except FactoryError as error:
            output.error(error)
            return f"not sent: {error.message}"
