"""What the person points the program at (directory, file, git URL, idea), and the project made of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from factory.ancestry import refuse_agents
from factory.errors import BadInput, EnvironmentLacking, Refused
from factory.fsio import read_json_plain, unreadable, utc_now, write_json
from factory.git import GitError, Repo, clone, start_repository, toplevel
from factory.paths import HomePaths
from factory.redact import without_password
from factory.words import quoted

TargetKind = Literal["dir", "file", "url", "idea"]

SPEC_FILE = "SPEC.md"
README = "README.md"
FIRST_MESSAGE = "Start with the idea"
LONGEST_NAME = 40
NAME_WORDS = 3
FEWEST_WORDS = 5
"""A text with a slash in it and fewer words than these may be a mistyped path, so it is taken for no idea."""

# Only what merely fetches: a transport such as ext:: would run a command of the URL's choice.
_URL = re.compile(r"(?:https?|ssh|git|file)://\S+", re.IGNORECASE)
_SCP = re.compile(r"[\w.-]+@[\w.-]+:(?!//)\S+")
_ANY_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:://|::)\S*")
_ANY_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*")
_SHORTHAND = re.compile(r"[\w-]+/[\w.-]+")
# With a space in it: what begins like a path, or is short and ends like a file.
_PATH_LIKE = re.compile(r"(?:\.{0,2}/|~).*|(?:\S+\s+){0,2}\S+\.md", re.IGNORECASE | re.DOTALL)

# Words that say what every project is, or nothing.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """a an and any are as at be by can for from i in into is it its me my need of on or please should
        small some that the their them then they this to want we which will with would like you your make
        build create write develop implement simple app application cli code command library line program
        project script service tool web website""",
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """What TARGET is taken for.

    ``path`` is the directory or file, else None; ``url`` the git URL; ``text`` the idea, or what the file
    says; ``said`` the sentence that tells the person.
    """

    kind: TargetKind
    said: str
    path: Path | None = None
    url: str = ""
    text: str = ""


def resolve_target(text: str, *, as_kind: str | None = None, cwd: Path) -> Target:
    """What ``text`` is: a directory that exists, a ``.md`` file, a git URL, or an idea (it has a space).

    ``as_kind`` settles a doubt. Raises BadInput, naming ``--as``, for what is in doubt, and for what is not
    what ``--as`` says.
    """
    if not text.strip():
        raise BadInput("The target is empty.", "Name a directory, a .md file, a git URL, or an idea.")
    kinds: dict[str, Callable[[str, Path], Target]] = {
        "dir": _directory,
        "file": _any_file,
        "url": _url,
        "idea": _idea,
    }
    if as_kind is not None:
        return kinds[as_kind](text, cwd)
    path = _path(text, cwd)
    if path is not None and path.is_dir():
        return _directory(text, cwd)
    if path is not None and path.exists():
        return _plain_file(text, path, cwd)
    if is_url(text):
        return _url(text, cwd)
    like_path = _is_like_path(text.strip(), cwd)
    if re.search(r"\s", text.strip()) and not like_path:
        return _idea(text, cwd)
    raise _doubt(text, like_path=like_path)


def _is_like_path(text: str, cwd: Path) -> bool:
    """Whether a text that names nothing may be meant as a path, with a mistake in it."""
    if _PATH_LIKE.fullmatch(text):
        return True
    first, slash, _ = _ANY_URL.sub("", text).partition("/")
    if not slash or not re.search(r"\s", text):
        return False
    within = _path(first, cwd) if first.strip() else None
    return len(text.split()) < FEWEST_WORDS or (within is not None and within.is_dir())


def is_url(text: str) -> bool:
    """Whether a text is a URL that git can clone from without running anything."""
    return bool(_URL.fullmatch(text) or _SCP.fullmatch(text))


def _path(text: str, cwd: Path) -> Path | None:
    """The path that a text names; None where it can name none, being too long or holding a NUL."""
    try:
        path = cwd / Path(text).expanduser()
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except (OSError, ValueError, RuntimeError):
        return None
    return path


def _directory(text: str, cwd: Path) -> Target:
    path = _path(text, cwd)
    if path is None or not path.is_dir():
        raise BadInput(f"{text} is not a directory.", "Name the directory of a git repository.")
    return Target("dir", f"{path.resolve()} is taken for a directory: a project in git", path)


def _plain_file(text: str, path: Path, cwd: Path) -> Target:
    if path.suffix.lower() != ".md":
        raise BadInput(
            f"{text} is a file, but no .md file.",
            "`--as file` starts a new project from what it says; for a project name its directory.",
        )
    root = _project_of_spec(path)
    if root is not None:
        raise BadInput(
            f"{text} is the specification of the project {root}.",
            f"Type `factory ceo {quoted(root)} --mode build` to build it; "
            "`--as file` starts a new project from the text.",
        )
    return _any_file(text, cwd)


def _project_of_spec(path: Path) -> Path | None:
    """The repository at whose top a SPEC.md lies, or None for any other file."""
    if path.name != SPEC_FILE:
        return None
    folder = path.resolve().parent
    top = toplevel(folder)
    return top if top is not None and top.resolve() == folder else None


def _any_file(text: str, cwd: Path) -> Target:
    path = _path(text, cwd)
    if path is None or not path.is_file():
        raise BadInput(f"{text} is not a file.", "Name a Markdown file.")
    content = _content(path)
    if not content.strip():
        raise BadInput(f"{text} is empty.", "Write down what the project shall do.")
    return Target("file", f"{path.resolve()} is taken for a file to start from", path, text=content)


def _content(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text (byte {error.start}).", "Name a Markdown file.") from error
    except OSError as error:
        raise unreadable(path, error) from error


def _url(text: str, cwd: Path) -> Target:
    if not is_url(text):
        raise BadInput(
            f"{without_password(text)} is no git URL that is cloned from here.",
            "https://, ssh://, git://, file:// and user@host:path are.",
        )
    return Target("url", f"{without_password(text)} is taken for a git URL", url=text)


def _idea(text: str, cwd: Path) -> Target:
    flat = " ".join(text.split())
    shown = flat if len(flat) <= 60 else flat[:59] + "…"
    return Target("idea", f'"{shown}" is taken for an idea', text=text.strip())


def _doubt(text: str, *, like_path: bool) -> BadInput:
    if _SHORTHAND.fullmatch(text):
        return BadInput(
            f"{text} is no directory here, and could be a repository on a server.",
            f"https://github.com/{text} is its URL, if that is meant; `--as idea` takes it as an idea.",
        )
    if _ANY_SCHEME.fullmatch(text):
        return BadInput(
            f"{without_password(text)} is no git URL that is cloned from here.",
            "https://, ssh://, git://, file:// and user@host:path are.",
        )
    if like_path:
        return BadInput(
            f"{text} does not exist.", "`--as idea` takes it as the text of an idea, if that is meant."
        )
    return BadInput(
        f"{text!r} is neither a directory, nor a .md file, nor a git URL, and has no space in it.",
        "`--as idea` takes it as the text of an idea; else name a directory that exists.",
    )


# New projects.


def project_name(text: str) -> str:
    """A directory's name from an idea: its telling words in lower case, joined by dashes."""
    ascii_text = unicodedata.normalize("NFKD", _first_line(text)).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", ascii_text.lower().replace("'", ""))
    telling = [word for word in words if word not in _COMMON] or words
    name = "-".join(telling[:NAME_WORDS])[:LONGEST_NAME].strip("-")
    return name or "new-project"


