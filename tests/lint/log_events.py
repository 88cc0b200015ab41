"""The rule on log events: each is a literal in snake_case, and the logger of every module is called `_log`.

Operators search logs by an event's name and count lines by it, so a name holds no value, no space and no sentence.
A constant of the module counts as a literal.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.lint.module_walk import ModuleWalk

LOGGER: Final = "_log"
_SNAKE_CASE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LEVELS: Final = frozenset({"debug", "info", "warning", "error", "critical", "exception"})
_MAKERS: Final = frozenset({"get_logger", "getLogger"})


class LogEvents(ModuleWalk):
    """Finds events that are no literals in snake_case, and loggers that have another name."""

    broken = "{what} in {function}"
    unneeded = "{function} logs no event that its caller names"

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self._constants: dict[str, str] = {}

    def visit_Module(self, node: ast.Module) -> None:
        self._constants = dict(_constants(node))
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._check_binding(node, node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._check_binding(node, [node.target])

    def _check_binding(self, node: ast.Assign | ast.AnnAssign, targets: list[ast.expr]) -> None:
        """A logger that a module binds has the one name; a function may take a library's logger to configure it."""
        if _maker(node.value) == "get_logger" or (_maker(node.value) and not self._scopes):
            if [target.id for target in targets if isinstance(target, ast.Name)] != [LOGGER]:
                self.report(node, f"a logger that is not called {LOGGER}")
        else:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _maker(node) == "get_logger":
            self.report(node, f"a logger that is not called {LOGGER}")
        if not _logs(node.func):
            self.visit(node.func)
        elif (event := self._event(node)) is None or not _SNAKE_CASE.fullmatch(event):
            self.report(node, "an event that is no literal in snake_case")
        for child in [*node.args, *node.keywords]:
            self.visit(child)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == LOGGER:
            self.report(node, "a use of the logger that names no event")

    def _event(self, node: ast.Call) -> str | None:
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Name):
            return self._constants.get(first.id)
        return _literal(first)


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The texts that a module binds to names."""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(name)], value=value) | ast.AnnAssign(target=ast.Name(name), value=value)
            ):
                if (text := _literal(value)) is not None:
                    yield name, text


def _literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _maker(node: ast.expr | None) -> str:
    """The function that makes a logger, when the expression is a call of one; else an empty text."""
    function = node.func if isinstance(node, ast.Call) else None
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name if name in _MAKERS else ""


def _logs(function: ast.expr) -> bool:
    """Whether a call writes a line: a method of a level, of the module's logger or of one that has another name."""
    match function:
        case ast.Attribute(value=ast.Name(name), attr=level):
            return level in _LEVELS and name in {LOGGER, "log", "logger", "_logger", "logging"}
    return False
