"""The only place that prints. Results go to stdout, everything else to stderr.

Whatever is printed is made harmless first: text from agents, issues and commands may hold escape sequences
that would rewrite the terminal. Rich is imported only for a person at a terminal.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from factory.errors import FactoryError, Refused

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

PLAIN_WIDTH = 80
NARROWEST_COLUMN = 8
PIECE_WAIT = 0.05
"""Seconds without a key after which a paste has ended."""
MOST_PIECES = 100
"""A terminal that is at its end is ready for ever; this often it is looked at, at the most."""

# C0 and C1 controls but tab and newline; what reorders text (bidirectional overrides); lone surrogates.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_TOKEN = re.compile(r"\s*(?:[^\s`]|`[^`]*`|`)+")
"""A word with the space before it; what stands in backticks is one, however many words it has."""
_VERBATIM = re.compile(r"^\s*next:|(^|: )\s*(git|factory) |^\s*[{\[]")
"""What somebody may copy from a line: a command at its start or after a colon, JSON."""
LONGEST_FLOOR = 30
"""A column of a table is not made narrower than its longest word, but for words above this."""
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?%?$")


def printable(text: str) -> str:
    """Text with everything that could steer a terminal shown as an escape, such as ``\\x1b``."""
    return _HARMFUL.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def say(text: str = "") -> None:
    """Prints a result, on stdout; in a terminal a long line is broken between words."""
    _write(sys.stdout, _shown(sys.stdout, text))


def note(text: str) -> None:
    """Prints what is no result, on stderr; when nobody reads that any more, nothing."""
    with contextlib.suppress(BrokenPipeError):
        _write(sys.stderr, _shown(sys.stderr, text))


def _shown(stream: TextIO, text: str) -> str:
    text = printable(text)
    if "\n" not in text and is_terminal(stream):  # a document keeps its lines
        text = "\n".join(broken(text, _width(stream)))
    return text + "\n"


def broken(line: str, width: int) -> list[str]:
    """A line as lines of at most ``width`` characters, broken between words; a longer word stays whole."""
    if len(line) <= width or _VERBATIM.search(line):
        return [line]
    hanging = " " * (len(line) - len(line.lstrip()) + 2)
    lines = [""]
    for token in _TOKEN.findall(line):
        too_long = len(lines[-1]) + len(token) > width
        next_line = hanging + token.lstrip()
        # A first word is not left alone for one that is too long for any line.
        if too_long and (" " in lines[-1].strip() or (lines[-1] and len(next_line) <= width)):
            lines.append(next_line)
        else:
            lines[-1] += token
    return lines


def _width(stream: TextIO) -> int:
    """The columns of a terminal."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or PLAIN_WIDTH
    except (OSError, ValueError):
        return PLAIN_WIDTH


def emit_json(obj: Any) -> None:
    """Prints a JSON document on stdout; models, dataclasses and paths within are turned into plain values."""
    _write(sys.stdout, to_json(obj, indent=2) + "\n")


def to_json(obj: Any, indent: int | None = None) -> str:
    """The JSON text of plain values, models, dataclasses, paths and sets; ASCII, so that it is harmless."""
    import json  # noqa: PLC0415 - for a fast --help

    return json.dumps(obj, indent=indent, default=_plain)


def _plain(obj: Any) -> Any:
    if hasattr(obj, "model_dump"):
        return obj.model_dump(mode="json")
    if hasattr(obj, "__dataclass_fields__"):
        return {name: getattr(obj, name) for name in obj.__dataclass_fields__}
    if isinstance(obj, os.PathLike):
        return os.fspath(obj)
    if isinstance(obj, (set, frozenset)):
        return sorted(obj)
    raise TypeError(f"{type(obj).__name__} has no JSON form")


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a terminal that knows no UTF-8
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def flush() -> None:
    """Sends out what stdout still holds back; raises BrokenPipeError when its reader is gone."""
    sys.stdout.flush()


def forget_stdout() -> None:
    """Turns stdout into a sink: the interpreter would complain of its gone reader at the end."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)


def fill_missing_streams() -> None:
    """Makes the null device of each standard stream that the program was started without, as by ``>&-``.

    Else the first file that is opened would take its place, and children would write into that.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            sink = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(sink, True)
            setattr(sys, name, os.fdopen(sink, mode, closefd=False))


