"""The rule that all output goes through `txn_cli.terminal`: nothing else prints, or makes a console.

What a command shows may be written by others, and that module alone knows what a terminal must not be sent. Found are
`print`, whatever is done with standard output or error, the command line libraries' own ways, rich's consoles, and
those parts of rich that look for markup in a text whatever the console says.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CALLS: Final = frozenset({"print", "pprint", "pp", "print_json", "print_exc", "print_exception", "print_stack"})
_ECHOES: Final = frozenset({"echo", "secho", "echo_via_pager", "prompt", "confirm", "progressbar"})
_FRAMEWORKS: Final = frozenset({"typer", "click"})
_CONSOLES: Final = frozenset({"Console", "get_console", "StreamHandler"})
_MARKUP: Final = frozenset({"from_markup", "Panel", "Rule", "Spinner", "Prompt", "Confirm", "Markdown"})
_STREAMS: Final = frozenset({"stdout", "stderr", "__stdout__", "__stderr__"})


@dataclass(frozen=True, slots=True)
class Bypass:
    """Something that goes past the door: where, in which function, by what."""

    file: str
    line: int
    function: str
    by: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.function} goes past txn_cli.terminal by {self.by}"


def bypasses(source: str, file: str) -> list[Bypass]:
    """Every place of a module that goes past the door."""
    visitor = _Visitor(file)
    visitor.visit(ast.parse(source, file))
    return visitor.found


def bypasses_below(folder: Path, root: Path) -> Iterator[Bypass]:
    """Those of all modules below a folder, files named from the root on."""
    for path in sorted(folder.rglob("*.py")):
        yield from bypasses(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())


class _Visitor(ast.NodeVisitor):
    def __init__(self, file: str) -> None:
        self._file = file
        self._functions = ["the module"]
        self.found: list[Bypass] = []

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - as ast names it

    def visit_Call(self, node: ast.Call) -> None:
        name = _name(node.func)
        owner = _name(node.func.value) if isinstance(node.func, ast.Attribute) else "builtins"
        of_console = name == "print" and owner not in {"rich", "builtins"}
        if (name in _CALLS | _CONSOLES | _MARKUP and not of_console) or (name in _ECHOES and owner in _FRAMEWORKS):
            self._add(node, f"{name}()")
        if name == "status" and owner.endswith("console") and not all(_is_text(each) for each in node.args):
            self._add(node, "status() of words")
        if name == "TextColumn" and "markup" not in {each.arg for each in node.keywords}:
            self._add(node, "TextColumn() with markup")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in _STREAMS and _name(node.value) == "sys":
            self._add(node, f"sys.{node.attr}")
        self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            of_frameworks = node.module in _FRAMEWORKS and alias.name in _ECHOES
            of_rich = node.module == "rich" and alias.name in _CALLS
            is_stream = node.module == "sys" and alias.name in _STREAMS
            is_other_name = alias.asname is not None and alias.name in _CALLS | _CONSOLES
            if of_frameworks or of_rich or is_stream or is_other_name:
                self._add(node, f"an import of {alias.name}")

    def _add(self, node: ast.expr | ast.stmt, by: str) -> None:
        self.found.append(Bypass(self._file, node.lineno, self._functions[-1], by))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "Text"


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
