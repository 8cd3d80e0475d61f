"""What keeps a test away from the person's home, settings and accounts."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

# What a test may see of the environment it is run in: the bare machine, what package clients need to
# reach their registry, and what pytest, its plugins and Python itself are told.
KEPT = (
    *("PATH", "LANG", "LANGUAGE", "LC_*", "TERM", "TZ", "TMPDIR"),
    *("PIP_*", "UV_*", "[nN][pP][mM]_[cC][oO][nN][fF][iI][gG]_*", "NODE_EXTRA_CA_CERTS", "SSL_CERT_*"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("PYTEST_*", "PYTHON*", "PYENV_ROOT", "VIRTUAL_ENV", "COV_*", "COVERAGE_*", "FACTORY_TEST_*"),
)

GIT_SETTINGS = """\
[user]
    name = Pat Person
    email = pat@example.org
[init]
    defaultBranch = main
"""


def is_kept(name: str) -> bool:
    """Whether a test sees that variable of the outer environment."""
    return any(fnmatchcase(name, pattern) for pattern in KEPT)


def private_environment(folder: Path) -> dict[str, str]:
    """Make an empty home and git settings in ``folder``, and return the variables that point there."""
    home = folder / "home"
    xdg = {f"XDG_{kind}_HOME": home / f".{kind.lower()}" for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    runtime = folder / "run"
    for path in (home, runtime, *xdg.values()):
        path.mkdir(parents=True, mode=0o700)
    settings = folder / "gitconfig"
    settings.write_text(GIT_SETTINGS)
    return {
        "HOME": str(home),
        "FACTORY_HOME": str(home / ".factory"),
        **{name: str(path) for name, path in xdg.items()},
        "XDG_RUNTIME_DIR": str(runtime),
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


def package_client_environment(home: Path, cache: Path) -> dict[str, str]:
    """Variables by which package clients find the settings they have in ``home``, although HOME is another.

    Their downloads are kept in ``cache``: a suite fetches a package once, and the real home stays untouched.
    """
    files = {
        "PIP_CONFIG_FILE": (
            ".config/pip/pip.conf",
            ".pip/pip.conf",
            "Library/Application Support/pip/pip.conf",
        ),
        "UV_CONFIG_FILE": (".config/uv/uv.toml",),
        "npm_config_userconfig": (".npmrc",),
        "PYENV_ROOT": (".pyenv",),
    }
    found = {"PIP_CACHE_DIR": str(cache / "pip"), "UV_CACHE_DIR": str(cache / "uv")}
    for variable, places in files.items():
        existing = [str(home / place) for place in places if (home / place).exists()]
        if existing and variable not in os.environ:
            found[variable] = existing[0]
    return found


def real_homes() -> list[Path]:
    """The homes an unprotected program could find: that of the environment, and that of the account."""
    homes = {Path.home()}
    with contextlib.suppress(KeyError):
        homes.add(Path(pwd.getpwuid(os.getuid()).pw_dir))
    return sorted(homes)


def watched(homes: Iterable[Path], repository: Path) -> list[Path]:
    """What no test may touch: factory homes, the person's git settings, this checkout's own state folder."""
    names = (".factory", ".gitconfig")
    return [home / name for home in homes for name in names] + [repository / ".factory"]


def fingerprint(paths: Iterable[Path], depth: int = 3) -> dict[str, int]:
    """The modification times (ns) of paths and of what lies below them, ``depth`` levels down."""
    times: dict[str, int] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            times[str(path)] = path.lstat().st_mtime_ns
            if depth and path.is_dir() and not path.is_symlink():
                times |= fingerprint(path.iterdir(), depth - 1)
    return times


def differences(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """The paths that were added, removed or changed between two fingerprints."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
