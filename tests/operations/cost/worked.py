"""The arithmetic of docs/cost.md: read from its tables, and computed without the model."""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "cost.md"
_EXAMPLE: Final = re.compile(r"^### Example \d+: `txn cost (.+)`$", re.MULTILINE)
_ROW: Final = re.compile(r"^\| ([^|]+?) \| ([^|]*?) ?\| ([0-9.]+) \|$", re.MULTILINE)
TOTAL: Final = "total"

_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., float]]] = {
    "ceil": math.ceil,
    "exp": math.exp,
    "floor": math.floor,
    "max": max,
    "min": min,
}


@dataclass(frozen=True)
class Row:
    """A line of arithmetic and the result that stands beside it."""

    name: str
    worked: str
    result: str

    @property
    def decimals(self) -> int:
        """How many the result has."""
        return len(self.result.partition(".")[2])


@dataclass(frozen=True)
class Example:
    """An example: the options of the command, and its rows."""

    arguments: list[str]
    rows: list[Row]

    @property
    def usd(self) -> dict[str, float]:
        """Dollars a month by `service: part`, and in total."""
        return {row.name: float(row.result) for row in self.rows if ": " in row.name or row.name == TOTAL}


def examples() -> list[Example]:
    """All examples of the document."""
    parts = _EXAMPLE.split(DOCUMENT.read_text(encoding="utf-8"))[1:]
    return [
        Example(arguments.split(), [Row(*row) for row in _ROW.findall(text.partition("\n## ")[0])])
        for arguments, text in zip(parts[::2], parts[1::2], strict=True)
    ]


def computed(worked: str) -> float:
    """What a line of arithmetic comes to: numbers, the four operations, and functions of one name each."""
    return _value(ast.parse(worked.replace("×", "*").replace("−", "-"), mode="eval").body)  # noqa: RUF001


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*map(_value, arguments))
    raise ValueError(f"no arithmetic: {ast.dump(node)}")
