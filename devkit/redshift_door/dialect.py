"""A statement in Redshift's SQL, and the same for PostgreSQL.

sqlglot reads and writes. What is about the catalogue passes as it stands, since PostgreSQL has most of it and the
door's schema `redshift_catalog` has the rest.
"""

import logging
import re
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import Expr, exp
from sqlglot.errors import SqlglotError

from devkit.redshift_door.masking import is_masking, masking
from devkit.redshift_door.refusals import Refused, refusals, refused_functions

VARCHAR_BYTES: Final = 256  # of VARCHAR and TEXT without a length in a table (Developer Guide, Character types)
VARCHAR_BYTES_MAX: Final = 65535
BYTES_CHECK: Final = "varchar_bytes"
_PASSING: Final = re.compile(
    r"(begin|start|commit|end|rollback|abort|set|reset|lock|show|analyze|vacuum|discard|deallocate|close|explain)\b",
    re.IGNORECASE,
)
_RIGHTS: Final = re.compile(
    r"(grant|revoke|(create|drop)\s+(role|user)|alter\s+default\s+privileges)\b", re.IGNORECASE
)
_CATALOGUE: Final = re.compile(r"\b(information_schema|pg_\w+|svv_\w+|stv_\w+)\b", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\A\s*(/\*.*?\*/\s*|--[^\n]*\n\s*)*", re.DOTALL)
_PARAMETER: Final = re.compile(r"('(?:[^']|'')*')|\$(\d+)")  # sqlglot takes `$1,$2` for a quoted text
_KEYS: Final = (exp.PrimaryKey, exp.ForeignKey, exp.UniqueColumnConstraint)
_COLUMN_KEYS: Final = (
    exp.PrimaryKeyColumnConstraint,
    exp.UniqueColumnConstraint,
    exp.Reference,
    exp.EncodeColumnConstraint,
)
logging.getLogger("sqlglot").setLevel(logging.ERROR)


@lru_cache(maxsize=1_000)
def postgres_sql(sql: str) -> str:
    """The statements of a text, for PostgreSQL.

    Raises:
        Refused: Redshift would refuse one.
    """
    bare = sql[_COMMENT.match(sql).end() :].strip().rstrip(";")  # type: ignore[union-attr]
    if not bare or _PASSING.match(bare):
        return _passing(bare)
    if is_masking(bare):
        return masking(bare)
    if _RIGHTS.match(bare):
        return re.sub(r"\b(grant|to|from|revoke)\s+role\s+", r"\1 ", bare, flags=re.IGNORECASE)
    if _CATALOGUE.search(bare) and not bare.lower().startswith("create"):
        return re.sub(r"\bpg_catalog\.(svv_|stv_)", r"redshift_catalog.\1", bare, flags=re.IGNORECASE)
    bare = _PARAMETER.sub(lambda match: match[1] or f"door_parameter_{match[2]}", bare)
    try:
        tokens = sqlglot.tokenize(bare, read="redshift")
        statements = [statement for statement in sqlglot.parse(bare, read="redshift") if statement is not None]
    except SqlglotError as error:
        raise Refused(f"syntax error: {str(error).splitlines()[0]}") from error
    found = [*refused_functions(tokens), *(words for statement in statements for words in refusals(statement))]
    if found:
        raise Refused(found[0])
    written = ";\n".join(_written(statement) for statement in statements)
    return re.sub(r"\bdoor_parameter_(\d+)\b", r"$\1", written)


def _passing(bare: str) -> str:
    if re.match(r"(begin|start)\b", bare, re.IGNORECASE) and "isolation" in bare.lower():
        raise Refused("Redshift has one isolation level for each database")
    return bare


def _written(statement: Expr) -> str:
    for difference in list(statement.find_all(exp.TsOrDsDiff)):
        difference.replace(_date_difference(difference))
    for call in list(statement.find_all(exp.Concat)):  # null with either side null, which PostgreSQL's concat is not
        call.replace(exp.DPipe(this=call.expressions[0], expression=call.expressions[1]))
    if isinstance(statement, exp.Create):
        _without_redshifts_own(statement)
    return statement.sql(dialect="postgres")


def _date_difference(difference: Expr) -> Expr:
    """DATEDIFF counts the boundaries that lie between two times (Developer Guide, DATEDIFF)."""
    later, earlier, unit = difference.this, difference.expression, difference.text("unit").lower()
    names = {"later": later, "earlier": earlier}
    if unit == "day":
        sql = "(cast(:later as date) - cast(:earlier as date))"
    elif unit == "month":
        sql = (
            "cast((extract(year from :later) - extract(year from :earlier)) * 12"
            " + extract(month from :later) - extract(month from :earlier) as bigint)"
        )
    else:
        raise Refused(f"the door does not know DATEDIFF({unit}, ...)")
    return exp.replace_placeholders(sqlglot.parse_one(sql, read="postgres"), **names)


def _without_redshifts_own(create: exp.Create) -> None:
    """Take keys, encodings and distribution away, which bind nothing in Redshift, and let VARCHAR count bytes."""
    properties = create.args.get("properties")
    for own in list(properties.expressions) if properties else ():
        if isinstance(own, exp.DistKeyProperty | exp.SortKeyProperty | exp.DistStyleProperty | exp.BackupProperty):
            own.pop()
    if not isinstance(create.this, exp.Schema) or create.args.get("kind") != "TABLE":
        return
    checks = []
    for part in list(create.this.expressions):
        if isinstance(part, _KEYS) or (isinstance(part, exp.Constraint) and part.find(*_KEYS)):
            part.pop()
        elif isinstance(part, exp.LikeProperty):
            part.set(
                "expressions", [exp.Property(this="INCLUDING", value=exp.var(w)) for w in ("DEFAULTS", "CONSTRAINTS")]
            )
        elif isinstance(part, exp.ColumnDef):
            checks += _column(part)
    for check in checks:
        create.this.append("expressions", check)


def _column(column: exp.ColumnDef) -> list[Expr]:
    """Take keys from a column; the check that its text has no more bytes than the type allows, if it is text."""
    for constraint in list(column.args.get("constraints") or ()):
        if isinstance(constraint.kind, _COLUMN_KEYS):
            constraint.pop()
    kind = column.args["kind"]
    if kind is None or kind.this not in {exp.DType.VARCHAR, exp.DType.TEXT}:
        return []
    given = kind.expressions[0].name if kind.expressions else str(VARCHAR_BYTES)
    bytes_max = VARCHAR_BYTES_MAX if given.upper() == "MAX" else int(given)
    if not 0 < bytes_max <= VARCHAR_BYTES_MAX:
        raise Refused(f"length for type varchar cannot exceed {VARCHAR_BYTES_MAX}")
    column.set("kind", exp.DataType.build(f"varchar({bytes_max})", dialect="postgres"))
    name = f"{BYTES_CHECK}_{column.name}_{bytes_max}"
    check = f'constraint "{name}" check (octet_length({column.this.sql(dialect="postgres")}) <= {bytes_max})'
    table = sqlglot.parse_one(f"create table t ({check})", read="postgres")
    return [table.this.expressions[0].copy()]
