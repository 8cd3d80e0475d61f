"""What is defined under factory/ and used on the way from no command.

    python tools/reachable.py        lists it; exit 1 if there is any

Marks and sweeps by name. Every function, method, class and module-level table is a node; it is alive when
its name is used by the entry points, by code that runs at import, or by something alive. A chain of functions
that only tests call is thus dead as a whole. A name is a name: two functions that share one keep each
other alive, so this misses some, and what it finds is dead.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "factory"

ENTRY_POINTS = ("main", "build_parser")

# Names that other programs import, and which therefore stay. They don't make alive what only they use.
PUBLIC: dict[str, tuple[str, ...]] = {
    "factory.cli": ("build_parser",),
    "factory.models": ("ExperimentRecord",),
    "factory.store": ("ExperimentStore",),
    "factory.strategy": (
        *("FEECCategory", "categorize_hypothesis", "rank_hypotheses", "hypothesis_similarity"),
        *("find_anti_patterns", "detect_stuck", "detect_plateau", "format_tiered_history"),
    ),
    "factory.agents.ceo_task": ("build_ceo_task",),
    "factory.ace.models": ("Playbook", "PlaybookItem"),
    "factory.ace.paths": ("DEFAULTS_DIR", "user_playbooks_dir"),
    "factory.ace.contributor": (
        *("ClassifiedItem", "classify_item", "classify_evolved_playbooks", "package_evidence"),
        *("explain_specificity", "explain_uncertainty", "load_candidates"),
        *("prepare_contribution", "execute_contribution"),
    ),
    "factory.insights": ("classify_hypothesis", "discover_projects", "load_all_histories"),
}

# What is used from outside factory/ or by a mechanism that names don't show, and how.
# It keeps alive what it uses.
ALLOWED: dict[str, str] = {
    "settings_reference": "tools/docs.py makes docs/configuration.md from it",
    "rules_table": "tools/docs.py makes docs/spec-rules.md from it",
    "__getattr__": "called by Python",
    "__dir__": "called by Python",
}
# Modules that another process runs, where their functions are called by that process.
OTHER_PROCESSES = ("factory/example/", "factory/evals/probe/", "factory/demo.py", "factory/__main__.py")
HOOKS = re.compile(r"pytest_\w+|visit_\w+|generic_visit|do_[A-Z]+|model_post_init|__\w+__")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(slots=True)
class Node:
    """A definition: where it is, what it uses, and the class it belongs to."""

    name: str
    path: Path
    line: int
    uses: set[str]
    owner: str = ""
    automatic: bool = field(default=False)
    """Comes alive with its class: special methods, hooks, decorated validators."""


def sources(package: Path) -> Iterator[Path]:
    """The files of the package that are code of the program itself."""
    for path in sorted(package.rglob("*.py")):
        if not path.relative_to(package.parent).as_posix().startswith("factory/example/"):
            yield path


def words(tree: ast.AST | Iterable[ast.AST]) -> set[str]:
    """Every name that code uses, also one spelled in a string such as "factory.commands.history:run".

    An import is no use; neither is ``__all__``.
    """
    found: set[str] = set()
    for root in [tree] if isinstance(tree, ast.AST) else tree:
        for node in ast.walk(root):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= named_in(node.value)
    return found


def named_in(text: str) -> set[str]:
    """The identifiers of a string that is a name or a path of names."""
    return set(re.split(r"[.:]", text)) if re.fullmatch(r"[A-Za-z_][\w.:]*", text) else set()


def aliases(tree: ast.AST) -> dict[str, str]:
    """Other names that imports give: ``from a import b as c`` makes ``c`` a use of ``b``."""
    return {
        alias.asname: alias.name.split(".")[-1]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }


def scan(path: Path) -> tuple[list[Node], set[str]]:
    """The definitions of a module, and the names its import-time code uses."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    renamed = aliases(tree)
    nodes: list[Node] = []
    at_import: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, Definition):
            nodes.extend(definitions(statement, path))
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            if "__all__" not in names:
                nodes.extend(Node(n, path, statement.lineno, words(statement)) for n in names)
                at_import |= set() if names else words(statement)
        elif not isinstance(statement, ast.Import | ast.ImportFrom):
            at_import |= words(statement)
    for node in nodes:
        node.uses |= {renamed[name] for name in node.uses & renamed.keys()}
    return nodes, at_import | {renamed[name] for name in at_import & renamed.keys()}


def definitions(node: Definition, path: Path) -> Iterator[Node]:
    """A function as one node; a class as one, and each of its methods as another."""
    if not isinstance(node, ast.ClassDef):
        yield Node(node.name, path, node.lineno, words(node))
        return
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
    rest = [part for part in ast.iter_child_nodes(node) if part not in methods]
    yield Node(node.name, path, node.lineno, words(rest))
    for method in methods:
        automatic = bool(HOOKS.fullmatch(method.name)) or is_registered(method)
        yield Node(method.name, path, method.lineno, words(method), node.name, automatic)


def is_registered(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator hands the method to a library (a pydantic validator, …), which then calls it."""
    plain = {
        "property",
        "staticmethod",
        "classmethod",
        "cached_property",
        "contextmanager",
        "cache",
        "override",
    }
    return bool(words(method.decorator_list) - plain - {"functools", "contextlib", "abc", "abstractmethod"})


def dead(package: Path = PACKAGE, public: Mapping[str, Iterable[str]] = PUBLIC) -> list[Node]:
    """The definitions that nothing alive names, without those that are public or allowed."""
    nodes: list[Node] = []
    living: set[str] = {*ENTRY_POINTS, *ALLOWED}
    for path in sources(package):
        found, at_import = scan(path)
        nodes.extend(found)
        living |= at_import
        if path.relative_to(package.parent).as_posix().startswith(OTHER_PROCESSES):
            living |= {node.name for node in found}
    spared = {name for names in public.values() for name in names}
    asleep = nodes
    while True:
        woken = [node for node in asleep if is_alive(node, living)]
        if not woken:
            return [n for n in asleep if n.name not in spared and n.owner not in spared]
        living |= {name for node in woken for name in node.uses - {node.name}}
        living |= {node.name for node in woken if not node.owner}
        asleep = [node for node in asleep if node not in woken]


def is_alive(node: Node, living: set[str]) -> bool:
    """Whether a definition is used: its name, and for a method its class too."""
    if HOOKS.fullmatch(node.name) and not node.owner:
        return True
    return (node.automatic or node.name in living) and (not node.owner or node.owner in living)


def main() -> int:
    """List what is dead; the exit code is 1 if there is anything."""
    found = dead()
    for node in found:
        name = f"{node.owner}.{node.name}" if node.owner else node.name
        print(f"{node.path.relative_to(ROOT)}:{node.line}: {name} is reached from no command")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
