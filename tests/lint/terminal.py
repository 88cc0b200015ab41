"""The rule that all output goes through `txn_cli.terminal`: nothing else prints, or makes a console.

What a command shows may be written by others, and that module alone knows what a terminal must not be sent. Found are
`print`, called or handed on, questions, whatever is done with standard output or error, the text that a process ends
with, the command line libraries' own ways, rich's consoles, bars that make one of their own, and those parts of rich
that look for markup in a text whatever the console says.
"""

import ast
from typing import Final

from tests.lint.module_walk import ModuleWalk

_CALLS: Final = frozenset({"print", "pprint", "pp", "print_json", "print_exc", "print_exception", "print_stack"})
_QUESTIONS: Final = frozenset({"input", "getpass"})
_BARS: Final = frozenset({"Progress", "Live", "track"})  # without a console they use one of rich's
_ECHOES: Final = frozenset({"echo", "secho", "echo_via_pager", "prompt", "confirm", "progressbar"})
_FRAMEWORKS: Final = frozenset({"typer", "click"})
_CONSOLES: Final = frozenset({"Console", "get_console", "StreamHandler"})
_MARKUP: Final = frozenset({"from_markup", "Panel", "Rule", "Spinner", "Prompt", "Confirm", "Markdown"})
_STREAMS: Final = frozenset({"stdout", "stderr", "__stdout__", "__stderr__"})


class PastTheDoor(ModuleWalk):
    """Finds output that goes past `txn_cli.terminal`."""

    broken = "{function} goes past txn_cli.terminal by {what}"
    unneeded = "{function} does not go past txn_cli.terminal by {what}"

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self._of_rich = set[str]()

    def visit_Call(self, node: ast.Call) -> None:
        name = _name(node.func)
        owner = _name(node.func.value) if isinstance(node.func, ast.Attribute) else "builtins"
        of_console = name == "print" and owner not in {"rich", "builtins"}
        if (name in _CALLS | _CONSOLES | _MARKUP and not of_console) or (name in _ECHOES and owner in _FRAMEWORKS):
            self.report(node, f"{name}()")
        if name == "status" and owner.endswith("console") and not all(_is_text(each) for each in node.args):
            self.report(node, "status() of words")
        if name in _QUESTIONS and owner in {"builtins", "getpass"}:
            self.report(node, f"{name}()")
        if name in _BARS & self._of_rich and "console" not in {each.arg for each in node.keywords}:
            self.report(node, f"{name}() without a console")
        if (name == "SystemExit" or (name == "exit" and owner == "sys")) and any(map(_may_be_text, node.args)):
            self.report(node, f"{name}() with a text")
        if name == "TextColumn" and "markup" not in {each.arg for each in node.keywords}:
            self.report(node, "TextColumn() with markup")
        # `print` as it is called is found above.
        called_by_name = name == "print" and isinstance(node.func, ast.Name)
        for child in [*([] if called_by_name else [node.func]), *node.args, *node.keywords]:
            self.visit(child)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == "print":
            self.report(node, "print")

    def visit_Import(self, node: ast.Import) -> None:
        if any(alias.name == "sys" and alias.asname is not None for alias in node.names):
            self.report(node, "another name for sys")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in _STREAMS and _name(node.value) == "sys":
            self.report(node, f"sys.{node.attr}")
        self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if (node.module or "").startswith("rich."):
            self._of_rich |= {alias.name for alias in node.names}
        for alias in node.names:
            of_frameworks = node.module in _FRAMEWORKS and alias.name in _ECHOES
            of_rich = node.module == "rich" and alias.name in _CALLS
            is_stream = node.module == "sys" and alias.name in _STREAMS
            is_other_name = alias.asname is not None and alias.name in _CALLS | _CONSOLES
            if of_frameworks or of_rich or is_stream or is_other_name:
                self.report(node, f"an import of {alias.name}")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "Text"


def _may_be_text(node: ast.expr) -> bool:
    """Whether what a process ends with may be a text, which the interpreter prints."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
