"""The part of CloudWatch's metric math that our alarms use, worked out over one datapoint of each metric.

Its texts happen to be expressions of Python's grammar, so that Python reads them; each node is then worked out here.
None is a datapoint that is missing: arithmetic with it gives none, `MIN` and `SUM` leave it out, `FILL` replaces it.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

Datapoint = float | None

_OPERATORS: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Div: operator.truediv,
    ast.Mult: operator.mul,
    ast.Add: operator.add,
}


def worked_out(text: str, datapoints: Mapping[str, Datapoint]) -> Datapoint:
    """The value of an expression, by the ids of the metrics.

    Raises:
        ValueError: the text has something that is not known here.
    """
    return _value(ast.parse(text, mode="eval").body, datapoints)


def _value(node: ast.expr, of: Mapping[str, Datapoint]) -> Datapoint:
    match node:
        case ast.Constant(value=float() | int() as number):
            return float(number)
        case ast.Name(id=name):
            return of[name]
        case ast.BinOp(left=left, op=sign, right=right):
            one, other = _value(left, of), _value(right, of)
            return None if one is None or other is None else _OPERATORS[type(sign)](one, other)
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
            return _FUNCTIONS[name](arguments, of)
        case _:
            raise ValueError(ast.unparse(node))


def _fill(arguments: Sequence[ast.expr], of: Mapping[str, Datapoint]) -> Datapoint:
    value, default = arguments
    found = _value(value, of)
    return _value(default, of) if found is None else found


def _if(arguments: Sequence[ast.expr], of: Mapping[str, Datapoint]) -> Datapoint:
    """The branch that is not taken is not worked out: it may divide by zero."""
    match arguments:
        case [ast.Compare(left, [ast.GtE()], [right]), then, otherwise]:
            one, other = _value(left, of), _value(right, of)
            if one is None or other is None:
                return None
            return _value(then if one >= other else otherwise, of)
        case _:
            raise ValueError("IF")


def _over_list(
    of_all: Callable[[list[float]], float], arguments: Sequence[ast.expr], of: Mapping[str, Datapoint]
) -> Datapoint:
    (parts,) = arguments
    if not isinstance(parts, ast.List):
        raise ValueError(ast.unparse(parts))  # noqa: TRY004 - it is the text that is wrong
    found = [value for part in parts.elts if (value := _value(part, of)) is not None]
    return of_all(found) if found else None


_Function = Callable[[Sequence[ast.expr], Mapping[str, Datapoint]], Datapoint]
_FUNCTIONS: Final[dict[str, _Function]] = {
    "FILL": _fill,
    "IF": _if,
    "MAX": partial(_over_list, max),
    "MIN": partial(_over_list, min),
    "SUM": partial(_over_list, sum),
}
