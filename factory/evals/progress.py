"""How a measurement tells what it is at."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]


class Remark(str):
    """A text of long or unusual work: worth a line of its own wherever progress is shown."""

    __slots__ = ()
