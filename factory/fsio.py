"""Files that survive: atomic replacement, durable append, versioned JSON, locks.

Nothing here imports pydantic, and filelock only when a lock is taken, so that reading commands stay fast.
Errors of the file system that a person can mend (full disk, missing permission) come as EnvironmentLacking.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import json
import os
import pwd
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from factory.errors import BadInput, EnvironmentLacking, FactoryError, Refused

if TYPE_CHECKING:
    from filelock import FileLock

    from factory.models import Model

    M = TypeVar("M", bound=Model)

FORMAT_VERSION = 1  # the same number as models.FORMAT_VERSION, which cannot be imported without pydantic
WRITE_LOCK_WAIT_S = 60.0
# A reader that looks whether the cycle lock is held holds it for an instant; a cycle waits that out.
CYCLE_LOCK_WAIT_S = 1.0

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_ODD = (errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EIO, errno.ESTALE)
_temporary_names = itertools.count()


def environment_error(error: OSError, path: Path | str | None = None) -> EnvironmentLacking | None:
    """The sentence for a full disk or a missing permission; None for any other error."""
    where = path or error.filename or "a file"
    if error.errno in _FULL:
        return EnvironmentLacking(
            f"The disk is full: {where} could not be written.", "Make room and try again."
        )
    if error.errno == errno.EROFS:
        return EnvironmentLacking(f"{where} is on a read-only file system.")
    if error.errno in _DENIED:
        return EnvironmentLacking(
            f"Permission denied: {where}.", "Give yourself access to it, or use another place."
        )
    if "No usable temporary directory" in str(error):  # tempfile has tried to write into each of them
        return EnvironmentLacking(
            "There is no folder that a temporary file can be written to; the disk may be full.",
            "Make room, or set TMPDIR to a folder of yours.",
        )
    if error.errno in _ODD and error.filename:
        return EnvironmentLacking(
            f"{where} cannot be used: {os.strerror(error.errno)}.", "Look at what lies there."
        )
    return None


def unreadable(path: Path | str, error: OSError) -> FactoryError:
    """The error to raise for a file that cannot be read: a folder in its place, or no permission."""
    known = environment_error(error, path) if error.errno in _DENIED else None
    return known or BadInput(f"{path} cannot be read: {error.strerror}.", "Look at what lies there.")


@contextlib.contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        sentence = environment_error(error, path)
        if sentence is None:
            raise
        raise sentence from error


def ensure_private_dir(path: Path) -> None:
    """Makes a directory that only the user can enter (0700), and its missing parents likewise.

    An existing one is made private too, unless it is a symlink. Raises BadInput where a file is in the way.
    """
    with _clear_errors(path):
        missing = [p for p in (path, *path.parents) if not p.exists()]
        for directory in reversed(missing):
            try:
                directory.mkdir(mode=0o700)
            except FileExistsError:
                pass  # another process was faster
            except FileNotFoundError as error:  # as anywhere below /proc
                raise EnvironmentLacking(f"{directory} cannot be made.", "Name another place.") from error
        if not path.is_dir():
            raise BadInput(f"{path} is not a directory.", "Move it out of the way.")
        if not path.is_symlink() and path.stat().st_mode & 0o077:
            path.chmod(0o700)


def read_exactly(path: Path) -> str:
    """A file's text, every byte of it; undecodable ones as surrogates: what is hashed is what is there."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def atomic_write(path: Path, text: str | bytes) -> None:
    """Replaces a file at once: readers, and a crash, see the old content or the new, whole and on disk.

    An existing file keeps its permissions; a symlink is replaced, not followed. A missing directory is made,
    private to the user.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}.{next(_temporary_names)}.tmp")
    if not path.parent.is_dir():
        ensure_private_dir(path.parent)
    with _clear_errors(path):
        try:
            _write_new(temporary, data, _mode_of(path))
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_directory(path.parent)


def _mode_of(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        if not path.is_symlink():
            return path.stat().st_mode & 0o777
    return None


def _write_new(path: Path, data: bytes, mode: int | None) -> None:
    # A leftover of a dead process with our number may bear the name.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network file systems cannot; the file itself is synced
    finally:
        os.close(descriptor)


def durable_append(path: Path, line: str, *, torn: Literal["keep", "drop"] = "keep") -> None:
    """Appends one line, with its newline, and returns when it is on disk. The caller holds the write lock.

    A file that does not end in a newline has a torn last line: a crash cut it, or an editor left it so.
    ``keep`` completes it with a newline, for logs that people edit; ``drop`` cuts it off, for journals, where
    an event without its newline never happened. On a full disk the file is left as it was.
    """
    if "\n" in line or "\r" in line:
        raise ValueError("a line holds a line break")
    data = line.encode("utf-8", "replace") + b"\n"
    with _clear_errors(path):
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            _append(descriptor, data, torn)
        finally:
            os.close(descriptor)
        if is_new:
            _sync_directory(path.parent)


def _append(descriptor: int, data: bytes, torn: str) -> None:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    start = size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        if torn == "drop":
            start = end_of_last_line(descriptor, size)
        else:
            data = b"\n" + data
    try:
        os.ftruncate(descriptor, start)
        _write_all(descriptor, data, start)
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, start)
        raise


def end_of_last_line(descriptor: int, size: int) -> int:
    """The offset just behind the last newline among the first ``size`` bytes; 0 if there is none."""
    block = 65536
    end = size
    while end > 0:
        begin = max(0, end - block)
        found = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


def write_json(path: Path, obj: Model | Mapping[str, Any]) -> None:
    """Writes a model or a mapping as JSON, atomically. A mapping without a format version ``v`` gets it."""
    if isinstance(obj, Mapping):
        text = json.dumps({"v": FORMAT_VERSION, **obj}, indent=2, ensure_ascii=False, allow_nan=False)
    else:
        text = obj.model_dump_json(indent=2)
    atomic_write(path, text + "\n")


def read_json_plain(path: Path) -> dict[str, Any]:
    """Reads a JSON object as it is. Raises BadInput when missing or damaged, Refused when ``v`` is newer."""
    try:
        data = json.loads(_read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error) or "nested too deeply") from error
    if not isinstance(data, dict):
        raise _damaged(path, "it is no JSON object")
    refuse_newer(data.get("v"), path)
    return data


def read_json(path: Path, kind: type[M]) -> M:
    """Reads a stored value type. Raises BadInput when missing or damaged, Refused when ``v`` is newer."""
    data = read_json_plain(path)
    try:
        return kind.model_validate(data)
    except ValueError as error:  # pydantic's ValidationError is one
        raise _damaged(path, _first_mistake(error)) from error


def refuse_newer(version: object, path: Path) -> None:
    """Raises Refused when a format version is newer than this program's."""
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise Refused(
            f"{path} was written by a newer factory (format {version}; this one knows {FORMAT_VERSION}).",
            "Use that version, or upgrade this one.",
        )


