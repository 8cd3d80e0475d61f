"""Imports point downwards only, and a few things happen in one place only."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.support import sources
from tests.support.sources import Import, Module

# The layer of each module or package directly under factory/. A new one is entered here; `make docs-write`
# puts it into the module map of docs/architecture.md.
LAYERS: dict[str, int] = {
    "": 0,
    **dict.fromkeys(("errors", "models"), 1),
    **dict.fromkeys(
        (
            "paths",
            "process",
            "fsio",
            "output",
            "words",
            "log",
            "redact",
            "globs",
            "answers",
            "supervisor",
            "ancestry",
            "scratch",
        ),
        2,
    ),
    **dict.fromkeys(("git", "github", "config", "rows", "store", "journal", "registry", "backlog"), 3),
    **dict.fromkeys(("runners", "sandbox", "approvals"), 3),
    **dict.fromkeys(("spec", "strategy", "guard", "integrity", "precheck", "evals", "offline", "agents"), 4),
    "target": 4,
    **dict.fromkeys(("ace", "research", "insights", "brief", "study", "project", "oddities"), 4),
    "cycle": 5,
    **dict.fromkeys(("commands", "dialog"), 6),
    **dict.fromkeys(("error_handler", "cli", "__main__", "demo"), 7),
}
DOMAIN = 4

# Imports within one layer. The domain and the top layer may (there is a test against cycles); below
# them each pair has its reason.
SIDEWAYS: dict[tuple[str, str], str] = {
    ("ancestry", "process"): "where there is no /proc, `ps` is asked",
    ("log", "paths"): "the log lies in the factory home",
    ("log", "fsio"): "its folder is private",
    ("log", "redact"): "no secret reaches a log",
    ("output", "redact"): "nor what is told of a failure, which CI logs",
    ("store", "rows"): "the store reads what the row reader reads",
    ("runners", "sandbox"): "an agent's process is started inside the sandbox",
}

# What stays on values: the plan, the strategy, and what learns.
PURE = ("factory.spec", "factory.strategy", "factory.ace.reflector", "factory.ace.curator")
PURE_MAY_USE = (
    *("factory.errors", "factory.models", "factory.globs", *PURE),
    *("factory.ace.models", "factory.ace.records", "factory.ace.stats"),
    *("factory.insights.topics", "factory.insights.matching"),
)

# Only the cycle brings runners, agents, store and journal together.
DOMAIN_MAY_NOT_USE = ("factory.store", "factory.journal", "factory.runners")
DOMAIN_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("offline", "factory.runners"): "the deterministic engineer is a runner",
}

# Imports inside functions: (importing module, imported module) patterns, and why.
LATE_IMPORTS: dict[tuple[str, str], str] = {
    ("factory.cli", "difflib*"): "only for a mistyped command; --help stays fast",
    ("factory.commands*", "factory.*"): "an adapter loads what it calls when it is called: --help stays fast",
    ("factory.supervisor", "*"): "it runs beside every child, and loads the rest only when it is needed",
    ("factory.error_handler", "*"): "every command imports it, and few fail: --help stays fast",
    ("factory.output", "json*"): "--help stays fast",
    ("factory.output", "factory.redact"): "only where something failed; --help stays fast",
    ("factory.output", "shutil*"): "--help stays fast",
    ("factory.output", "textwrap*"): "--help stays fast",
    ("factory.output", "select*"): "only where a person is asked; --help stays fast",
    ("factory.output", "termios*"): "only where a person is asked; --help stays fast",
    ("factory.log", "logging*"): "comes with structlog",
    ("factory.fsio", "datetime*"): "readers do without",
    ("factory.paths", "hashlib*"): "readers do without",
    ("factory.rows", "factory.fsio"): "a history is read without, until that fails",
    ("factory.*", "filelock*"): "only for who writes; costs more than reading a history",
    ("factory.*", "rich*"): "only for a person's terminal; costs more than reading a history",
    ("factory.*", "structlog*"): "costs more than reading a history",
}

MODULES = sources.modules()
KNOWN = frozenset(module.name for module in MODULES)
IMPORTS = [found for module in MODULES for found in sources.imports(module, KNOWN)]
OURS = [found for found in IMPORTS if found.target.split(".")[0] == "factory"]


def unit(name: str) -> str:
    """``factory.spec.parser`` → ``spec``."""
    return ".".join(name.split(".")[1:2])


def within(name: str, *packages: str) -> bool:
    """Whether a module is one of ``packages`` or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def told(found: Import, why: str) -> str:
    """One complaint, with its place."""
    return f"{found.source}:{found.line} imports {found.target}: {why}"