def _first_line(text: str) -> str:
    """The first line that says something, without Markdown's marks and what every title says."""
    lines = (re.sub(r"^[#>*\s-]+", "", line).strip() for line in text.splitlines())
    first = next((line for line in lines if line), "")
    return re.sub(r"\s*[—–:-]\s*Specification\s*$", "", first, flags=re.IGNORECASE)


def new_place(target: Target, *, cwd: Path, name: Path | None = None) -> Path:
    """The directory for a new project or clone: as the person names it, else named from the target."""
    if name is not None:
        return cwd / name.expanduser()
    if target.kind == "url":
        return cwd / _repository_name(target.url)
    return cwd / project_name(target.text)


def _repository_name(url: str) -> str:
    last = re.split(r"[/:]", url.rstrip("/"))[-1].removesuffix(".git")
    name = re.sub(r"[^\w.-]+", "-", last).strip("-.")
    if not name:
        raise BadInput(f"{without_password(url)} tells no name for a directory.", "Name one with --dir.")
    return name


def readme_of(target: Target, name: str) -> str:
    """The first README: the file as it is where it has a title, else the idea below the project's name."""
    text = target.text.replace("\r\n", "\n").rstrip() + "\n"
    return text if text.lstrip().startswith("# ") else f"# {name}\n\n{text}"


