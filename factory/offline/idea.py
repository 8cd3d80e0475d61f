"""What an idea says, taken apart without understanding it: its clauses, its language, what it leaves open."""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from factory.target import project_name

LONGEST_TITLE = 70

_BULLET = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(.+)$")
_HEADING = re.compile(r"^\s*#+\s*(.*?)\s*#*\s*$")
# What comes before what the project does: "a command-line tool that", "build me a library to".
_OPENING = re.compile(
    r"^(?:please\s+)?(?:"
    r"it\s+(?:must|should|shall|can|will|has\s+to|needs\s+to)\s+(?:also\s+)?"
    r"|(?:(?:(?:i|we)\s+(?:want|need|would like)|"
    r"(?:build|make|create|write|develop|implement)(?:\s+(?:me|us))?)\s+)?"
    r"(?:(?:an?|the|some)\s+(?:[\w/+-]+\s+){0,6}?|some(?:thing|one)\s+)"
    r"(?:that|which|to|for|who)\s+(?:can\s+)?"
    r")",
    re.IGNORECASE,
)
# Not at every "and", which joins words as often as clauses.
_CLAUSE_END = re.compile(r"[;\n]|[.!?](?=\s|$)|,\s*(?:(?:and|then|or|also)\s+)*|\s+and\s+(?:also|then)\s+")
_WORD = re.compile(r"[^\W_]+")

LANGUAGES = {
    "Rust": r"\brust\b",
    "Go": r"\b(?:golang|in go)\b",
    "JavaScript": r"\b(?:javascript|node\.?js)\b",
    "TypeScript": r"\btypescript\b",
    "Java": r"\bjava\b",
    "Kotlin": r"\bkotlin\b",
    "Swift": r"\bin swift\b",
    "Ruby": r"\bruby\b",
    "PHP": r"\bphp\b",
    "C#": r"(?:\bc#|\bdotnet\b|\.net\b)",
    "C++": r"\bc\+\+",
    "C": r"\bin c\b(?![+#])",
    "Python": r"\bpython\b",
}
SHAPES = {
    "a command-line tool": r"\b(?:command[- ]line|cli|terminal|console)\b",
    "a library": r"\b(?:library|package|module)\b",
    "a service": r"\b(?:web|http|rest|api|server|service|bot|site|website)\b",
    "an application with windows": r"\b(?:gui|desktop|mobile|android|ios)\b",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that the idea asks for: the words as given, and a title made of them."""

    words: str
    title: str


@dataclass(frozen=True, slots=True)
class Idea:
    """An idea taken apart. ``language`` and ``shape`` are empty where it names none."""

    text: str
    name: str
    clauses: tuple[Clause, ...]
    language: str
    shape: str


def take_apart(text: str) -> Idea:
    """What the text of an idea, or of a file with one, says; every clause is one of its own pieces."""
    name, body = _name_and_body(text)
    return Idea(
        text=text.strip(),
        name=name,
        clauses=tuple(_clauses(body)) or (Clause(_flat(body) or name, _title(_flat(body) or name)),),
        language=_first(LANGUAGES, text),
        shape=_first(SHAPES, text),
    )


def _first(patterns: dict[str, str], text: str) -> str:
    return next((name for name, found in patterns.items() if re.search(found, text, re.IGNORECASE)), "")


def _flat(text: str) -> str:
    return " ".join(text.split())


def _name_and_body(text: str) -> tuple[str, str]:
    """The first heading, else what the project's directory would be called; the text without headings."""
    lines = text.strip().splitlines()
    headings = [found.group(1) for line in lines if (found := _HEADING.match(line)) and found.group(1)]
    body = "\n".join(line for line in lines if not _HEADING.match(line))
    name = _title(headings[0]) if headings else project_name(text).replace("-", " ").capitalize()
    return name or "New project", body


def _clauses(body: str) -> Iterator[Clause]:
    """The list items where there is a list, else the parts of the sentences."""
    items = [found.group(1) for line in body.splitlines() if (found := _BULLET.match(line))]
    seen: set[str] = set()
    for piece in items or _pieces(body):
        words = _flat(piece).strip(" .,;:")
        key = words.lower()
        if len(_WORD.findall(words)) >= 2 and key not in seen:
            seen.add(key)
            yield Clause(words, _title(words))


def _pieces(body: str) -> Iterator[str]:
    for sentence in re.split(r"(?<=[.!?;])\s+|\n\s*\n", body):
        body, opened = _OPENING.subn("", _flat(sentence), count=1)
        joined: list[str] = []
        for part in filter(str.strip, _CLAUSE_END.split(body)):
            if joined and not _stands_alone(part, joined[0], opened=bool(opened)):
                joined[-1] += f", {part.strip()}"
            else:
                joined.append(part)
        yield from joined


def _stands_alone(part: str, first: str, *, opened: bool) -> bool:
    """Whether a part is a clause like the first: not one word, and with a verb where that begins with one.

    "Converts" ends as the verbs of such lists do, and a part that begins otherwise goes on with its objects,
    as one does whose first word is joined to another. Where nothing was recognised before the first part,
    ``opened``, it may be another language, of which nothing is known: it stays whole.
    """
    words = _WORD.findall(part)
    if len(words) < 2 or words[1].lower() in ("and", "or", "of"):
        return False
    lists_verbs = first.split(maxsplit=1)[0].endswith("s") if first.split() else False
    return words[0].endswith("s") if lists_verbs else opened


def _title(words: str) -> str:
    """Words as a heading may carry them: one line, no marks, not too long."""
    kept = "".join(
        ch for ch in words if ch.isalnum() or ch in " -_/+'.,:" or unicodedata.category(ch)[0] == "M"
    )
    flat = _flat(kept).strip(" .,:-_/+'")
    if len(flat) > LONGEST_TITLE:
        flat = flat[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(" .,:-")
    return flat[:1].upper() + flat[1:]


def slug(text: str, joint: str = "_") -> str:
    """A name for files and packages from a text: ASCII letters and digits; empty where it has none."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return joint.join(re.findall(r"[a-z0-9]+", plain)[:4])


def package_name(text: str) -> str:
    """The import name of a project: a slug that is an identifier, and no module of the standard library."""
    name = slug(text) or "project"
    if name in sys.stdlib_module_names or keyword.iskeyword(name) or not name[0].isalpha():
        return f"the_{name}"
    return name