def is_terminal(stream: TextIO) -> bool:
    """Whether a person watches this stream, on a terminal that can move its cursor."""
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Prints a table on stdout: drawn in a terminal, aligned text elsewhere. None is an empty cell.

    Aligned text stays within 80 columns where it can; long cells go on in the next line, and nothing is cut.
    """
    cells = [["" if c is None else printable(str(c)).replace("\n", " ") for c in row] for row in rows]
    if is_terminal(sys.stdout):
        _terminal_table(columns, cells, title)
    else:
        _write(sys.stdout, "".join(f"{line}\n" for line in plain_table(columns, cells, title)))


def _terminal_table(columns: Sequence[str], rows: list[list[str]], title: str) -> None:
    """A drawn table where its words fit beside each other; else one without lines; else a block for a row."""
    width, floors = _width(sys.stdout), _widths(columns, rows)[1]
    room = width - 3 * len(columns) - 1
    if sum(floors) <= room:
        widths, _ = _widths(columns, rows)
        _narrow(widths, floors, room)
        _drawn_table(columns, rows, title, widths)
        return
    if sum(floors) + 2 * (len(columns) - 1) <= width:
        _write(sys.stdout, "".join(f"{line}\n" for line in plain_table(columns, rows, title, width)))
        return
    if title:
        say(title)
    for row in rows:
        told = [f"{name}: {cell}" for name, cell in zip(columns, row, strict=True) if cell]
        _write(sys.stdout, "".join(_shown(sys.stdout, line) for line in [*told, ""]))


def _drawn_table(columns: Sequence[str], rows: list[list[str]], title: str, widths: Sequence[int]) -> None:
    from rich.table import Table  # noqa: PLC0415 - only for a person
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(title=Text(printable(title)) if title else None, title_justify="left")
    numeric = _numeric_columns(len(columns), rows)
    for name, right, width in zip(columns, numeric, widths, strict=True):
        drawn.add_column(Text(name), justify="right" if right else "left", overflow="fold", width=width)
    for row in rows:
        drawn.add_row(*map(Text, row))
    _console(sys.stdout).print(drawn)


def plain_table(
    columns: Sequence[str], rows: list[list[str]], title: str = "", within: int = PLAIN_WIDTH
) -> Iterator[str]:
    """The lines of an aligned table, ``within`` so many characters where its columns can be that narrow."""
    room = within - 2 * (len(columns) - 1)
    widths, floors = _widths(columns, rows)
    for floor in (floors, [NARROWEST_COLUMN] * len(widths)):
        _narrow(widths, floor, room)
    right = _numeric_columns(len(columns), rows)
    if title:
        yield printable(title)
    yield from _plain_row(list(columns), widths, right)
    yield "  ".join("-" * width for width in widths)
    for row in rows:
        yield from _plain_row(row, widths, right)


def _plain_row(row: list[str], widths: list[int], right: list[bool]) -> Iterator[str]:
    parts = [_wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
    for number in range(max(map(len, parts))):
        texts = [part[number] if number < len(part) else "" for part in parts]
        aligned = [t.rjust(w) if r else t.ljust(w) for t, w, r in zip(texts, widths, right, strict=True)]
        yield "  ".join(aligned).rstrip()


def _wrap(cell: str, width: int) -> list[str]:
    if len(cell) <= width:
        return [cell]
    import textwrap  # noqa: PLC0415 - for a fast --help

    return textwrap.wrap(cell, width)


def _widths(columns: Sequence[str], rows: list[list[str]]) -> tuple[list[int], list[int]]:
    """How wide each column would be, and its longest word, below which it should not be narrowed."""
    cells = list(zip(columns, *rows, strict=True))
    words = [max((len(word) for cell in column for word in cell.split()), default=0) for column in cells]
    return [max(map(len, column)) for column in cells], [min(word, LONGEST_FLOOR) for word in words]


def _narrow(widths: list[int], floors: Sequence[int], room: int) -> None:
    """Narrows the widest columns until the table fits into ``room``, none below its floor."""
    while sum(widths) > room:
        free = [at for at, width in enumerate(widths) if width > floors[at]]
        if not free:
            return
        widest = max(free, key=widths.__getitem__)
        others = max((widths[at] for at in free if at != widest), default=0)
        # At once down to the next widest, or as far as needed: widths may be in the thousands.
        needed = widths[widest] - (sum(widths) - room)
        widths[widest] = max(needed, min(others, widths[widest] - 1), floors[widest])


def _numeric_columns(count: int, rows: list[list[str]]) -> list[bool]:
    """Which columns hold nothing but numbers, and at least one."""
    columns = [[row[i] for row in rows if row[i]] for i in range(count)]
    return [bool(texts) and all(map(_NUMBER.match, texts)) for texts in columns]


def markdown(text: str) -> None:
    """Prints a Markdown text on stdout: rendered in a terminal, as it is elsewhere."""
    if not is_terminal(sys.stdout):
        say(text.rstrip("\n"))
        return
    from rich.markdown import Markdown  # noqa: PLC0415 - only for a person

    _console(sys.stdout).print(Markdown(printable(text), hyperlinks=False))


def diff(text: str) -> None:
    """Prints a unified diff on stderr, coloured in a terminal that has colours."""
    if not is_terminal(sys.stderr):
        note(text)
        return
    from rich.text import Text  # noqa: PLC0415 - only for a person

    shown = Text()
    for line in printable(text).split("\n"):
        shown.append(f"{line}\n", style=_diff_style(line))
    _console(sys.stderr).print(shown, end="")


def _diff_style(line: str) -> str:
    if line.startswith(("---", "+++", "@@")):
        return "dim"
    return {"+": "green", "-": "red"}.get(line[:1], "")


def error(problem: FactoryError, log_path: Path | None = None) -> None:
    """Prints an expected failure on stderr, without secrets: one sentence, what to do next, where the log is.

    What other programs said is quoted in it, an address with a password included; and CI keeps it.
    """
    from factory.redact import redact  # noqa: PLC0415

    note(f"factory: {redact(problem.message)}")
    if problem.hint:
        note(f"  {redact(problem.hint)}")
    if log_path is not None:
        note(f"  Log: {log_path}")


def confirm(question: str) -> bool:
    """Asks a person yes or no; an empty answer is no. Raises Refused when no person is there to ask.

    What was typed or pasted before the question was put is no answer to it, and is thrown away.
    """
    _insist_on_a_person(question)
    while True:
        _forget_typed_ahead()
        answer = _read_answer(f"{question} [y/N] ", question).strip().lower()
        if answer in ("y", "yes"):
            return True
        if answer in ("", "n", "no"):
            return False
        note("Please answer yes or no.")


def ask_text(question: str) -> str:
    """Asks a person for a line of text, which may be empty. Raises Refused when no person is there to ask."""
    _insist_on_a_person(question)
    return _read_answer(f"{question}\n> ", question).strip()


def ask_lines(question: str) -> str:
    """Asks a person for lines of text, up to a line with a single dot or the end of input (Ctrl-D).

    They come back as typed, without blank lines around them; empty when nothing was typed. Raises Refused
    when no person is there to ask.
    """
    _insist_on_a_person(question)
    _write(sys.stderr, printable(f"{question}\n"))
    lines: list[str] = []
    while True:
        _write(sys.stderr, "| ")
        line = sys.stdin.readline()
        if not line:
            _write(sys.stderr, "\n")
        if not line or line.strip() == ".":
            return "\n".join(lines).strip("\n")
        lines.append(line.rstrip("\r\n"))


def can_ask() -> bool:
    """Whether a person can be asked: a terminal on both sides, and not inside an agent's process."""
    return is_a_tty(sys.stdin) and is_a_tty(sys.stderr) and not os.environ.get("FACTORY_ROLE")


