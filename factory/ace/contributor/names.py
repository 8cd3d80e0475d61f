"""What projects, their packages, the person and the machine are called: names that must not leave."""

from __future__ import annotations

import configparser
import contextlib
import getpass
import re
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory.errors import FactoryError
from factory.fsio import read_json_plain
from factory.git import Repo

# Names of folders that say nothing about whose they are.
GENERIC = frozenset((
    "admin", "agent", "agents", "api", "app", "apps", "backend", "build", "builder", "checkout",
    "cli", "client", "code", "common", "core", "coverage", "data", "demo", "dev", "docs",
    "document", "error", "eval", "example", "examples", "experiment", "experiments", "factory",
    "frontend", "git", "github", "gitlab", "home", "lib", "library", "log", "logging", "main",
    "master", "module", "new", "parser", "plan", "plugin", "project", "projects", "prompt",
    "prompts", "python", "reader", "repo", "repository", "root", "runner", "runners", "sample",
    "sandbox", "script", "scripts", "server", "service", "site", "src", "test", "tests", "tmp",
    "tool", "tools", "user", "utils", "web", "website", "work", "workspace", "writer",
))  # fmt: skip
# Words that packages inside a project are called by, whosever it is; in the singular.
_PACKAGE_WORDS = frozenset((
    "account", "adapter", "analysis", "asset", "auth", "base", "baseline", "bench", "benchmark", "billing",
    "cache", "catalog", "change", "channel", "check", "command", "component", "config", "constant",
    "content", "context", "contract", "contrib", "controller", "customer", "dashboard", "database", "domain",
    "driver", "email", "engine", "entity", "environment", "event", "exception", "export", "extension",
    "feature", "file", "filter", "fixture", "form", "format", "formatter", "function", "generator",
    "graph", "guard", "handler", "harness", "helper", "history", "hook", "importer", "index",
    "infrastructure", "input", "integration", "interface", "internal", "inventory", "invoice", "item",
    "job", "language", "layout", "line", "linter", "list", "loader", "manager", "message", "metric",
    "middleware", "migration", "mock", "model", "monitor", "network", "node", "notification", "object",
    "operation", "order", "output", "package", "page", "parameter", "path", "patch", "payment", "pipeline",
    "platform", "policy", "process", "processor", "product", "program", "protocol", "provider", "public",
    "query", "queue", "record", "registry", "release", "render", "report", "request", "resource",
    "response", "result", "review", "route", "router", "rule", "scheduler", "schema", "score", "search",
    "security", "serializer", "session", "setting", "setup", "share", "shared", "signal", "source", "spec",
    "state", "static", "step", "storage", "store", "strategy", "stream", "support", "system", "table",
    "task", "template", "testing", "text", "theme", "thread", "token", "tracker", "train", "transport",
    "type", "typing", "unit", "update", "util", "validation", "validator", "value", "vendor", "version",
    "view", "widget", "worker", "workflow",
))  # fmt: skip
# Words that people are called by too.
_PEOPLE_WORDS = frozenset((
    "april", "august", "banks", "best", "bill", "black", "bond", "bright", "brown", "case", "chance",
    "chase", "cook", "cross", "dean", "drew", "early", "faith", "field", "fields", "fine", "fisher",
    "frank", "free", "gold", "good", "grace", "grant", "green", "hall", "head", "hill", "hope", "hunter",
    "jack", "june", "keen", "king", "lane", "light", "little", "lock", "long", "love", "major", "mark",
    "marks", "march", "mason", "miles", "mills", "more", "noble", "page", "park", "person", "power",
    "price", "rich", "rivers", "root", "rose", "sharp", "short", "silver", "small", "spring", "sterling",
    "stone", "strong", "summer", "sweet", "turner", "wall", "ward", "waters", "white", "will", "wise",
    "wood", "worth", "young",
))  # fmt: skip
_SHORT_NAME = 4
"""Letters from which on a part of a person's name is one wherever it stands, and however it is written."""

