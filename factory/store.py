"""The experiment log and the experiments' folders: appended to, never altered.

Continuing a file that an earlier tool wrote: its rows stay byte for byte as they are, and its header stays
too, widened by whole generations of columns where it has none of them (``widened``), so that the shorter old
rows remain valid by the reading rule in ``rows``. A header that cannot be widened under that rule is left
alone; what it has no column for is in the experiment's folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from factory import fsio
from factory.errors import BadInput, Refused
from factory.paths import ProjectPaths
from factory.rows import (
    COLUMNS,
    GENERATIONS,
    DamagedLine,
    Layout,
    Row,
    clean,
    format_line,
    read_layout,
    stream,
)

if TYPE_CHECKING:
    from factory.models import ExperimentRecord, Model

M = TypeVar("M", bound="Model")

HIGHEST_ID = 999_999_999
"""The highest id of an experiment: the longest that is looked for in the names of refs, too."""

_FOLDER_ID = re.compile(r"(\d{1,15})(?!\d)")


def widened(columns: Sequence[str]) -> tuple[str, ...]:
    """``columns`` and the newer generations' columns after them, where rows of the old width stay valid.

    A header that has some columns of a newer generation already, but not all, is returned as it is.
    """
    for known in GENERATIONS[:-1]:
        tail = COLUMNS[known:]
        if not set(tail) & set(columns):
            return (*columns, *tail)
    return tuple(columns)


@dataclass(frozen=True)
class ExperimentFolder:
    """What is known of one experiment beyond its row. ``path`` is its folder, made when first written to."""

    path: Path
    common_dir: Path

    def write(self, name: str, content: Model | dict[str, Any] | str | bytes) -> Path:
        """Store ``content`` under ``name`` (such as ``verdict.json`` or ``reviews/ceo-1.json``), atomically.

        Raises BadInput for a name that leads out of the folder.
        """
        target = self._inside(name)
        with fsio.write_lock(self.common_dir):
            fsio.ensure_private_dir(target.parent)
            if isinstance(content, (str, bytes)):
                fsio.atomic_write(target, content)
            else:
                fsio.write_json(target, content)
        return target

    def read(self, name: str, kind: type[M]) -> M:
        """What was stored under ``name``.

        Raises BadInput when it is missing or damaged, Refused when a newer program wrote it.
        """
        return fsio.read_json(self._inside(name), kind)

    def find(self, name: str, kind: type[M]) -> M | None:
        """What was stored under ``name``, None where nothing was; raises as ``read`` does."""
        return self.read(name, kind) if self.exists(name) else None

    def read_text(self, name: str) -> str:
        """The text stored under ``name``. Raises BadInput when it is missing or unreadable."""
        target = self._inside(name)
        try:
            return target.read_text(encoding="utf-8", errors="replace")
        except OSError as problem:
            raise BadInput(f"{target} cannot be read: {problem.strerror}.") from None

    def exists(self, name: str) -> bool:
        """Whether something is stored under ``name``."""
        return self._inside(name).is_file()

    def names(self, folder: str = ".") -> list[str]:
        """The names stored in a folder of it, sorted, relative to the experiment."""
        place = self._inside(folder)
        if not place.is_dir():
            return []
        return sorted(str(found.relative_to(self.path)) for found in place.iterdir() if found.is_file())

    def _inside(self, name: str) -> Path:
        target = self.path / name
        if not target.resolve().is_relative_to(self._root()):
            raise BadInput(f"{name!r} leads out of the experiment's folder {self.path}.")
        return target

    def _root(self) -> Path:
        # The folder itself could have been handed over as a link to somewhere else.
        return self.path.parent.resolve() / self.path.name


class ExperimentStore:
    """The experiments of one project. ``common_dir`` is git's, where the write lock lies."""

    def __init__(self, paths: ProjectPaths, common_dir: Path) -> None:
        """A store over ``paths``; nothing is read or made yet."""
        self.paths = paths
        self.common_dir = common_dir

    def rows(self) -> Iterator[Row | DamagedLine]:
        """The log's rows and damaged lines, in file order."""
        return stream(self.paths.results)

    def experiment(self, number: int) -> ExperimentFolder:
        """The folder of an experiment (which need not be there yet)."""
        return ExperimentFolder(self.paths.experiment(number), self.common_dir)

    def next_id(self, reserved: Iterable[int] = ()) -> int:
        """The lowest number above every id in the log, every experiment folder and ``reserved``; 1 at least.

        The id of a damaged line counts where it can be told, one above ``HIGHEST_ID`` does not. Raises
        BadInput when the log has no header, Refused when the highest id is taken.
        """
        read_layout(self.paths.results)
        logged = (entry.id or 0 for entry in self.rows())
        taken = max(
            (number for number in chain(reserved, self._folder_ids(), logged) if number <= HIGHEST_ID),
            default=0,
        )
        if taken == HIGHEST_ID:
            raise Refused(
                f"No id is left for an experiment here: {HIGHEST_ID} is taken.",
                f"Look for it in {self.paths.results}, in {self.paths.experiments} and among the branches.",
            )
        return 1 + taken

    def append(self, record: ExperimentRecord) -> None:
        """Write the record's row, durably, under the write lock.

        A row of the same id, cycle, hypothesis and verdict that is there already is left as it is (a resumed
        cycle writes no row twice). Raises Refused when another row has the id, BadInput when the log has no
        header.
        """
        with fsio.write_lock(self.common_dir):
            layout = self._open_log()
            line = format_line(_values(record), layout.columns)
            if self._is_torn(line):
                fsio.durable_append(self.paths.results, line, torn="drop")
            elif not self._written(record):
                fsio.durable_append(self.paths.results, line)

    def _folder_ids(self) -> Iterator[int]:
        try:
            names = [folder.name for folder in self.paths.experiments.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            found = _FOLDER_ID.match(name)
            if found:
                yield int(found[1])

    def _written(self, record: ExperimentRecord) -> bool:
        # A damaged line does not count: it may be this very row, torn by a crash.
        same_id = [row for row in self.rows() if isinstance(row, Row) and row.id == record.id]
        if any(_is_row_of(row, record) for row in same_id):
            return True
        if same_id:
            raise Refused(
                f"Experiment {record.id} is already in the log, on line {same_id[0].line}, as another one.",
                "The log is append-only; `factory verify` shows whether it adds up.",
            )
        return False

    def _open_log(self) -> Layout:
        """Make the log where there is none, widen an older header, and give the layout to write under."""
        target = self._target()
        layout = read_layout(target)
        if layout is None:
            fsio.ensure_private_dir(self.paths.state)
            fsio.atomic_write(target, "\t".join(COLUMNS) + "\n")
            return Layout(COLUMNS)
        wider = widened(layout.columns)
        if wider != layout.columns:
            _widen(target, wider[len(layout.columns) :])
            return Layout(wider)
        return layout

    def _target(self) -> Path:
        """The file to write: where ``results.tsv`` is a link, what it leads to."""
        target = self.paths.results.resolve()
        if self.paths.results.is_symlink() and not target.is_file():
            raise BadInput(
                f"{self.paths.results} is a link to {target}, which is no file.",
                "Make that file, or remove the link; nothing was written.",
            )
        return target

    def _is_torn(self, line: str) -> bool:
        """Whether the log's last line has no end and is a beginning of ``line``, left by a crash.

        Any other last line without an end was saved that way by somebody; it is ended and kept.
        """
        last = self.paths.results.read_bytes().rpartition(b"\n")[2]
        return bool(last) and line.encode().startswith(last)


def _values(record: ExperimentRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in COLUMNS}


def _is_row_of(row: Row, record: ExperimentRecord) -> bool:
    return (
        (row.cycle == clean(record.cycle) or "cycle" in row.lacking)
        and row.hypothesis == clean(record.hypothesis)
        and row.verdict == record.verdict
    )


def _widen(path: Path, added: Sequence[str]) -> None:
    """Rewrite the header line with ``added`` at its end; every other byte stays."""
    content = path.read_bytes()
    header, end, rest = content.partition(b"\n")
    bare = header.rstrip(b"\r")
    end = (header[len(bare) :] + end) or b"\n"
    fsio.atomic_write(path, bare + "".join("\t" + name for name in added).encode() + end + rest)
