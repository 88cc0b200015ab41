"""What PostgreSQL takes and Redshift does not, as far as our statements could contain it.

Sources, each a page of the Amazon Redshift Database Developer Guide: [1] Unsupported PostgreSQL functions,
[2] Unsupported PostgreSQL features, [3] Unsupported PostgreSQL data types, [4] Window function syntax, [5] LAG,
[6] CONCAT, [7] AVG, [8] Reserved words, [9] Features that are implemented differently, [10] INSERT.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, TypeAlias

from sqlglot import Expr, Token, TokenType, exp
from sqlglot.dialects.redshift import Redshift

# [1]; substr stands here since SUBSTRING is the name that the guide and all engines of ours have
_NAMES: Final = """
array_agg array_to_string bit_length clock_timestamp convert_from convert_to corr covar_pop covar_samp currval
div encode every format gen_random_uuid generate_series generate_subscripts json_agg jsonb_agg justify_days
justify_hours justify_interval make_date make_timestamp nextval num_nulls overlay pg_advisory_lock
pg_advisory_xact_lock pg_sleep pg_try_advisory_lock quote_nullable regexp_matches regexp_split_to_array
regexp_split_to_table regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
regr_syy row_to_json setseed setval string_agg string_to_array substr to_json transaction_timestamp unnest
width_bucket xml_agg
"""
FUNCTIONS: Final = frozenset(_NAMES.split())
TYPES: Final = frozenset(  # [3]
    {exp.DType.ARRAY, exp.DType.JSON, exp.DType.JSONB, exp.DType.UUID, exp.DType.MONEY, exp.DType.SERIAL}
    | {exp.DType.BIGSERIAL, exp.DType.XML, exp.DType.INET, exp.DType.TSRANGE, exp.DType.INT4RANGE}
)
_RANKING: Final = (
    exp.RowNumber,
    exp.Rank,
    exp.DenseRank,
    exp.PercentRank,
    exp.CumeDist,
    exp.Ntile,
    exp.Lag,
    exp.Lead,
)
_FLOATS: Final = frozenset({exp.DType.DOUBLE, exp.DType.FLOAT})
Rule: TypeAlias = tuple[str, type[Expr] | tuple[type[Expr], ...], Callable[[Expr], bool]]


class Refused(Exception):  # noqa: N818 - what happened, as elsewhere
    """Redshift does not have it."""


def _always(_: Expr) -> bool:
    return True


def _distinct_window(window: Expr) -> bool:
    return isinstance(window.this, exp.AggFunc) and isinstance(window.this.this, exp.Distinct)


def _frameless(window: Expr) -> bool:
    ranks = isinstance(window.this, _RANKING)
    return not ranks and window.args.get("order") is not None and window.args.get("spec") is None


def _values_in_from(values: Expr) -> bool:
    return not isinstance(values.parent, exp.Insert)


def _averages_exactly(average: Expr) -> bool:
    return not (isinstance(average.this, exp.Cast) and average.this.to.this in _FLOATS)


def _reserved(identifier: Expr) -> bool:
    return not identifier.args.get("quoted") and identifier.name.lower() in _RESERVED


# [8] as sqlglot has it, less a word that the guide does not list.
_RESERVED: Final = {word.strip() for word in Redshift.Generator.RESERVED_KEYWORDS} - {"type"}
RULES: Final[tuple[Rule, ...]] = (
    ("FILTER on an aggregate [4]", exp.Filter, _always),
    ("DISTINCT ON [2]", exp.Distinct, lambda distinct: distinct.args.get("on") is not None),
    ("IS [NOT] DISTINCT FROM [1]", (exp.NullSafeEQ, exp.NullSafeNEQ), _always),
    ("LATERAL [2]", exp.Lateral, _always),
    ("arrays [3]", (exp.Array, exp.ArrayAgg, exp.Unnest, exp.Bracket), _always),
    ("isodow and isoyear [1]", exp.Extract, lambda part: part.name.lower() in {"isodow", "isoyear"}),
    ("ON CONFLICT [10]", exp.OnConflict, _always),
    ("RETURNING [10]", exp.Returning, _always),
    ("DISTINCT in a window function [4]", exp.Window, _distinct_window),
    ("an aggregate window with ORDER BY and no frame [4]", exp.Window, _frameless),
    ("a default of LAG or LEAD [5]", (exp.Lag, exp.Lead), lambda call: call.args.get("default") is not None),
    ("VALUES outside INSERT [2]", exp.Values, _values_in_from),
    ("CONCAT of other than two [6]", exp.Concat, lambda call: len(call.expressions) != 2),
    ("AVG of what is not cast to a floating type, since AVG of integers truncates [7]", exp.Avg, _averages_exactly),
    ("CHECK [9]", (exp.CheckColumnConstraint, exp.Check), _always),
    ("an index [2]", exp.Create, lambda create: create.args.get("kind") == "INDEX"),
    ("this type [3]", exp.DataType, lambda kind: kind.this in TYPES),
    ("this reserved word as a name [8]", exp.Identifier, _reserved),
)


def refusals(statement: Expr) -> Iterator[str]:
    """What of a statement Redshift would refuse, in words."""
    for node in statement.walk():
        for words, kinds, refused in RULES:
            if isinstance(node, kinds) and refused(node):
                yield f"Redshift does not have {words}: {node.sql(dialect='redshift')[:80]}"


def refused_functions(tokens: list[Token]) -> Iterator[str]:
    """Functions that are called by a name which Redshift does not have; the tree knows them by other names."""
    for token, following in pairwise(tokens):
        if following.token_type is TokenType.L_PAREN and token.text.lower() in FUNCTIONS:
            yield f"Redshift does not have the function {token.text}"
