"""The language of rules: the part of CEL in which every condition takes little time and memory.

It has no macros, so nothing is gone through; no `matches`, since the library reads a pattern again at each
evaluation, which takes 13 ms for a short one; no division of doubles, since by zero it gives infinity and not an
error. What is left takes at most 50 µs for 2,000 characters. The library refuses to nest deeper than 32.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from cel_expr_python import cel

from fraud.rules.rule_error import RuleError
from fraud.rules.variables import KNOWN, VARIABLES

LIST_CALLS_MAX: Final = 8
"""Of one rule: each is a call back into Python."""
IN_LIST: Final = "in_list"

_TYPES: Final = {"int": cel.Type.INT, "double": cel.Type.DOUBLE, "string": cel.Type.STRING}
_FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "_&&_": (), "_||_": (), "!_": (), "_?_:_": (), "_==_": (), "_!=_": (),
    "_<_": (), "_<=_": (), "_>_": (), "_>=_": (),
    "_+_": ("add_int64", "add_double"),
    "_-_": ("subtract_int64", "subtract_double"),
    "_*_": ("multiply_int64", "multiply_double"),
    "_/_": ("divide_int64",),
    "_%_": ("modulo_int64",),
    "-_": ("negate_int64", "negate_double"),
    "@in": ("in_list",),
    "double": ("int64_to_double",),
    "startsWith": (), "endsWith": (), "contains": (),
}  # fmt: skip
"""The functions of the standard library by the names of CEL, and the overloads where not all are there."""

_TOKEN: Final = re.compile(
    r"""//[^\n]*|"[^"\n]*"|'[^'\n]*'|\.\s*[A-Za-z_]\w*|[A-Za-z_]\w*|[0-9]\w*|\s+|.""", re.ASCII | re.DOTALL
)
_FAULT_SHOWN_MAX: Final = 200
_FAULT: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")


def environment(lists: Mapping[str, frozenset[str]]) -> cel.Env:
    """What conditions are read in: the variables with their types, the functions, and the lists."""

    def in_list(name: str, text: str) -> bool:
        return text in lists[name]

    asked = cel.Overload(
        f"{IN_LIST}_string_string",
        return_type=cel.Type.BOOL,
        parameters=[cel.Type.STRING, cel.Type.STRING],
        impl=in_list,
    )
    return cel.NewEnv(
        config=cel.NewEnvConfigFromYaml("\n".join(_configuration())),
        variables={
            **{name: _TYPES[kind] for name, kind in VARIABLES.items()},
            **{f"{KNOWN}{name}": cel.Type.BOOL for name in VARIABLES},
        },
        functions=[cel.FunctionDecl(IN_LIST, [asked])],
    )


def _configuration() -> Iterator[str]:
    yield from ("name: rules", "stdlib:", "  disable_macros: true", "  include_functions:")
    for name, overloads in _FUNCTIONS.items():
        yield f'    - name: "{name}"'
        if overloads:
            yield "      overloads:"
            yield from (f"        - id: {overload}" for overload in overloads)


def tokens_of(text: str) -> list[str]:
    """The words and signs of a condition, without blanks and comments."""
    return [token for token in _TOKEN.findall(text) if not token.isspace() and not token.startswith("//")]


def names_in(tokens: list[str]) -> frozenset[str]:
    """The variables that a condition reads, those that it only asks after (`has_...`) included."""
    return frozenset(tokens).intersection(VARIABLES) | frozenset(
        token.removeprefix(KNOWN) for token in tokens if token.startswith(KNOWN)
    )


def check_words(tokens: list[str], lists: Mapping[str, frozenset[str]]) -> None:
    """Refuse what the library would take and we do not.

    Raises:
        RuleError: maps, strings in a form that is not needed, a list that is not there or is called by no plain name.
    """
    if "{" in tokens:
        raise RuleError("it has no maps and messages")
    if any("\\" in token for token in tokens) or any(
        first[0] in "\"'" and second[0] in "\"'" for first, second in pairwise(tokens)
    ):
        raise RuleError("write a string in plain quotes, without a backslash")
    calls = [place for place, token in enumerate(tokens) if token == IN_LIST]
    if len(calls) > LIST_CALLS_MAX:
        raise RuleError(f"{IN_LIST} stands in it more than {LIST_CALLS_MAX} times")
    for place in calls:
        name = tokens[place + 2] if len(tokens) > place + 3 else ""
        if name[:1] not in {'"', "'"} or tokens[place + 3] != ",":
            raise RuleError(
                f'{IN_LIST} takes the name of a list in quotes: {IN_LIST}("blocked_merchants", merchant_id)'
            )
        if name[1:-1] not in lists:
            raise RuleError(f"{IN_LIST} asks for a list that is not in the file")


def compiled(environment: cel.Env, text: str) -> cel.Expression:
    """One condition, read and typed, as a list of one.

    Raises:
        RuleError: it is none; the text says where.
    """
    try:
        kind = environment.compile(text).return_type()
        expression = environment.compile(as_list([text]))
    except (RuntimeError, ValueError) as error:
        raise RuleError(_fault(str(error))) from None
    if kind != cel.Type.BOOL:
        raise RuleError(f"it is no condition: it gives {kind.name()}, and not true or false")
    return expression


def as_list(texts: list[str]) -> str:
    """Conditions as one expression; each ends its line, so that a comment in it does."""
    return "[" + ",".join(f"({text}\n)" for text in texts) + "]"


def _fault(text: str) -> str:
    """What the library found first, in one line, and what helps."""
    if "ecursion" in text:
        return "it is nested deeper than 32"
    if (match := _FAULT.search(text)) is None:
        return "it cannot be read"
    line, column, fault = match.groups()
    return f"line {line}, column {column}: {fault[:_FAULT_SHOWN_MAX]}{_remedy(fault)}"


def _remedy(fault: str) -> str:
    if "null_type" in fault:
        return ": a missing value is asked for by has_amount and the like"
    if "'_/_'" in fault and "double" in fault:
        return ": doubles are multiplied and not divided, as 0.5 * mean_24h"
    if "double" in fault and "int" in fault:
        return ": a number beside a double is written 5.0, and double(amount) makes one of an integer"
    return ""
