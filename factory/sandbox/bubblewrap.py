"""The command line of ``bwrap``: an empty root, into which is put what a process may see."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from factory.paths import factory_home
from factory.sandbox.installation import MOST_LINKS, SYSTEM, in_system, needed_by
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


def command_line(
    program: str, argv: Sequence[str], request: SandboxRequest, hidden: Sequence[Path]
) -> list[str]:
    """``argv`` in a sandbox made by ``program``, the path of bwrap, in which ``hidden`` folders are empty."""
    mounts = sorted(_given(argv[0], request), key=lambda mount: len(mount.place.parts))
    empty = list(dict.fromkeys((*_hidden(hidden), *_crowded(mounts))))
    return [
        program,
        # The supervisor ends bwrap, and with it everything inside: daemons cannot leave a PID namespace.
        *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent"),
        # Root keeps its capabilities otherwise, and could undo the mounts.
        *("--cap-drop", "ALL"),
        *([] if request.network else ["--unshare-net"]),
        *_system(),
        *(word for place in empty for word in ("--tmpfs", str(place))),
        *(word for mount in mounts for word in mount.words),
        *(word for place in (*empty, Path("/")) for word in ("--remount-ro", str(place))),
        *("--chdir", str(request.workspace)),
        "--",
        *argv,
    ]


class _Mount(NamedTuple):
    """One thing put into the sandbox. The narrower comes later, so that it lies on the wider one."""

    place: Path
    words: tuple[str, ...]


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


def _hidden(folders: Sequence[Path]) -> Iterator[Path]:
    """Private folders that lie among those of the system."""
    for folder in (Path.home(), factory_home().root, *folders):
        place = folder.resolve()
        if in_system(place) and place not in SYSTEM and place.is_dir():
            yield place


def _crowded(mounts: Sequence[_Mount]) -> Iterator[Path]:
    """Folders of /tmp and its like that would be made for what lies in them, and so be writable.

    Emptied and read-only instead: a write beside what is given fails, rather than vanishing later.
    """
    given = {mount.place for mount in mounts}
    for mount in mounts:
        for folder in PRIVATE:
            if mount.place != folder and mount.place.is_relative_to(folder):
                top = folder / mount.place.relative_to(folder).parts[0]
                if top not in given:
                    yield top


def _given(program: str, request: SandboxRequest) -> Iterator[_Mount]:
    """What the request and the program need: each thing at its real place, and the links that lead there."""
    certificates = [Path(os.environ[name]) for name in CERTIFICATES if os.environ.get(name)]
    how = "--bind" if request.access == "write" else "--ro-bind"
    wanted = [
        *(("--ro-bind-try", path) for path in (*needed_by(program), *request.readable, *certificates)),
        *(("--bind-try", path) for path in request.writable),
        (how, request.workspace),
        *(("--bind", path) for path in (request.home, request.tmp)),
    ]
    places: dict[Path, str] = {}
    links: dict[Path, None] = {}
    for option, path in wanted:
        on_the_way, real = really(path)
        links |= dict.fromkeys(on_the_way)
        places[real] = option
    for place, option in places.items():
        yield _Mount(place, (option, str(place), str(place)))
    for link in links:
        if not in_system(link) and not any(link.is_relative_to(place) for place in places):
            yield _Mount(link, ("--symlink", str(link.readlink()), str(link)))


def really(path: Path) -> tuple[list[Path], Path]:
    """The links on the way to a path, each at its own real place, and where the path really is."""
    links: list[Path] = []
    here, ahead = Path("/"), list(Path(os.path.abspath(path)).parts[1:])  # noqa: PTH100 - links are kept
    while ahead and len(links) < MOST_LINKS:
        step = here / ahead.pop(0)
        if step.name == "..":
            here = here.parent
        elif step.is_symlink():
            links.append(step)
            target = step.readlink()
            here = Path("/") if target.is_absolute() else here
            ahead = [part for part in target.parts if part != "/"] + ahead
        else:
            here = step
    return links, here.joinpath(*ahead)


def _read_only(path: Path) -> tuple[str, ...]:
    return ("--ro-bind-try", str(path), str(path))