def is_a_tty(stream: TextIO) -> bool:
    """Whether a stream is a terminal, be it a dumb one; a closed stream is none."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def _insist_on_a_person(question: str) -> None:
    if os.environ.get("FACTORY_ROLE"):
        raise Refused(f"Only a person can answer this, not an agent: {question}")
    if not can_ask():
        raise Refused(f"This needs a person's answer, and there is no terminal: {question}")


def _read_answer(prompt: str, question: str) -> str:
    _write(sys.stderr, printable(prompt))
    line = sys.stdin.readline()
    if not line:
        _write(sys.stderr, "\n")
        raise Refused(f"No answer was given: {question}")
    return line


def _forget_typed_ahead() -> None:
    """Throws away what waits at the terminal, until nothing more comes: a long paste comes in pieces."""
    import select  # noqa: PLC0415 - for a fast --help
    import termios  # noqa: PLC0415 - for a fast --help

    with contextlib.suppress(termios.error, OSError):  # a terminal that is gone: reading it tells
        for _ in range(MOST_PIECES):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
            if not select.select([sys.stdin], [], [], PIECE_WAIT)[0]:
                return


def _console(stream: TextIO) -> Console:
    from rich.console import Console  # noqa: PLC0415 - only for a person

    # NO_COLOR and the terminal's size are Rich's own business.
    return Console(file=stream, markup=False, highlight=False, emoji=False)


def duration(seconds: float) -> str:
    """Seconds for people: 0.4s, 12s, 3m05s, 1h02m."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