def wrong_direction(found: Import) -> str:
    """What is wrong with the direction of an import, empty when nothing is."""
    source, target = unit(found.source), unit(found.target)
    if source == target or not {source, target} <= LAYERS.keys():  # the latter is a test of its own
        return ""
    here, there = LAYERS[source], LAYERS[target]
    if there > here:
        return told(found, f"layer {there} from layer {here}; imports point downwards")
    if there == here and here < DOMAIN and (source, target) not in SIDEWAYS:
        return told(found, f"both are in layer {here}; adapters don't know one another")
    return ""


def test_every_module_has_a_layer() -> None:
    unknown = sorted({module.unit for module in MODULES} - LAYERS.keys())
    assert not unknown, f"add {unknown} to LAYERS in {Path(__file__).name}, and run: make docs-write"


def test_what_is_allowed_is_there_and_used() -> None:
    """What nothing needs any more would let the next wrong import pass."""
    late = [i for i in IMPORTS if i.late]
    between = {(unit(i.source), target) for i in OURS for target in (unit(i.target), i.target)}
    unused = [
        *(LAYERS.keys() - {module.unit for module in MODULES}),
        *(SIDEWAYS.keys() - between),
        *((s, t) for s, t in DOMAIN_EXCEPTIONS if not any(s == a and within(b, t) for a, b in between)),
        *((s, t) for s, t in LATE_IMPORTS if not any(is_of(i, s, t) for i in late)),
    ]
    assert unused == [], f"take it out of the tables of {Path(__file__).name}"


def test_imports_point_downwards() -> None:
    assert [complaint for found in OURS if (complaint := wrong_direction(found))] == []


def test_layer_one_uses_the_standard_library_and_pydantic_only() -> None:
    allowed = {*sys.stdlib_module_names, "pydantic", "factory"}
    wrong = [i for i in IMPORTS if LAYERS.get(unit(i.source)) == 1 and i.target.split(".")[0] not in allowed]
    assert [told(found, "layer 1 is standard library and pydantic") for found in wrong] == []


def test_the_pure_domain_stays_on_values() -> None:
    wrong = [i for i in OURS if within(i.source, *PURE) and not within(i.target, *PURE_MAY_USE)]
    assert [
        told(i, "this part is pure: text and models in, findings out") for i in wrong if i.target != "factory"
    ] == []


def test_the_domain_does_not_know_store_journal_and_runners() -> None:
    wrong = [
        found
        for found in OURS
        if LAYERS.get(unit(found.source)) == DOMAIN
        and within(found.target, *DOMAIN_MAY_NOT_USE)
        and not any(unit(found.source) == s and within(found.target, t) for s, t in DOMAIN_EXCEPTIONS)
    ]
    assert [told(found, "only the cycle brings these together") for found in wrong] == []


def test_runners_leave_the_log_to_others() -> None:
    wrong = [i for i in IMPORTS if within(i.source, "factory.runners") and within(i.target, "structlog")]
    assert [told(found, "runners don't import structlog") for found in wrong] == []


def test_there_is_no_cycle() -> None:
    graph: dict[str, set[str]] = {module.name: set() for module in MODULES}
    for found in OURS:
        if found.target in graph and not is_own_package(found):
            graph[found.source].add(found.target)
    assert list(cycles(graph)) == []


def is_own_package(found: Import) -> bool:
    """Whether a module names the package it lies in, as in ``from factory.spec import …`` inside it."""
    return found.target == found.source