def new_project(target: Target, place: Path) -> Path:
    """A new repository at ``place`` with one commit: a README that holds the idea. Returns its directory.

    A project that was started there from the same text is returned as it is: work on it goes on. One whose
    start was cut off before its commit is started to its end. Raises
    BadInput when something else is there already; nothing is ever overwritten.
    """
    readme = readme_of(target, place.name)
    require_place(target, place)
    if not _started_from(place, readme):
        start_repository(place, {README: readme}, FIRST_MESSAGE)
    return place


def require_place(target: Target, place: Path) -> None:
    """Raises BadInput where something else lies where a new project is to be."""
    readme = readme_of(target, place.name)
    if is_taken(place) and not _started_from(place, readme) and not _cut_off(place, readme):
        raise BadInput(
            f"{place} exists already, and is not a project started from this.",
            f"Name another place with --dir, or work on what is there: `factory ceo {quoted(place)}`.",
        )


def is_taken(place: Path) -> bool:
    """Whether something lies at a place; an empty directory does not count."""
    if place.is_symlink() or place.exists():
        return not place.is_dir() or any(place.iterdir())
    return False


def _cut_off(place: Path, readme: str) -> bool:
    """Whether a new project's start ended before its commit: a repository of none, with our text or less."""
    if not (place / ".git").is_dir() or {entry.name for entry in place.iterdir()} - {".git", README}:
        return False
    written = place / README
    text = written.read_bytes() if written.is_file() else b""
    return not Repo(place).refs("refs/") and readme.encode("utf-8", "surrogateescape").startswith(text)


def _started_from(place: Path, readme: str) -> bool:
    if not place.is_dir():
        return False
    top = toplevel(place)
    if top is None or top.resolve() != place.resolve():
        return False
    repo = Repo(top)
    root = repo.root_commit()
    return bool(root) and repo.subject(root) == FIRST_MESSAGE and repo.show(root, README) == readme


# URLs.


def clone_url(url: str, place: Path, *, trusted: bool) -> Path:
    """Clone a URL to ``place``, and return that; what was cloned there from the same URL is used again.

    Raises Refused without trust, for measuring a project means executing it; BadInput when something else
    is there already; EnvironmentLacking where the clone fails.
    """
    if not trusted:
        raise Refused(
            f"The code of {without_password(url)} would be run here, and nobody has agreed to that.",
            "Look at it first; then `--trust`, or a yes in the terminal, lets it run.",
        )
    if is_taken(place):
        if _cloned_from(place, url):
            return place
        raise BadInput(
            f"{place} exists already, and is no clone of {without_password(url)}.",
            "Name another place with --dir.",
        )
    try:
        clone(url, place)
    except GitError as error:
        raise EnvironmentLacking(error.message, "Check the address, the network and your access.") from error
    return place


def _cloned_from(place: Path, url: str) -> bool:
    top = toplevel(place) if place.is_dir() else None
    if top is None or top.resolve() != place.resolve():
        return False
    return _same_address(Repo(top).remote_url()) == _same_address(url)


def _same_address(url: str) -> str:
    """A URL as trust and clones are compared: without user, password, trailing slash and .git."""
    return without_password(url).rstrip("/").removesuffix(".git")


def is_trusted(url: str, home: HomePaths) -> bool:
    """Whether the person has agreed to run the code of this URL. Raises BadInput for a damaged record."""
    return _same_address(url) in _trusted(home)


def trust(url: str, home: HomePaths) -> None:
    """Record that the person agrees to run the code of this URL, now and later.

    Raises Refused inside an agent's process.
    """
    refuse_agents("agree to run the code of a URL")
    write_json(home.trust, {"urls": _trusted(home) | {_same_address(url): utc_now()}})


def _trusted(home: HomePaths) -> dict[str, Any]:
    urls = read_json_plain(home.trust).get("urls") if home.trust.exists() else {}
    if not isinstance(urls, dict):
        raise BadInput(
            f"{home.trust} is damaged: it lists no URLs.", "Move it away; URLs are asked about again."
        )
    return urls
