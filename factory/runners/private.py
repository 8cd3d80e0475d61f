"""What an agent's process has to itself: a home, a temporary folder, and its CLI's login, lent."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from factory.fsio import atomic_write, ensure_private_dir
from factory.paths import factory_home
from factory.process import NETWORK_ALLOWED, allowed_env
from factory.scratch import left_over, remove

# Version managers look for their tools below HOME unless told; none of these folders holds a secret.
_TOOL_FOLDERS = {
    "PYENV_ROOT": ".pyenv",
    "RUSTUP_HOME": ".rustup",
    "ASDF_DATA_DIR": ".asdf",
    "VOLTA_HOME": ".volta",
}
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True)
class Private:
    """The private folders of one invocation; they go when it ends."""

    root: Path

    @property
    def home(self) -> Path:
        """The process' HOME."""
        return self.root / "home"

    @property
    def tmp(self) -> Path:
        """The process' TMPDIR."""
        return self.root / "tmp"

    def write(self, name: str, text: str) -> Path:
        """A file that only this user reads, in the home."""
        path = self.home / name
        ensure_private_dir(path.parent)
        path.touch(mode=0o600)
        atomic_write(path, text)
        return path


@contextlib.contextmanager
def private_folders(output_dir: Path) -> Iterator[Private]:
    """Private folders for the invocation that writes to ``output_dir``.

    They lie in the factory home and not beside the output, for a login is in them. What a factory that was
    killed has left there is removed first.
    """
    parent = factory_home().agents
    ensure_private_dir(parent.parent)
    ensure_private_dir(parent)
    for left in left_over(parent):
        remove(left)
    private = Private(parent / f"{os.getpid()}-{_digest(output_dir)}")
    for folder in (private.root, private.home, private.tmp):
        ensure_private_dir(folder)
    try:
        yield private
    finally:
        remove(private.root)


def _digest(path: Path) -> str:
    """Short, for the path of a socket in TMPDIR may have some hundred bytes."""
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class LoginFile:
    """The file in which a CLI keeps its login: the person's (``source``), and its place in a private home."""

    source: Path
    inside: str

    def lend(self, private: Private) -> str | None:
        """Copy the login into a private home; what was copied, or None where there is none."""
        try:
            text = self.source.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        private.write(self.inside, text)
        return text

    def take_back(self, private: Private, lent: str | None) -> None:
        """Keep a login that the CLI has renewed, for the old one may be void.

        Only after a call whose agent could not have written the file; a change of the person's wins.
        """
        with contextlib.suppress(OSError, ValueError):
            text = (private.home / self.inside).read_text(encoding="utf-8")
            json.loads(text)
            if lent is not None and text != lent and self.source.read_text(encoding="utf-8") == lent:
                atomic_write(self.source.resolve(), text)


def agent_env(private: Private) -> dict[str, str]:
    """The variables that every agent's process gets: no key, no login, no address of a package index."""
    network = {name: os.environ[name] for name in (*NETWORK_ALLOWED, *_CERTIFICATES) if name in os.environ}
    tools = {name: str(path) for name, path in tool_folders().items()}
    return allowed_env(network | tools | {"HOME": str(private.home), "TMPDIR": str(private.tmp)})


def tool_folders() -> dict[str, Path]:
    """The folders of version managers that are there, by the variables that name them."""
    found = {name: Path(os.environ.get(name) or Path.home() / place) for name, place in _TOOL_FOLDERS.items()}
    return {name: path for name, path in found.items() if path.is_dir()}


def first_set(names: Iterable[str]) -> str:
    """The value of the first of these variables that is set, or an empty string."""
    return next((os.environ[name] for name in names if os.environ.get(name)), "")
