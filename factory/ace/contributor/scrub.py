"""What must not leave: names, paths, addresses, secrets. Taken out of a text, or the text is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from factory.ace.contributor.names import (
    GENERIC,
    person,
    project_names,
    remote_names,
    subwords,
    tells,
    words_in_names,
)
from factory.ace.reflector import QUOTED_AFTER
from factory.insights.matching import content_words
from factory.insights.projects import ProjectHistory, same_address
from factory.redact import GONE, redact
from factory.registry import KnownProject

QUOTED_LIKE = 75.0
"""The ratio in [0, 100] from which on a quotation is one of a hypothesis."""

FEWEST_WORDS = 3
"""Content words that have to be left for a text to say anything; words that a quotation of one has."""

# Files that every project has: their names tell nothing.
_COMMON_FILES = frozenset((
    "agents.md", "changelog.md", "claude.md", "conftest.py", "factory.toml", "package.json",
    "pyproject.toml", "pytest.ini", "readme.md", "requirements.txt", "results.tsv", "ruff.toml",
    "setup.cfg", "setup.py", "spec.md", "tox.ini", "__init__.py", "tsconfig.json", "mypy.ini",
))  # fmt: skip
_ROOTS = (
    "src|libs?|apps?|tests?|docs?|pkg|packages|cmd|internal|scripts|tools|home|Users|var|etc|tmp|opt|mnt|bin"
)
_TOP_LEVEL = (
    "com|org|net|io|dev|app|ai|co|gov|edu|biz|info|me|sh|cloud|tech|xyz|internal|intra|local|localdomain|lan|corp"
    "|home|test|example|invalid|de|uk|fr|it|es|nl|eu|us|ch|at|se|no|pl|jp|cn|in|br|ru|ca|au"
)
_FILE_ENDINGS = (
    "py|pyi|pyx|js|jsx|ts|tsx|mjs|md|rst|toml|json|jsonl|yaml|yml|cfg|ini|sh|rs|go|java|kt|c|h|cc|cpp|hpp|rb|php"
    "|sql|html|css|scss|txt|csv|tsv|xml|lock|ipynb|env|log|db|sqlite|pem|key|swift|cs"
)
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("URL", re.compile(r"\b[\w.-]+@[\w.-]+:[\w./~-]+")),
    ("e-mail address", re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*")),
    ("URL", re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'`<>)]+|\bwww\.[^\s\"'`<>)]+")),
    ("URL", re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\blocalhost:\d+\b")),
    ("reference", re.compile(r"\b[\w.-]+/[\w.-]+#\d+|(?<!\w)#\d+\b")),
    ("path", re.compile(r"\b[A-Za-z]:\\[^\s\"'`]+|\\\\[\w.-]+\\[^\s\"'`]+|\b[\w.-]+(?:\\[\w.-]+){2,}")),
    ("path", re.compile(r"(?<![\w/.])(?:~|\.{1,2})?/[\w@+~-][\w.@+~/-]*")),
    (
        "path",
        re.compile(
            rf"\b(?:{_ROOTS})/[\w.@+/-]+|\b[\w@+-]+(?:/[\w.@+-]+){{2,}}|\b[\w.-]+/[\w.-]*[._\d][\w./-]*"
        ),
    ),
    ("file", re.compile(rf"(?<![\w.])[\w-]+(?:\.[\w-]+)*\.(?:{_FILE_ENDINGS})\b(?!\.\w)", re.IGNORECASE)),
    ("URL", re.compile(r"\b[\w-]+(?:\.[\w-]+)+:\d{2,5}\b")),
    ("URL", re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:{1,2}){3,}[0-9A-Fa-f]{1,4}\b")),
    ("URL", re.compile(rf"\b(?:[a-z0-9-]+\.)+(?:{_TOP_LEVEL})\b(?:/[^\s\"'`]*)?", re.IGNORECASE)),
    ("secret", re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])\w{24,}\b")),
    ("commit", re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b")),
)
_QUOTES = re.compile(
    r"\"([^\"]+)\"|“([^”]+)(?:”|$)|«([^»]+)(?:»|$)|`([^`]+)`|(?<!\w)'([^']+)'(?!\w)|‘([^’]+)’"
)
_MARK = re.compile(r"[“”«»‘’`]")
_GAP = "\u2028"  # blank for a pattern, and in no text in its plain form
_WITHIN = r"(?<=[\w,;:)\]] )"
_PROPER = re.compile(rf"{_WITHIN}[A-Z][a-z]{{3,}}\b")
_KINDS = (*dict.fromkeys(kind for kind, _ in _RULES), "secret", "experiment", "project", "name")
_PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(_KINDS)})\]")


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that was taken out: what kind of thing, and what it was. Shown here, never sent."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A text fit to leave; ``refusal`` says why it is not, empty where it is."""

    text: str
    removed: tuple[Removal, ...]
    refusal: str = ""

    @property
    def bare(self) -> str:
        """The text without the placeholders either: what it still says."""
        return " ".join(_PLACEHOLDER.sub(" ", self.text).split())