class Progress:
    """Shows how a cycle gets on: a line for each finished step, a spinner for the running one.

    On stderr, or, ``as_json``, one JSON object a line on stdout. A reader that goes away does not stop the
    cycle. Used as a context manager, so that no spinner survives it.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json = as_json
        self._label = ""
        self._detail = ""
        self._status: Status | None = None
        self._is_live = not as_json and is_terminal(sys.stderr)

    def step_started(self, label: str) -> None:
        """A step runs now."""
        self._label, self._detail = label, ""
        self._spin()

    def detail(self, text: str) -> None:
        """What the running step is at: beside the spinner, and nowhere where there is none."""
        self._detail = text
        self._spin()

    def step_finished(
        self, label: str, elapsed_s: float, tokens: int | None = None, budget_text: str = ""
    ) -> None:
        """A step is over: its seconds, its tokens (None: it used no agent), what is left of the budget."""
        self._stop_spinning()
        self._label = self._detail = ""
        self._line(finished_line(label, elapsed_s, tokens, budget_text))

    def warn(self, text: str) -> None:
        """Something the person should know."""
        self.event("warning", text=text)
        self._line(f"warning: {text}")

    def say(self, text: str) -> None:
        """A line between the steps."""
        self.event("note", text=text)
        self._line(text)

    def pause(self) -> None:
        """Stops the spinner while a person is asked; the next thing shown brings it back."""
        self._stop_spinning()

    def event(self, name: str, **data: Any) -> None:
        """Emits a JSON line, where that is asked for; else nothing."""
        if self._as_json:
            with contextlib.suppress(BrokenPipeError):
                _write(sys.stdout, to_json({"event": name, **data}) + "\n")

    def close(self) -> None:
        """Stops the spinner; harmless when repeated."""
        self._label = self._detail = ""
        self._stop_spinning()

    def _line(self, text: str) -> None:
        if self._as_json:
            return
        was_spinning = self._status is not None
        self._stop_spinning()  # so that the line is written like any other
        note(text)
        if was_spinning:
            self._spin()

    def _spin(self) -> None:
        shown = ": ".join(part for part in (self._label, self._detail) if part)
        if not self._is_live or not shown:
            return
        from rich.text import Text  # noqa: PLC0415 - only for a person

        self._stop_spinning()
        self._status = _console(sys.stderr).status(Text(_one_line(shown)))
        self._status.start()

    def _stop_spinning(self) -> None:
        status, self._status = self._status, None
        if status is not None:
            status.stop()

    def __enter__(self) -> Progress:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stops the spinner."""
        self.close()


def _one_line(label: str) -> str:
    """A label that fits beside the spinner: a second line would leave its traces on the screen."""
    import shutil  # noqa: PLC0415 - for a fast --help

    room = max(shutil.get_terminal_size().columns - 4, 10)
    line = printable(label).replace("\n", " ")
    return line if len(line) <= room else line[: room - 1] + "…"


def finished_line(label: str, elapsed_s: float, tokens: int | None, budget_text: str) -> str:
    """The line of a finished step: how long, what, and, where known, tokens and budget."""
    extras = [f"{tokens:,} tokens"] if tokens is not None else []
    if budget_text:
        extras.append(budget_text)
    return f"{duration(elapsed_s):>7}  {label}" + (f"  ({', '.join(extras)})" if extras else "")
