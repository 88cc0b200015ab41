"""The rule that SQL for every engine is SQL of no engine: `python -m tests.lint.sql_dialects FOLDER ...`.

A statement parses as DuckDB, PostgreSQL, Redshift, Athena, Trino and Spark read it, and holds nothing that Redshift
lacks, which lacks most. `REFUSED` names what its documentation ("Unsupported PostgreSQL features", "Unsupported
PostgreSQL functions") and trials in November 2026 say. A division of two integers is cut off by PostgreSQL, Redshift
and Trino and is not by DuckDB and Spark, so every division has a decimal numerator.

SQL that is `portable` in addition, as the questions are, runs unmodified in all of them: it calls no function and
casts to no type but a few that all have. Compiled models are not: a macro writes an engine's own for that engine.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import sqlglot
from sqlglot import Expr, Token, TokenType, exp
from sqlglot.errors import SqlglotError

DIALECTS: Final = ("duckdb", "postgres", "redshift", "athena", "trino", "spark")

REFUSED: Final[dict[str, tuple[type[Expr], ...]]] = {
    "FILTER": (exp.Filter,),
    "IS DISTINCT FROM": (exp.NullSafeEQ, exp.NullSafeNEQ),
    "LATERAL": (exp.Lateral,),
    "an array or a struct": (exp.Array, exp.ArrayAgg, exp.Unnest, exp.Explode, exp.Bracket, exp.Struct, exp.List),
    "generate_series": (exp.GenerateSeries, exp.ExplodingGenerateSeries),
    "ON CONFLICT": (exp.OnConflict,),
    "VALUES as a table": (exp.Values,),
}
NOT_PORTABLE: Final[dict[str, tuple[type[Expr], ...]]] = {
    "QUALIFY": (exp.Qualify,),
    "TABLESAMPLE": (exp.TableSample,),
    "PIVOT": (exp.Pivot,),
    "ILIKE": (exp.ILike,),
    "an interval": (exp.Interval,),
    "what the clock or chance decides": (
        exp.CurrentDate,
        exp.CurrentTime,
        exp.CurrentTimestamp,
        exp.Localtime,
        exp.Localtimestamp,
        exp.Rand,
        exp.Uuid,
    ),
}
REFUSED_FUNCTIONS: Final = frozenset({"substr", "generate_series", "range", "list", "string_agg"})
REFUSED_UNITS: Final = frozenset({"isodow", "isoyear", "epoch", "dow", "week"})  # of EXTRACT and date_part
PORTABLE_FUNCTIONS: Final = frozenset(
    {"and", "avg", "case", "cast", "coalesce", "count", "extract", "lag", "lead", "max", "min"}
    | {"nullif", "or", "power", "rank", "row_number", "sqrt", "sum"}
)
PORTABLE_TYPES: Final = frozenset(
    {exp.DType.BIGINT, exp.DType.INT, exp.DType.DECIMAL, exp.DType.DATE, exp.DType.TIMESTAMP}
)


def findings(sql: str, *, portable: bool = False) -> Iterator[str]:
    """What is wrong with one statement, for some engine."""
    parsed = [(dialect, _parse(sql, dialect)) for dialect in DIALECTS]
    for dialect, tree in parsed:
        if isinstance(tree, str):
            yield f"{dialect} does not read it: {tree}"
    tree = dict(parsed)["postgres"]
    if isinstance(tree, str):
        return
    yield from _of_tokens(sqlglot.tokenize(sql, read="postgres"), portable=portable)
    for node in tree.walk():
        for rule in (*_RULES, *(_PORTABLE_RULES if portable else ())):
            yield from rule(node)


def findings_below(folder: Path, *, portable: bool = False) -> Iterator[str]:
    """What is wrong in the SQL files of a folder and its folders, each with its file."""
    for file in sorted(folder.rglob("*.sql")):
        for found in findings(file.read_text(encoding="utf-8"), portable=portable):
            yield f"{file}: {found}"


def _parse(sql: str, dialect: str) -> Expr | str:
    """The one statement as a tree, or why there is none."""
    try:
        trees = sqlglot.parse(sql, read=dialect)
    except SqlglotError as error:
        return str(error).splitlines()[0]
    if len(trees) != 1 or trees[0] is None:
        return f"{len(trees)} statements"
    return "a command that is passed on unread" if isinstance(trees[0], exp.Command) else trees[0]


def _of_tokens(tokens: Sequence[Token], *, portable: bool) -> Iterator[str]:
    """What a tree does not show any more."""
    kinds = {token.token_type for token in tokens}
    if portable and TokenType.DCOLON in kinds:
        yield "`::` for a cast: Spark 3.5 does not read it"
    if portable and TokenType.IDENTIFIER in kinds:
        yield "a quoted name: Spark takes it for a text"
    for token, after in pairwise(tokens):
        if after.token_type is TokenType.L_PAREN and token.text.lower() in REFUSED_FUNCTIONS:
            yield f"{token.text}(): not in every engine"


def _lacked(node: Expr) -> Iterator[str]:
    for name, kinds in REFUSED.items():
        if isinstance(node, kinds):
            yield f"{name}: not in Redshift"


def _own_syntax(node: Expr) -> Iterator[str]:
    for name, kinds in NOT_PORTABLE.items():
        if isinstance(node, kinds):
            yield f"{name}: not the same in every engine"
    if isinstance(node, exp.Star) and any(node.args.values()):
        yield "a star with exceptions: not in every engine"
    if isinstance(node, exp.Group) and node.args.get("all"):
        yield "GROUP BY ALL: not in every engine"


def _distinct(node: Expr) -> Iterator[str]:
    if isinstance(node, exp.Distinct) and node.args.get("on"):
        yield "DISTINCT ON: not in Redshift"
    if isinstance(node, exp.Window) and node.find(exp.Distinct):
        yield "a distinct aggregate over a window: not in Redshift"


def _lag(node: Expr) -> Iterator[str]:
    if isinstance(node, exp.Lag | exp.Lead) and node.args.get("default"):
        yield "lag or lead with a default: not in Redshift"


def _units(node: Expr) -> Iterator[str]:
    if isinstance(node, exp.Extract) and node.name.lower() in REFUSED_UNITS:
        yield f"extract({node.name}): not in every engine, or not of the same values"


def _division(node: Expr) -> Iterator[str]:
    if not isinstance(node, exp.Div | exp.IntDiv):
        return
    if isinstance(node, exp.IntDiv) or not _is_decimal(node.this):
        yield f"{node.sql()}: a division whose numerator is no decimal is cut off by some engines (1.0 * a / b)"
    divisor = node.expression.unnest()
    never_zero = isinstance(divisor, exp.Nullif | exp.Pow) or (divisor.is_number and float(divisor.name) != 0)
    if not never_zero:
        yield f"{node.sql()}: a divisor that may be zero fails in some engines: nullif(b, 0)"


def _is_decimal(node: Expr) -> bool:
    """Whether an expression is a decimal by what stands there, whatever the types of columns are."""
    if isinstance(node, exp.Literal):
        return node.is_number and "." in node.name
    if isinstance(node, exp.Cast):
        return node.to.this is exp.DType.DECIMAL
    if isinstance(node, exp.Paren | exp.Div | exp.Neg):
        return _is_decimal(node.this)
    return isinstance(node, exp.Binary) and (_is_decimal(node.this) or _is_decimal(node.expression))


def _own_functions(node: Expr) -> Iterator[str]:
    if isinstance(node, exp.Func) and not (isinstance(node, exp.If) and isinstance(node.parent, exp.Case)):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        if name.lower() not in PORTABLE_FUNCTIONS:
            yield f"{name.lower()}(): not among the functions that are known to mean the same in every engine"


def _own_types(node: Expr) -> Iterator[str]:
    if isinstance(node, exp.Cast) and node.to.this not in PORTABLE_TYPES:
        yield f"a cast to {node.to.sql()}: not among the types that every engine has by one name"


_RULES: Final[tuple[Callable[[Expr], Iterator[str]], ...]] = (_lacked, _distinct, _lag, _units, _division)
_PORTABLE_RULES: Final = (_own_syntax, _own_functions, _own_types)


def main() -> None:
    """Check the folders of the command line; exit code 1 when something is found."""
    wrong = [found for folder in sys.argv[1:] for found in findings_below(Path(folder))]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
