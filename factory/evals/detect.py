"""What a project seems to be, from its files: language, folders, commands to try. Nothing is run."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from factory.config import DimensionSpec
from factory.evals.checkers import has_mypy_settings
from factory.evals.dimensions.sources import is_source_file, is_test_file
from factory.evals.javascript import dependencies, javascript_tools
from factory.evals.judge_settings import is_judge_file
from factory.evals.plan import planned
from factory.evals.roots import NOT_PACKAGES, dig, find_roots, read_toml

LANGUAGES = {
    "py": "Python", "js": "JavaScript", "mjs": "JavaScript", "cjs": "JavaScript", "jsx": "JavaScript",
    "ts": "TypeScript", "tsx": "TypeScript", "rs": "Rust", "go": "Go", "rb": "Ruby", "java": "Java", "c": "C",
    "cpp": "C++", "cs": "C#", "php": "PHP", "sh": "Shell",
}  # fmt: skip
EVAL_SCRIPTS = ("eval/run.py", "eval/eval.py", "eval/score.py", "eval/run.sh")
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
DOCS = ("docs", "doc")
PAGES = re.compile(r"(README|CHANGELOG|CHANGES|HISTORY)(\.\w+)?", re.IGNORECASE)
COMMAND_TIMEOUT_S = 900.0
NPM_PLACEHOLDER = "no test specified"
LONGEST_GOAL = 200

_UNDERLINE = re.compile(r"^[^\w\s]{3,}$", re.MULTILINE)
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|\s*<[^\s>]+>`_{0,2}|[*`]+")


@dataclass(frozen=True, slots=True)
class Detected:
    """What the files tell.

    ``modifiable`` are patterns; ``candidates`` dimensions to try; ``setup`` and ``smoke`` commands, or "";
    ``judging`` patterns of files that say what a candidate's command does; ``notes`` what a person should
    know.
    """

    language: str
    goal: str
    modifiable: list[str]
    candidates: list[DimensionSpec]
    setup: str = ""
    smoke: str = ""
    tools: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    judging: list[str] = field(default_factory=list)


def detect(checkout: Path, files: Sequence[str]) -> Detected:
    """Look at a checkout and its files."""
    language = main_language(files)
    if language == "Python":
        return _python(checkout, files)
    commands = _commands(checkout, files)
    return Detected(
        language=language,
        goal=_goal(checkout, files),
        modifiable=_top_folders(files) or ["**"],
        candidates=[*commands, *_eval_candidates(files)],
        setup=_setup(checkout, files),
        judging=[f"/{_makefile(checkout)}"] if any(c.command.startswith("make ") for c in commands) else [],
    )


def main_language(files: Sequence[str]) -> str:
    """The language that most files are written in; "unknown" when none is known. Python wins a tie."""
    counts = Counter(LANGUAGES[s] for f in files if (s := PurePosixPath(f).suffix[1:]) in LANGUAGES)
    return max(counts, key=lambda name: (counts[name], name == "Python", name)) if counts else "unknown"


def _python(checkout: Path, files: Sequence[str]) -> Detected:
    typed = has_mypy_settings(checkout)
    tests = "pytest (the tests are run by it, whatever they are written for)"
    return Detected(
        language="Python",
        goal=_goal(checkout, files),
        modifiable=_python_scope(checkout, files),
        candidates=[*planned([], python=True, typed=typed), *_eval_candidates(files)],
        smoke=_import_smoke(checkout),
        tools=[tests, "ruff (ours)", *(["mypy"] if typed else [])],
    )


def _python_scope(checkout: Path, files: Sequence[str]) -> list[str]:
    """The folders of the packages, the tests, the docs, and the pages at the root."""
    roots = find_roots(checkout)
    own = [path for path in roots.units if not is_test_file(path.relative_to(roots.checkout).as_posix())]
    code = [*(_pattern(roots.checkout, path) for path in own), *_loose_code(files, alone=not own)]
    tests = [_pattern(roots.checkout, path) for path in roots.tests if path != roots.checkout]
    loose = ["/test_*.py"] if roots.checkout in roots.tests else []
    return list(dict.fromkeys([*code, *tests, *loose, *_texts(files)])) or ["**"]


def _loose_code(files: Sequence[str], *, alone: bool) -> list[str]:
    """The top folders with Python in them that is no package: measured as the rest is, and to be changed too.

    Scripts and tools only where there is nothing else (``alone``).
    """
    sources = [PurePosixPath(f) for f in files if "/" in f and is_source_file(f) and not is_judge_file(f)]
    held = dict.fromkeys(path.parts[0] for path in sources)
    tops = [top for top in held if top != "eval" and not top.startswith(".")]
    likely = [top for top in tops if top not in NOT_PACKAGES]
    return [f"{top}/**" for top in likely or (tops if alone else [])]


def _pattern(root: Path, path: Path) -> str:
    """A pattern for a package's top folder (``src/**`` for ``src/pkg``), or for a module at the root."""
    relative = path.relative_to(root)
    return f"/{relative}" if path.is_file() and len(relative.parts) == 1 else f"{relative.parts[0]}/**"