def _read_bytes(path: Path) -> bytes:
    with _clear_errors(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise BadInput(f"{path} does not exist.") from None
        except (IsADirectoryError, NotADirectoryError):
            raise BadInput(f"{path} is not a file.") from None


def _damaged(path: Path, why: str) -> BadInput:
    return BadInput(f"{path} is damaged: {why}.", "Move it away, or restore it from a backup.")


def _first_mistake(error: ValueError) -> str:
    mistakes: list[Any] = getattr(error, "errors", list)()
    if not mistakes:
        return str(error)
    place = ".".join(str(part) for part in mistakes[0]["loc"])
    return f"{place}: {mistakes[0]['msg']}"


_locks: dict[tuple[int, str], FileLock] = {}
_locks_guard = threading.Lock()
# A lock object that is collected as garbage lets go; the cycle's must not, whatever its holder keeps.
_held_for_good: set[FileLock] = set()


def _shared_lock(path: Path) -> FileLock:
    """The one lock object of this process for a file, so that taking it again inside itself works."""
    from filelock import FileLock  # noqa: PLC0415 - reading commands do without

    # The process number is in the key because a forked child must not take its parent's hold for its own.
    key = (os.getpid(), str(path.resolve()))
    with _locks_guard:
        if key not in _locks:
            _locks[key] = FileLock(path)
        return _locks[key]


@contextlib.contextmanager
def file_lock(path: Path, *, wait: float = WRITE_LOCK_WAIT_S) -> Iterator[None]:
    """Holds a lock file exclusively among processes and threads; re-entrant within a thread.

    Waits at most ``wait`` seconds, then raises Refused. Its directory is made, and private.
    """
    from filelock import Timeout  # noqa: PLC0415 - reading commands do without

    ensure_private_dir(path.parent)
    lock = _shared_lock(path)
    with _clear_errors(path):
        try:
            lock.acquire(timeout=wait, poll_interval=0.01)
        except Timeout:
            raise Refused(
                f"Another process has been holding {path} for {wait:.0f} seconds.",
                "Find it with `factory status`, let it finish, and try again.",
            ) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def hold(path: Path, what: str) -> Iterator[None]:
    """Holds a file for this process alone, without changing it; the hold falls with the process.

    Raises Refused at once where another process holds it; ``what`` is the sentence's subject.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused(
            f"{what} is worked on by another command just now.", "Wait until that has ended."
        ) from None
    finally:
        os.close(descriptor)


def write_lock(common_dir: Path) -> contextlib.AbstractContextManager[None]:
    """The short lock around every write to a project's state; shared by its linked worktrees.

    ``common_dir`` is the git common directory. Waits up to 60 s; re-entrant within a thread.
    """
    return file_lock(common_dir / "factory" / "write.lock")


class CycleLock:
    """The lock that a cycle holds from preflight to close: one cycle a project at a time.

    It falls with its process, however that dies; who holds it lies in a file beside it. Used as a context
    manager after ``acquire``.
    """

    def __init__(self, common_dir: Path) -> None:
        self._path = common_dir / "factory" / "cycle.lock"
        self._about = common_dir / "factory" / "cycle.json"
        self._held: FileLock | None = None

    def acquire(self, info: Mapping[str, Any]) -> CycleLock:
        """Takes the lock and records ``info`` (cycle, mode, …) with process, host, user and time.

        Raises Refused, naming the holder, when another cycle has it.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 - reading commands do without

        ensure_private_dir(self._path.parent)
        lock = FileLock(self._path, thread_local=False)
        with _clear_errors(self._path):
            try:
                lock.acquire(timeout=CYCLE_LOCK_WAIT_S, poll_interval=0.05)
            except Timeout:
                raise self._taken() from None
        self._held = lock
        _held_for_good.add(lock)
        write_json(self._about, {**info, **_about_this_process()})
        return self

    def require_free(self) -> None:
        """Waits as long as ``acquire`` would, and takes nothing: for what is said before the work begins.

        Raises Refused, naming the holder, when another cycle has it.
        """
        deadline = time.monotonic() + CYCLE_LOCK_WAIT_S
        while self._is_held():
            if time.monotonic() > deadline:
                raise self._taken()
            time.sleep(0.05)

    def release(self) -> None:
        """Gives the lock back; harmless when it is not held."""
        held, self._held = self._held, None
        if held is not None:
            self._about.unlink(missing_ok=True)
            held.release()
            _held_for_good.discard(held)

    def holder(self) -> dict[str, Any] | None:
        """What is known of the cycle that holds the lock now (empty if unknown); None when nobody does."""
        return self._read_about() if self._is_held() else None

    def _is_held(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return False

    def _read_about(self) -> dict[str, Any]:
        try:
            return read_json_plain(self._about)
        except (BadInput, EnvironmentLacking, Refused):
            return {}

    def _taken(self) -> Refused:
        about = self._read_about()
        cycle = f"cycle {about['cycle']}" if about.get("cycle") else "another cycle"
        mode = f" ({about['mode']})" if about.get("mode") else ""
        since = f" since {about['since']}" if about.get("since") else ""
        process = f", process {about['pid']} on {about['host']}" if {"pid", "host"} <= about.keys() else ""
        return Refused(
            f"{cycle[0].upper()}{cycle[1:]}{mode} is running on this project{since}{process}.",
            "Wait for it, or stop it there with Ctrl-C; `factory status` shows how far it is.",
        )

    def __enter__(self) -> CycleLock:
        """Itself; ``acquire`` comes first."""
        return self

    def __exit__(self, *_: object) -> None:
        """Releases."""
        self.release()


def _about_this_process() -> dict[str, Any]:
    return {"pid": os.getpid(), "host": os.uname().nodename, "user": user_name(), "since": utc_now()}


def user_name() -> str:
    """The name of the operating system's user, or the number where it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())  # a container's user may have no name


def utc_now() -> str:
    """The time as ISO 8601 in UTC, to the second."""
    import datetime  # noqa: PLC0415 - readers do without

    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
