"""Inserts a log call into silent handlers: an edit of the text, so that everything else stays as it is."""

from __future__ import annotations

import ast
import re
from itertools import takewhile
from pathlib import Path

from factory.offline.handlers import Handler, silent_handlers
from factory.offline.modules import Module, parse, read_module

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
LOGGER_LINE = "logger = logging.getLogger(__name__)"


def log_silent_handlers(root: Path, path: str, line_length: int) -> int:
    """Log in every handler of a module where that needs no judgement; gives back in how many.

    A handler that drops everything and goes on logs at level error with its traceback; one for a named
    exception, or one that answers with a value, at level debug: what the author expected stays quiet until
    somebody looks for it. A module without a logger gets one. The file is written only when the result
    parses and none of these handlers is silent any longer.
    """
    module = read_module(root, path)
    wanted = [h for h in silent_handlers(module) if not h.obstacle] if module else []
    if module is None or not wanted:
        return 0
    text = edited(module, wanted, line_length)
    if not _holds(module, text, len(wanted)):
        return 0
    (root / path).write_bytes(text.encode(module.encoding))
    return len(wanted)


def edited(module: Module, wanted: list[Handler], line_length: int) -> str:
    """The module's text with these handlers logging."""
    # Not str.splitlines: it would also break at form feeds, which Python does not count as line ends.
    lines = _LINES.findall(module.text)
    name = module.logger_name or "logger"
    # From the end, so that the lines above keep their numbers.
    for handler in sorted(wanted, key=lambda h: h.line, reverse=True):
        _insert_call(lines, handler, name, line_length, module.newline)
    if not module.logger:
        _insert_logger(lines, module)
    return "".join(lines)


def _insert_call(lines: list[str], handler: Handler, name: str, line_length: int, newline: str) -> None:
    statement = handler.node.body[0]
    at = statement.lineno - 1
    head, rest = _split(lines[at], statement.col_offset)
    on_header_line = bool(head.strip())
    indent = head if not on_header_line else _indent(head) + _step(lines)
    call = _call(handler, name, indent, line_length)
    new = [head.rstrip()] if on_header_line else []
    if isinstance(statement, ast.Pass | ast.Expr):
        last = statement.end_lineno or statement.lineno
        _, after = _split(lines[last - 1], statement.end_col_offset or 0)
        comment = after.strip()
        call[0] += f"  {comment}" if comment.startswith("#") and len(call) == 1 else ""
        new += [*_comment_above(indent, comment, call), *call]
    else:
        last = at + 1
        new += [*call, indent + rest.rstrip("\r\n")]
    lines[at:last] = [line + newline for line in new]


def _comment_above(indent: str, comment: str, call: list[str]) -> list[str]:
    """A comment that the call's lines have no room for stands above them."""
    return [indent + comment] if comment.startswith("#") and len(call) > 1 else []


def _call(handler: Handler, name: str, indent: str, line_length: int) -> list[str]:
    loud = handler.broad and not handler.gives_default
    method, extra = ("exception", "") if loud else ("debug", ", exc_info=True")
    message = '"' + handler.what.replace("\\", "\\\\").replace('"', "'") + '"'
    line = f"{indent}{name}.{method}({message}{extra})"
    if len(line) <= line_length:
        return [line]
    step = _step([indent]) if indent else "    "
    return [f"{indent}{name}.{method}(", f"{indent}{step}{message}{extra}", f"{indent})"]


def _split(line: str, column: int) -> tuple[str, str]:
    """A line at a column of the syntax tree, which counts bytes of UTF-8."""
    data = line.encode("utf-8")
    return data[:column].decode("utf-8"), data[column:].decode("utf-8")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _step(lines: list[str]) -> str:
    return "\t" if any(line.startswith("\t") for line in lines) else "    "


def _insert_logger(lines: list[str], module: Module) -> None:
    """Make a logger after the imports that the module begins with, and import logging among them."""
    leading = _leading_imports(module)
    ordinary = [s for s in leading if isinstance(s, ast.Import | ast.ImportFrom) and not _is_future(s)]
    needs_import = not any(_imports_logging(s) for s in ordinary)
    at = (leading[-1].end_lineno or 0) if leading else _docstring_end(module)
    new = ["", LOGGER_LINE]
    if needs_import and not ordinary:
        new = ["", "import logging", *new]
    if not at:
        at = _first_line(module) - 1
        new = [*new[1:], "", ""]
    lines[at:at] = [line + module.newline for line in new]
    if needs_import and ordinary:
        place = ordinary[0].lineno - 1
        lines[place:place] = ["import logging" + module.newline]


def _imports_logging(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import) and any(
        alias.name == "logging" and not alias.asname for alias in statement.names
    )


def _first_line(module: Module) -> int:
    """Where the first statement begins, its decorators included; comments at the top stay at the top."""
    first = module.tree.body[0]
    decorators: list[ast.expr] = getattr(first, "decorator_list", [])
    return min([first.lineno, *(d.lineno for d in decorators)])


def _leading_imports(module: Module) -> list[ast.stmt]:
    """The statements up to the last import of the module's head, where conditional ones belong to it.

    A logger made above one of them would leave that import below code, which linters object to.
    """
    body = module.tree.body[1:] if _docstring_end(module) else module.tree.body
    head = list(takewhile(_may_stand_in_head, body))
    while head and not _imports(head[-1]):
        head.pop()
    return head


def _may_stand_in_head(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.If | ast.Try | ast.Assign)


def _imports(statement: ast.stmt) -> bool:
    """Whether a statement imports, itself or under a condition."""
    return any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(statement))


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _docstring_end(module: Module) -> int:
    first = module.tree.body[0] if module.tree.body else None
    is_docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return (first.end_lineno or 0) if first and is_docstring else 0


def _holds(module: Module, text: str, wanted: int) -> bool:
    """Whether the new text is valid, and has just so many silent handlers fewer."""
    try:
        after = Module(module.path, text, parse(text), module.encoding)
    except SyntaxError:
        return False
    return len(silent_handlers(module)) - len(silent_handlers(after)) == wanted