def _texts(files: Sequence[str]) -> list[str]:
    folders = {PurePosixPath(f).parts[0] for f in files if "/" in f}
    pages = [f"/{f}" for f in files if "/" not in f and PAGES.fullmatch(f)]
    return [*(f"{name}/**" for name in DOCS if name in folders), *pages]


def _top_folders(files: Sequence[str]) -> list[str]:
    """The top folders that hold code, and the texts; nothing when code lies at the root.

    Settings of measuring tools are written as code too, and are nothing to be changed.
    """
    found = (f for f in files if not is_judge_file(f))
    code = [path for f in found if (path := PurePosixPath(f)).suffix[1:] in LANGUAGES]
    if not code or any(len(path.parts) == 1 for path in code):
        return []
    tops = dict.fromkeys(path.parts[0] for path in code if path.parts[0] != "eval")
    return list(dict.fromkeys([*(f"{top}/**" for top in tops), *_texts(files)]))


def _import_smoke(checkout: Path) -> str:
    """A command that imports the first package of the project; empty when there is none."""
    names = [name for name in find_roots(checkout).names if "." not in name]
    return f'python -c "import {names[0]}"' if names else ""


def _goal(checkout: Path, files: Sequence[str]) -> str:
    """The project's own description of one line, from its metadata, or the first sentence of its README."""
    described = dig(read_toml(checkout / "pyproject.toml"), "project", "description")
    described = described or _package_json(checkout).get("description")
    if isinstance(described, str) and described.strip():
        return " ".join(described.split())
    readme = next((f for f in files if re.fullmatch(r"README(\.\w+)?", f, re.IGNORECASE)), None)
    text = (checkout / readme).read_text(encoding="utf-8", errors="replace") if readme else ""
    paragraphs = (part.strip() for part in re.split(r"\n\s*\n", text))
    prose = (part for part in paragraphs if part[:1].isalpha() and not _UNDERLINE.search(part))
    return _sentence(next(prose, ""))


def _sentence(prose: str) -> str:
    """The first sentence without its markup; a single line is one. Empty where none ends in time."""
    plain = " ".join(_MARKUP.sub(r"\1", prose).split())
    ended = re.match(r".*?[.!?](?= [A-Z]|$)", plain)
    told = ended[0] if ended else plain if "\n" not in prose else ""
    return told if len(told) <= LONGEST_GOAL else ""


def _eval_candidates(files: Sequence[str]) -> list[DimensionSpec]:
    """A harness that the project brings, tried with both forms of output; the other is dropped."""
    script = next((name for name in EVAL_SCRIPTS if name in files), None)
    if script is None:
        return []
    command = f"{'sh' if script.endswith('.sh') else 'python'} {script}"
    return [
        _by_command("eval", command, "project", "json"),
        _by_command("eval_results", command, "project", "results"),
    ]


def _commands(checkout: Path, files: Sequence[str]) -> list[DimensionSpec]:
    """Test and lint commands by the tools that the files show; the first of a name wins."""
    scripts = _package_json(checkout).get("scripts")
    scripts = scripts if isinstance(scripts, dict) else {}
    found: list[tuple[str, str, str]] = list(javascript_tools(_package_json(checkout), files))
    if NPM_PLACEHOLDER not in str(scripts.get("test", NPM_PLACEHOLDER)):
        found.append(("tests", "npm test --silent", "exit_code"))
    if "lint" in scripts:
        found.append(("lint", "npm run --silent lint", "exit_code"))
    if "Cargo.toml" in files:
        found += [("tests", "cargo test --quiet", "exit_code")]
        found += [("lint", "cargo clippy --quiet -- -D warnings", "exit_code")]
    if "go.mod" in files:
        found += [("tests", "go test ./...", "exit_code"), ("lint", "go vet ./...", "exit_code")]
    targets = [target for target in _make_targets(checkout) if target in ("test", "lint")]
    found += [("tests" if t == "test" else t, f"make {t}", "exit_code") for t in targets]
    firsts = {name: (command, parser) for name, command, parser in reversed(found)}
    return [_by_command(n, command, "hygiene", parser) for n, (command, parser) in reversed(firsts.items())]


def _by_command(name: str, command: str, tier: str, parser: str) -> DimensionSpec:
    return DimensionSpec(name, tier, 1.0, command, parser, COMMAND_TIMEOUT_S, False)


def _setup(checkout: Path, files: Sequence[str]) -> str:
    package = _package_json(checkout)
    if "package.json" not in files or not dependencies(package):
        return ""
    return "npm ci" if "package-lock.json" in files else "npm install"


def _makefile(checkout: Path) -> str:
    """The file that ``make`` reads; empty where there is none."""
    return next((name for name in MAKEFILES if (checkout / name).is_file()), "")


def _make_targets(checkout: Path) -> list[str]:
    name = _makefile(checkout)
    text = (checkout / name).read_text(encoding="utf-8", errors="replace") if name else ""
    return re.findall(r"^([\w-]+)\s*:(?!=)", text, re.MULTILINE)


def _package_json(checkout: Path) -> dict[str, object]:
    try:
        found = json.loads((checkout / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
