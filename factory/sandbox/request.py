"""What a process is allowed, said without a word about how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Access = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class SandboxRequest:
    """What one process may see and write; all else of the machine but the system's own files is not there.

    ``workspace`` is where it starts, writable or not by ``access``; ``home`` and ``tmp`` are its own,
    writable. ``readable`` and ``writable`` are further files and folders; what is missing is passed over. The
    installation of the program that is started is readable without being named.
    """

    workspace: Path
    access: Access
    home: Path
    tmp: Path
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    network: bool = True
