"""Code that asks whether it is being tested, and files that put themselves in a measuring tool's place."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from factory.integrity.asserting import Function
from factory.integrity.model import FileChange, Weakening, constant, dotted, names

_FACTS = names(
    "sys.modules sys.argv sys.orig_argv sys.gettrace sys.getprofile sys._getframe sys._current_frames"
    " os.environ os.environb os.getenv os.getenvb inspect.stack inspect.currentframe traceback.extract_stack"
    " traceback.format_stack importlib.util.find_spec sys.monitoring sys.path sys.meta_path"
)
"""Where a program can see who runs it."""

_MODULES = re.compile(rf"\b(?:{'|'.join(sorted({fact.partition('.')[0] for fact in _FACTS}))})\b")
_ALWAYS = frozenset({"sys.gettrace", "sys.getprofile", "sys._called_from_test"})
_WORDS = re.compile(
    r"py\.?test|_pytest|unittest|nose2?|PYTEST_\w+|COVERAGE_\w+|COV_CORE_\w+|TOX_\w+"
    r"|FACTORY_(?:ROLE|CYCLE|EXPERIMENT|PROBE|TOOLS|CHILD)\w*|factory_probe\w*|conftest(?:\.py)?|_called_from_test"
    r"|IS_?TESTING|TESTING|UNDER_TEST|CI",
    re.I,
)
_TELLING = re.compile(
    r"py\.?test|_pytest|PYTEST_\w+|COVERAGE_\w+|FACTORY_(?:ROLE|CYCLE|EXPERIMENT|PROBE|TOOLS|CHILD)\w*|factory_probe\w*|conftest(?:\.py)?"
)
"""Words that are about a test runner wherever they are asked for, if only the module can see who runs it."""

_CHECKER_NAMES = names(
    "pytest _pytest pluggy coverage mypy ruff unittest sitecustomize usercustomize factory_probe_plugin"
    " factory_probe_boot factory_probe_inspect iniconfig"
)
_ASKING = frozenset({"get", "startswith", "endswith", "find", "count", "index", "getenv", "search", "match"})


def asks_for_tests(change: FileChange) -> Iterator[Weakening]:
    """Places, new with this change, where code of the project looks whether a test runner is there."""
    after = _questions(change.new) if _may_ask(change.after) else []
    known = Counter(text for text, _, _ in _questions(change.old)) if after else Counter()
    for text, line, place in after:
        if known[text] > 0:
            known[text] -= 1
            continue
        message = f"{change.path}:{line} asks whether it is being tested: {text[:80]}"
        yield Weakening("behaves_under_test", change.path, line, place, message)


def takes_a_checkers_place(change: FileChange) -> Iterator[Weakening]:
    """A new module that is found before a measuring tool of its name, or that every interpreter loads."""
    if change.before is not None or change.after is None:
        return
    parts = PurePosixPath(change.path).parts
    module = parts[-2] if parts[-1] == "__init__.py" and len(parts) > 1 else PurePosixPath(parts[-1]).stem
    importable = (2 if parts[0] == "src" else 1) + (parts[-1] == "__init__.py")
    taken = module in _CHECKER_NAMES and parts[-1].endswith(".py") and len(parts) <= importable
    if taken or parts[-1].endswith(".pth"):
        said = f"{change.path} is loaded in place of {module}, or before the tests are"
        yield Weakening("shadows_checker", change.path, 1, module, said)


def _may_ask(text: str | None) -> bool:
    """Whether a text names a module that knows who runs a program; most don't, and need not be parsed.

    Python reads other letters than ASCII as the ones they look like.
    """
    return text is not None and not (text.isascii() and _MODULES.search(text) is None)


def _questions(tree: ast.Module | None) -> list[tuple[str, int, str]]:
    """Expressions that look for a test runner: their text, line and the function they are in."""
    if tree is None:
        return []
    aliases = _aliases(tree)
    knows = any(_fact(node, aliases) in _FACTS for node in ast.walk(tree))
    return list(_in_scope(tree, "", aliases, _TELLING if knows else None))


def _aliases(tree: ast.Module) -> dict[str, str]:
    """What a module calls the modules that know about the process, and what it takes from them."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {item.asname: item.name for item in node.names if item.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {item.asname or item.name: f"{node.module}.{item.name}" for item in node.names}
    return found


def _in_scope(
    scope: ast.AST, name: str, aliases: dict[str, str], telling: re.Pattern[str] | None
) -> Iterator[tuple[str, int, str]]:
    """Questions in a module or function, and in the functions inside it.

    Where the scope itself sees who runs it, any word about testing is one; else only what is ``telling``,
    where the module sees it elsewhere.
    """
    nodes = list(_own_nodes(scope))
    words = _WORDS if any(_fact(node, aliases) in _FACTS for node in nodes) else telling
    for node in nodes:
        if isinstance(node, Function):
            yield from _in_scope(node, node.name, aliases, telling)
        elif _fact(node, aliases) in _ALWAYS or (words and _asks(node, words)):
            yield ast.unparse(node), getattr(node, "lineno", 1), name


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, Function):
            yield from _own_nodes(child)


def _fact(node: ast.AST, aliases: dict[str, str]) -> str:
    """The full name of an attribute or a name, as it was imported."""
    if not isinstance(node, ast.Attribute | ast.Name):
        return ""
    head, _, rest = dotted(node).partition(".")
    return ".".join(filter(None, [aliases.get(head, head), rest]))


def _asks(node: ast.AST, words: re.Pattern[str]) -> bool:
    """Whether a comparison, a look-up or a test of a text is about a test runner."""
    match node:
        case ast.Compare():
            operands = [node.left, *node.comparators]
        case ast.Subscript():
            operands = [node.slice]
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args) if name in _ASKING:
            operands = args
        case _:
            return False
    return any(_is_word(operand, words) for operand in operands)


def _is_word(node: ast.expr, words: re.Pattern[str]) -> bool:
    value = constant(node)
    texts = value[0] if value and isinstance(value[0], list | tuple | set) else value
    return any(isinstance(text, str) and bool(words.fullmatch(text)) for text in texts)
