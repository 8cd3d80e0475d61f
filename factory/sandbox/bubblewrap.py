"""The command line of ``bwrap``: an empty root, into which is put what a process may see."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from factory.paths import factory_home
from factory.sandbox.installation import SYSTEM, in_system, needed_by
from factory.sandbox.request import SandboxRequest

#: Of /etc, what programs need to run, look up names and check certificates; passwords and package clients'
#: settings, which may hold a login, stay out.
ETC = (
    "alternatives", "bash.bashrc", "ca-certificates", "ca-certificates.conf", "crypto-policies",
    "debian_version", "fonts", "gai.conf", "group", "host.conf", "hostname", "hosts", "inputrc",
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "locale.conf", "localtime", "login.defs",
    "lsb-release", "machine-id", "magic", "mime.types", "networks", "nsswitch.conf", "os-release", "passwd",
    "pki", "profile", "profile.d", "protocols", "python3", "resolv.conf", "services", "shells", "ssl",
    "terminfo", "timezone",
)  # fmt: skip

#: Variables that name certificates, wherever these lie.
CERTIFICATES = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip

#: Places of the system that a process may write to, and that are gone with it.
PRIVATE = (Path("/tmp"), Path("/var/tmp"), Path("/run"))


def command_line(program: str, argv: Sequence[str], request: SandboxRequest) -> list[str]:
    """``argv`` in a sandbox made by ``program``, the path of bwrap."""
    return [
        program,
        # The supervisor ends bwrap, and with it everything inside: daemons cannot leave a PID namespace.
        *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent"),
        # Root keeps its capabilities otherwise, and could undo the mounts.
        *("--cap-drop", "ALL"),
        *([] if request.network else ["--unshare-net"]),
        *_system(),
        *_hidden(request),
        *_given(argv[0], request),
        *("--remount-ro", "/"),
        *("--chdir", str(request.workspace)),
        "--",
        *argv,
    ]


def _system() -> Iterator[str]:
    for folder in SYSTEM:
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        elif folder.is_dir():
            yield from _read_only(folder)
    for name in ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    yield from ("--proc", "/proc", "--dev", "/dev")
    for folder in PRIVATE:
        yield from ("--tmpfs", str(folder))


def _hidden(request: SandboxRequest) -> Iterator[str]:
    """Private folders that lie among those of the system, emptied."""
    for folder in (Path.home(), factory_home().root, *request.hidden):
        for place in _names(folder):
            if in_system(place) and place not in SYSTEM and place.is_dir():
                yield from ("--tmpfs", str(place))


def _given(program: str, request: SandboxRequest) -> Iterator[str]:
    """What the request and the program need; the narrower place later, so that it lies on the wider one."""
    mounts: list[tuple[Path, list[str]]] = []
    certificates = [Path(os.environ[name]) for name in CERTIFICATES if os.environ.get(name)]
    readable = (*needed_by(program), *request.readable, *certificates)
    for place in dict.fromkeys(name for path in readable for name in _names(path)):
        if not (place.is_symlink() and _covered(place, readable)):
            mounts.append((place, list(_read_only(place))))
    for path in request.writable:
        mounts += [(place, ["--bind-try", str(place), str(place)]) for place in _names(path)]
    workspace = "--bind" if request.access == "write" else "--ro-bind"
    mounts += [(place, [workspace, str(place), str(place)]) for place in _names(request.workspace)]
    for path in (request.home, request.tmp):
        mounts += [(place, ["--bind", str(place), str(place)]) for place in _names(path)]
    return _flat(mount for _, mount in sorted(mounts, key=lambda mount: len(mount[0].parts)))


def _covered(link: Path, folders: Iterable[Path]) -> bool:
    """Whether a link is seen anyway, in a folder that is."""
    return in_system(link) or any(f != link and link.is_relative_to(f.resolve()) for f in folders)


def _read_only(path: Path) -> Iterator[str]:
    if path.is_symlink():
        yield from ("--symlink", str(path.readlink()), str(path))
    else:
        yield from ("--ro-bind-try", str(path), str(path))


def _names(path: Path) -> list[Path]:
    """A path as it is given, and as it really is: a program may use either."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would lose the first
    return list(dict.fromkeys((absolute, absolute.resolve())))


def _flat(parts: Iterable[Iterable[str]]) -> Iterator[str]:
    for part in parts:
        yield from part