@dataclass(frozen=True, slots=True)
class Private:
    """What identifies the person and the projects: names, by what they are, and hypotheses.

    ``words`` are names of the person that are words too: told from these by how they are written.
    """

    names: dict[str, str] = field(default_factory=dict)
    hypotheses: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, histories: Sequence[ProjectHistory], registered: Iterable[KnownProject] = ()) -> Private:
        """The names of these projects, of the ``registered`` ones, of the person, and of the machine.

        Of a registered one whose folder is gone there is what the registry has.
        """
        entries = tuple(registered)
        paths = [place for one in histories for place in (one.path, *one.copies)]
        remotes = [remote for one in histories for remote in one.remotes]
        names: dict[str, str] = {}
        for path in (*paths, *(one.path for one in entries)):
            names |= dict.fromkeys(project_names(path), "project")
        for remote in (*remotes, *(same_address(one.remote) for one in entries)):
            names |= dict.fromkeys(remote_names(remote), "project")
        names |= dict.fromkeys(person(), "name")
        kept = {name: kind for name, kind in names.items() if tells(name)}
        texts = {_plain(row.hypothesis) for one in histories for row in one.rows}
        return cls(kept, tuple(sorted(texts)), words_in_names())


def scrub(text: str, private: Private) -> Scrubbed:
    """``text`` without what identifies anyone, what was taken out, and whether it has to be refused."""
    removed: list[Removal] = []
    plain = _without_tricks(text)
    plain = _secrets(plain, removed)
    plain = _quotations(plain, private.hypotheses, removed)
    for kind, pattern in _RULES:
        plain = _take_out(plain, kind, pattern, removed)
    for name in sorted(private.names, key=len, reverse=True):
        plain = _take_out(plain, private.names[name], _name_pattern(name), removed)
    for word in private.words:
        plain = _take_out(plain, "name", re.compile(rf"{_WITHIN}{re.escape(word)}\b"), removed)
    plain = " ".join(plain.split())
    return Scrubbed(plain, tuple(removed), _refusal(plain, private))


def _refusal(text: str, private: Private) -> str:
    """Why a scrubbed text may not leave."""
    rest = _PLACEHOLDER.sub(" ", text)
    for name, kind in private.names.items():
        if _still_named(rest, name):
            return f"its text still tells the {kind} {name!r}"
    told = _proper_noun(rest, private)
    if told:
        return f"its text names {told!r}, which is part of the name of a project"
    if len(content_words(rest)) < FEWEST_WORDS:
        return "nothing that is general is left of its text"
    return ""


def _proper_noun(text: str, private: Private) -> str:
    """A word written like a name, in mid-sentence, that is part of a longer name; or an empty string."""
    parts = {part.lower() for name in private.names for part in subwords(name) if len(part) > 3} - GENERIC
    return next((word for word in _PROPER.findall(text) if word.lower() in parts), "")


def _plain(text: str) -> str:
    """A hypothesis as a quotation of it looks once its text is in plain form."""
    return " ".join(_without_tricks(text).split())


def _without_tricks(text: str) -> str:
    """The text in its plain form: look-alike characters as the usual ones, invisible ones gone."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(
        " " if c.isspace() else c for c in plain if c.isspace() or unicodedata.category(c)[0] != "C"
    )


def _secrets(text: str, removed: list[Removal]) -> str:
    """``text`` without secrets. One ends where a quotation does: its mark is no part of the secret."""
    plain = redact(_MARK.sub(rf"{_GAP}\g<0>", text)).replace(_GAP, "")
    count = plain.count(GONE) - text.count(GONE)
    removed += [Removal("secret", "(not shown)")] * count
    return plain.replace(GONE, "[secret]")


def _quotations(text: str, hypotheses: Sequence[str], removed: list[Removal]) -> str:
    """``text`` without what is quoted in it: where it is from is not known of every project, or any more."""

    def replaced(found: re.Match[str]) -> str:
        quoted = next(part for part in found.groups() if part)
        of_reflector = found.string[: found.start()].endswith(QUOTED_AFTER)
        if not (of_reflector or _says_something(quoted) or _is_known(quoted, hypotheses)):
            return found.group()
        removed.append(Removal("quotation", quoted))
        return "[experiment]"

    return _QUOTES.sub(replaced, text)


def _says_something(quoted: str) -> bool:
    """Whether it has several words, be they code or private: a single one is not anybody's own."""
    return len(_PLACEHOLDER.sub("", quoted).split()) >= FEWEST_WORDS


def _is_known(quoted: str, hypotheses: Sequence[str]) -> bool:
    """Whether a quotation of a word or two is one of a hypothesis as short as that."""
    best = process.extractOne(
        quoted.lower(), hypotheses, scorer=fuzz.ratio, processor=str.lower, score_cutoff=QUOTED_LIKE
    )
    return best is not None


def _take_out(text: str, kind: str, pattern: re.Pattern[str], removed: list[Removal]) -> str:
    def replaced(found: re.Match[str]) -> str:
        whole = found.group()
        if kind in ("file", "URL") and whole.lower() in _COMMON_FILES:
            return whole
        removed.append(Removal(kind, whole))
        return f"[{kind}]"

    return pattern.sub(replaced, text)


def _name_pattern(name: str) -> re.Pattern[str]:
    """The name as a word, with any separator, or none, between its parts."""
    parts = [re.escape(part) for part in subwords(name)]
    return re.compile(r"(?<![^\W_])" + r"[-_. ]?".join(parts) + r"(?![^\W_])", re.IGNORECASE)


def _still_named(text: str, name: str) -> bool:
    """Whether parts of words, one or several in a row, make the name: ``AcmeTotals`` tells ``acme``."""
    wanted = "".join(subwords(name)).lower()
    words = [word.lower() for word in subwords(text)]
    for start, word in enumerate(words):
        joined = ""
        for following in words[start:]:
            joined += following
            if joined == wanted:
                return True
            if not wanted.startswith(joined):
                break
        if len(wanted) > 4 and word.startswith(wanted):
            return True
    return False
