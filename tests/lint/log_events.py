"""The rule on log events: each is a literal in snake_case, and the logger of every module is called `_log`.

Operators search logs by an event's name and count lines by it, so a name holds no value, no space and no sentence.
A constant of the module counts as a literal.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOGGER: Final = "_log"
_SNAKE_CASE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LEVELS: Final = frozenset({"debug", "info", "warning", "error", "critical", "exception"})
_MAKERS: Final = frozenset({"get_logger", "getLogger"})


@dataclass(frozen=True, slots=True)
class Misnamed:
    """A log event or a logger that breaks the rule: where, in which function, what is wrong."""

    file: str
    line: int
    function: str
    wrong: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.wrong} in {self.function}"


def misnamed(source: str, file: str) -> list[Misnamed]:
    """Every place of a module that breaks the rule."""
    tree = ast.parse(source, file)
    visitor = _Visitor(file, dict(_constants(tree)))
    visitor.visit(tree)
    return visitor.found


def misnamed_below(folder: Path, root: Path) -> Iterator[Misnamed]:
    """The same for all modules below a folder, files named from the root on."""
    for path in sorted(folder.rglob("*.py")):
        yield from misnamed(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())


class _Visitor(ast.NodeVisitor):
    def __init__(self, file: str, constants: dict[str, str]) -> None:
        self._file = file
        self._constants = constants
        self._functions = ["the module"]
        self.found: list[Misnamed] = []

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - as ast names it

    def visit_Assign(self, node: ast.Assign) -> None:
        self._check_binding(node, node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._check_binding(node, [node.target])

    def _check_binding(self, node: ast.Assign | ast.AnnAssign, targets: list[ast.expr]) -> None:
        """A logger that a module binds has the one name; a function may take a library's logger to configure it."""
        if _maker(node.value) == "get_logger" or (_maker(node.value) and self._functions == ["the module"]):
            if [target.id for target in targets if isinstance(target, ast.Name)] != [LOGGER]:
                self._add(node, f"a logger that is not called {LOGGER}")
        else:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _maker(node) == "get_logger":
            self._add(node, f"a logger that is not called {LOGGER}")
        if not _logs(node.func):
            self.visit(node.func)
        elif (event := self._event(node)) is None or not _SNAKE_CASE.fullmatch(event):
            self._add(node, "an event that is no literal in snake_case")
        for child in [*node.args, *node.keywords]:
            self.visit(child)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == LOGGER:
            self._add(node, "a use of the logger that names no event")

    def _event(self, node: ast.Call) -> str | None:
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Name):
            return self._constants.get(first.id)
        return _literal(first)

    def _add(self, node: ast.expr | ast.stmt, wrong: str) -> None:
        self.found.append(Misnamed(self._file, node.lineno, self._functions[-1], wrong))


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
