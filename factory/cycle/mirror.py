"""The copy of the log in a git ref, where `git clean` cannot reach it."""

from __future__ import annotations

from collections.abc import Iterator

from factory.cycle.lab import Lab
from factory.fsio import write_lock
from factory.git import write_blob_ref

LOG_REF = "refs/factory/log"


def mirror_log(lab: Lab, when: str) -> None:
    """Commit the log as it is now to its ref; ``when`` says which close this is.

    A log that has lost what its mirror still has is no newer one: the mirror stays, and ``verify`` tells.
    """
    log = lab.paths.results
    if log.exists() and not any(mirror_problems(lab)):
        with write_lock(lab.repo.common_dir):
            write_blob_ref(lab.repo, LOG_REF, log.name, log, f"Log at the close of {when}")


def mirror_problems(lab: Lab) -> Iterator[str]:
    """The mirrored log must be a beginning of the log, for the log only grows."""
    log = lab.paths.results
    now = log_lines(log.read_bytes() if log.exists() else b"")
    kept = log_lines(mirrored_log(lab))
    if now[1 : len(kept)] != kept[1:]:
        yield (
            "results.tsv lacks or changes lines that its mirror has; "
            f"`git show {LOG_REF}:{log.name}` shows them, `factory verify --restore` puts them back"
        )


def log_lines(text: bytes) -> list[bytes]:
    """The physical lines of a log as its readers take them, without the newline; a lone CR ends none."""
    return text.removesuffix(b"\n").split(b"\n") if text else []


def mirrored_log(lab: Lab) -> bytes:
    """The log as it was mirrored last; empty where it never was."""
    text = lab.repo.show(LOG_REF, lab.paths.results.name) if lab.repo.find(LOG_REF) else None
    return (text or "").encode("utf-8", "surrogateescape")