def cycles(graph: dict[str, set[str]]) -> Iterator[list[str]]:
    """One path for each node from which a depth-first search comes back to a node on its own path."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> Iterator[list[str]]:
        if node in path:
            yield [*path[path.index(node) :], node]
        elif node not in done:
            for following in sorted(graph[node]):
                yield from visit(following, [*path, node])
            done.add(node)

    for node in sorted(graph):
        yield from visit(node, [])


def is_of(found: Import, source: str, target: str) -> bool:
    """Whether an import is one of those that two patterns speak of."""
    return fnmatchcase(found.source, source) and fnmatchcase(found.target, target)


def test_imports_inside_functions_have_a_reason() -> None:
    wrong = [
        told(found, f"give a reason in LATE_IMPORTS of {Path(__file__).name}, or import it at the top")
        for found in IMPORTS
        if found.late and not any(is_of(found, s, t) for s, t in LATE_IMPORTS)
    ]
    assert wrong == []


def prints(module: Module) -> Iterator[int]:
    """The lines on which a module writes to the terminal by itself."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield node.lineno
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"stdout", "stderr", "__stdout__", "__stderr__"}
            and isinstance(node.value, ast.Name)
            and node.value.id == "sys"
        ):
            yield node.lineno


def test_only_output_prints() -> None:
    wrong = [f"{m.name}:{line}" for m in MODULES if m.name != "factory.output" for line in prints(m)]
    assert wrong == [], "write through factory.output"


def configures_structlog(node: ast.AST) -> bool:
    """Whether there is a call of ``structlog.configure`` or ``configure_once`` in a piece of code."""
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"configure", "configure_once"}
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "structlog"
        for call in ast.walk(node)
    )


def test_only_cli_sets_up_the_log() -> None:
    configuring = [module for module in MODULES if configures_structlog(module.tree)]
    assert [m.name for m in configuring if m.name not in {"factory.log", "factory.cli"}] == []
    functions = {
        node.name
        for module in configuring
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef) and configures_structlog(node)
    }
    for module in configuring:
        for statement in module.tree.body:
            is_function = isinstance(statement, ast.FunctionDef)
            assert is_function or not configures_structlog(statement), f"{module.name} configures at import"
    users = {m.name for m in MODULES if m.name != "factory.log" and functions & set(names(m.tree))}
    assert users <= {"factory.cli"}


def names(tree: ast.AST) -> Iterator[str]:
    """Every name that a piece of code uses or imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name


def test_what_runs_in_a_measured_project_stands_alone() -> None:
    for path in (sources.ROOT / sources.PROBE).rglob("*.py"):
        module = Module(path.stem, path, ast.parse(path.read_text(encoding="utf-8")))
        foreign = [i.target for i in sources.imports(module, frozenset()) if within(i.target, "factory")]
        assert foreign == [], f"{path.name} runs where the factory is not installed"


# The rules above, on examples that break them.


def probe(tmp_path: Path, files: dict[str, str]) -> list[Import]:
    """The imports of a little package made of ``files``."""
    for name, text in files.items():
        path = tmp_path / "factory" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = sources.modules(tmp_path)
    known = frozenset(module.name for module in found)
    return [one for module in found for one in sources.imports(module, known)]


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("git.py", "from factory import cycle", "layer 5 from layer 3"),
        ("git.py", "from factory.cycle.steps import study", "layer 5 from layer 3"),
        ("git.py", "def f():\n    from factory.cycle import steps", "layer 5 from layer 3"),
        ("git.py", "import factory.journal", "both are in layer 3"),
        ("spec/parser.py", "from ..cycle import steps", "layer 5 from layer 4"),
        ("spec/parser.py", "from .. import errors", ""),
        ("spec/parser.py", "from . import model", ""),
        ("store.py", "from factory.rows import read", ""),
        ("precheck.py", "from factory.guard import run", ""),
    ],
)
def test_a_wrong_direction_is_seen(tmp_path: Path, file: str, text: str, complaint: str) -> None:
    others = {
        f"{name}.py": "" for name in ("journal", "errors", "rows", "guard", "cycle/__init__", "cycle/steps")
    }
    spec = {"spec/__init__.py": "", "spec/model.py": "", "__init__.py": ""}
    found = [i for i in probe(tmp_path, {**others, **spec, file: text}) if i.target != "factory"]
    complaints = [wrong_direction(i) for i in found]
    assert [bool(c) for c in complaints] == [bool(complaint)]
    assert complaint in complaints[0]


def test_a_cycle_is_seen() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": set()}
    assert list(cycles(graph)) == [["a", "b", "c", "a"]]


def test_printing_is_seen() -> None:
    code = ast.parse("import sys\nprint(1)\nsys.stdout.write('x')\nout.print(2)\n")
    assert list(prints(Module("factory.x", Path("x.py"), code))) == [2, 3]
