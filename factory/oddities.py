"""What is odd about a log and yet readable: told with line numbers, never mended."""

from __future__ import annotations

from collections.abc import Iterator

from factory.rows import VERDICTS, Row

_SHOWN = 5


class Oddities:
    """Gathers the oddities of a log, row by row, in little memory."""

    def __init__(self) -> None:
        """Before the first row."""
        self._seen: set[int] = set()
        self._first_zone: bool | None = None
        self._lines: dict[str, list[int]] = {}
        self._counts: dict[str, int] = {}

    def see(self, row: Row) -> None:
        """Take in the next row."""
        self._see_id(row)
        if row.text("verdict") not in VERDICTS and not row.verdict:
            self._note("the verdict is none of keep, revert and error", row)
        if not row.hypothesis.strip():
            self._note("the hypothesis is missing", row)
        for score in (row.score_before, row.score_after):
            # Research mode records its metric there, in the metric's own units.
            if score is not None and not 0 <= score <= 1 and row.kind != "research":
                self._note("a score is not between 0 and 1", row)
        self._see_zone(row)

    def sentences(self) -> Iterator[str]:
        """One sentence for each kind of oddity, naming the first lines that show it."""
        for what, lines in self._lines.items():
            more = self._counts[what] - len(lines)
            numbers = ", ".join(map(str, lines)) + (f" and {more} more" if more else "")
            yield f"{'line' if len(lines) == 1 and not more else 'lines'} {numbers}: {what}"

    def _see_id(self, row: Row) -> None:
        # Not odd: a lower id than one before it. Experiments are begun in one order and decided in another.
        number = row.id
        if number is None:
            self._note("the id is missing or no number", row)
        elif number in self._seen:
            self._note("the id was given to an earlier line too", row)
        else:
            self._seen.add(number)

    def _see_zone(self, row: Row) -> None:
        clock = row.timestamp[11:]
        if not clock:
            return
        zoned = clock[-1] in "Zz" or "+" in clock or "-" in clock
        if self._first_zone is None:
            self._first_zone = zoned
        elif zoned != self._first_zone:
            kind = "with" if zoned else "without"
            self._note(f"the time is {kind} a zone, unlike the first one", row)

    def _note(self, what: str, row: Row) -> None:
        lines = self._lines.setdefault(what, [])
        self._counts[what] = self._counts.get(what, 0) + 1
        if len(lines) < _SHOWN:
            lines.append(row.line)