_PUBLIC_HOSTS = frozenset(("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "localhost"))
_SUBWORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_NAMED_IN = (("pyproject.toml", "project"), ("pyproject.toml", "tool.poetry"), ("Cargo.toml", "package"))
_GO_MODULE = re.compile(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
_SETUP_NAME = re.compile(r"\bsetup\(.*?\bname\s*=\s*[\"']([^\"']+)[\"']", re.DOTALL)


def tells(name: str) -> bool:
    """Whether a name identifies anything."""
    return len("".join(subwords(name))) > 2 and name.lower() not in GENERIC


def subwords(text: str) -> list[str]:
    """The parts of a text that are words by the way it is written: ``AcmeShop_2`` has three."""
    return _SUBWORD.findall(text)


def project_names(path: Path) -> Iterator[str]:
    """What a project is called: its folder, and what its package files and import packages say."""
    yield path.name
    yield from _declared(path)
    yield from (name for name in _import_packages(path) if not _is_word(name, _PACKAGE_WORDS))


def _declared(path: Path) -> Iterator[str]:
    for file, table in _NAMED_IN:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found: Any = tomllib.loads((path / file).read_text(encoding="utf-8"))
            for key in table.split("."):
                found = found[key]
            yield str(found["name"])
    with contextlib.suppress(OSError, ValueError, configparser.Error):
        setup = configparser.ConfigParser(interpolation=None)
        setup.read(path / "setup.cfg", encoding="utf-8")
        yield setup.get("metadata", "name")
    with contextlib.suppress(OSError, ValueError):
        yield from _SETUP_NAME.findall((path / "setup.py").read_text(encoding="utf-8"))
    with contextlib.suppress(FactoryError, OSError, KeyError):
        yield from str(read_json_plain(path / "package.json")["name"]).removeprefix("@").split("/")
    with contextlib.suppress(OSError, ValueError):
        for module in _GO_MODULE.findall((path / "go.mod").read_text(encoding="utf-8")):
            yield from remote_names(module)


def _import_packages(path: Path) -> Iterator[str]:
    """What is imported by name from the project's folder or its ``src``."""
    for folder in (path, path / "src"):
        with contextlib.suppress(OSError):
            yield from sorted(place.parent.name for place in folder.glob("*/__init__.py"))


def _is_word(name: str, words: frozenset[str]) -> bool:
    """Whether a name is one of these words, or of the generic ones, also in the plural."""
    plain = name.lower().strip("_")
    return not ({plain, plain.removesuffix("s")}).isdisjoint(words | GENERIC)


def remote_names(remote: str) -> Iterator[str]:
    """Host, owner and name of a remote; a public host is nobody's."""
    host, _, rest = remote.partition("/")
    if host not in _PUBLIC_HOSTS:
        yield host
    if not remote.startswith("/"):
        yield from rest.split("/")


def person() -> Iterator[str]:
    """What the person and the machine are called."""
    with contextlib.suppress(OSError, KeyError):
        yield getpass.getuser()
    with contextlib.suppress(RuntimeError):
        yield Path.home().name
    yield socket.gethostname().partition(".")[0]
    yield from (found for key in ("user.name", "user.email") if (found := _of_git(key)))
    yield from (part for part in _name_parts() if not _is_like_a_word(part))


def words_in_names() -> tuple[str, ...]:
    """The parts of the person's name that are words as well: names where they are written like one."""
    return tuple(part.capitalize() for part in _name_parts() if _is_like_a_word(part) and tells(part))


def _name_parts() -> list[str]:
    return re.findall(r"[^\W\d_]+", _of_git("user.name"))


def _is_like_a_word(part: str) -> bool:
    return len(part) < _SHORT_NAME or _is_word(part, _PEOPLE_WORDS)


def _of_git(key: str) -> str:
    try:
        return Repo(Path.cwd()).git("config", "--get", key).strip()
    except FactoryError:
        return ""
