"""The rule that a card number goes into no text: f-strings, logs, exceptions, prints, `str`, `repr`, `format`, JSON.

`Pan` hides itself at run time; this finds what would take its digits out first, or hold a number that is not one yet
(a row of a file, a member of a document). By names: what is called `pan`, `card_number` or `cc_num` is one, and so is
what is made of one, but for what is known to keep nothing of it (`card_id`, `mask`, `len`, ...).
"""

import ast
from collections.abc import Iterator
from typing import Final

from tests.lint.module_walk import ModuleWalk

# What holds a card number: variables, parameters, attributes, keys of mappings.
VALUES: Final = frozenset({"pan", "card_number", "card_numbers", "cc_num", "_digits", "digits"})
# The types that hold one.
TYPES: Final = frozenset({"Pan", "CardDigits"})
# What gives one.
SOURCES: Final = TYPES | {"digits_for_identity", "checked", "pan"}
# What takes one and keeps nothing of it.
KEEPS_NOTHING: Final = frozenset(
    {
        *("card_id", "card_ids", "older_card_ids", "customer_id", "id_of"),  # keyed hashes
        *("mask", "masked"),
        *("len", "bool", "type", "isinstance", "hasattr", "id", "passes_luhn", "holds_card_number"),
    }
)
_TEXTS: Final = frozenset({"str", "repr", "ascii", "format", "print", "warn", "dumps", "to_json"})
_LOGS: Final = frozenset(
    {"debug", "info", "warning", "error", "critical", "exception", "log", "bind", "bind_contextvars", "msg"}
)
_LOGGERS: Final = frozenset(
    {"log", "_log", "logger", "_logger", "logging", "getLogger", "get_logger", "contextvars", "structlog"}
)
_METHODS: Final = frozenset({"format", "format_map", "add_note", "labels", "set_name", "write", "writelines"})
_ERRORS: Final = ("Error", "Exception", "Warning", "Problem", "Fault", "Exit")


class CardValues(ModuleWalk):
    """Finds card numbers on their way into a text."""

    broken = "a card number goes into {what} in {function}"
    unneeded = "no card number goes into {what} in {function}"

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self._names: list[set[str]] = [set()]  # of the module and of each definition around this place

    def within(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self._names.append(set() if isinstance(node, ast.ClassDef) else set(_pans(node.args)))
        super().within(node)
        self._names.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.within(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        if self._gives(node.value):
            self._learn(*node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        if _names_pan(node.annotation) or (node.value is not None and self._gives(node.value)):
            self._learn(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.generic_visit(node)
        if self._gives(node.value):
            self._learn(node.target)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        if self._gives(node.iter):
            self._learn(node.target)
        self.generic_visit(node)

    visit_AsyncFor = visit_For  # noqa: N815 - as ast names it

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        for part in node.values:
            if isinstance(part, ast.FormattedValue) and self._gives(part.value):
                self.report(node, "an f-string")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Mod) and _is_text(node.left) and self._gives(node.right):
            self.report(node, "a format")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        if isinstance(node.exc, ast.Call):
            self._check_arguments(node.exc, "an exception")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if (sink := _sink(node)) is not None:
            self._check_arguments(node, sink)
        self.generic_visit(node)

    def _check_arguments(self, call: ast.Call, sink: str) -> None:
        if any(map(self._gives, (*call.args, *(keyword.value for keyword in call.keywords)))):
            self.report(call, sink)

    def _learn(self, *targets: ast.expr) -> None:
        names = (part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))
        self._names[-1].update(names)

    def _gives(self, node: ast.expr) -> bool:
        """Whether an expression's value is a card number, or holds one."""
        match node:
            case ast.Name(id=name):
                return name in VALUES or any(name in names for names in self._names)
            case ast.Attribute(value=value, attr=name):
                return name in VALUES or (name not in KEEPS_NOTHING and self._gives(value))
            case ast.Subscript(value=value, slice=place):
                return (isinstance(place, ast.Constant) and place.value in VALUES) or self._gives(value)
            case ast.Call():
                return self._call_gives(node)
            case ast.Lambda() | ast.Constant() | ast.Compare():
                return False
        return any(self._gives(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))

    def _call_gives(self, node: ast.Call) -> bool:
        name = _name(node.func)
        if name in SOURCES:
            return True
        if name in KEEPS_NOTHING:
            return False
        if name == "get" and node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value in VALUES:
            return True
        inner = (*node.args, *(keyword.value for keyword in node.keywords))
        return any(map(self._gives, inner)) or (isinstance(node.func, ast.Attribute) and self._gives(node.func.value))


def _sink(node: ast.Call) -> str | None:
    name = _name(node.func)
    if name in _TEXTS:
        return f"{name}()"
    if name.endswith(_ERRORS):
        return "an exception"
    if isinstance(node.func, ast.Attribute):
        if name in _LOGS and _name(node.func.value) in _LOGGERS:
            return "a log"
        if name in _METHODS:
            return f"{name}()"
    return None


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return _name(function)
    return ""


def _pans(arguments: ast.arguments) -> Iterator[str]:
    """The parameters that are annotated to be one."""
    for part in ast.walk(arguments):
        if isinstance(part, ast.arg) and part.annotation is not None and _names_pan(part.annotation):
            yield part.arg


def _names_pan(annotation: ast.expr) -> bool:
    texts = (node for node in ast.walk(annotation) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return any(_name(node) in TYPES for node in ast.walk(annotation) if isinstance(node, ast.expr)) or any(
        not TYPES.isdisjoint(str(text.value).replace("|", " ").split()) for text in texts
    )


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
