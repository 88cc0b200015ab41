"""The roles of the warehouse in Redshift, and masks; the roles are those of `warehouse/postgres/roles.py`.

Masks are the second lock: should a grant let an analyst at the customers' dimensions, what singles a customer out is
null. Names are quoted, since IDENTITY is a reserved word (Amazon Redshift Database Developer Guide: Role-based
access control, Dynamic data masking, Reserved words).
"""

import re
from collections.abc import Iterator
from typing import Final

from warehouse.landing.redshift_landing import VARCHAR_BYTES
from warehouse.landing.redshift_session import RedshiftSession
from warehouse.postgres.roles import ANALYST, CLOSED_SCHEMAS, LOADER, READ_SCHEMAS, ROLES, STEWARD, STEWARDS_PREFIX

MASKED: Final = {
    "job": "text",
    "city": "text",
    "postal_area": "text",
    "birth_year": "number",
    "city_population": "number",
}
"""Columns of the customers' dimensions that single a customer out, by the kind of their values."""
_TYPES: Final = {"text": f"varchar({VARCHAR_BYTES})", "number": "bigint"}
_SEES: Final = ((None, "hidden", 10), (STEWARD, "shown", 20), (LOADER, "shown", 30))
"""Whom a policy is for (None: everybody), which, and its priority, unique within a column: the highest one counts."""


def grant_redshift_roles(session: RedshiftSession) -> None:
    """Make the roles where there are none, and set what each may do and see now. To be called behind each build.

    A table that a build makes again has neither grants nor masks. So nobody but its maker sees it until then.

    Raises:
        RedshiftError: the session's user is no superuser, or lacks `sys:secadmin`, which makes roles and masks.
    """
    there = {str(name) for (name,) in session.execute("select role_name from svv_roles")}
    for role in ROLES:
        if role not in there:
            session.execute(f"create role {role}")
    for kind, type_name in _TYPES.items():
        for what, value in (("hidden", f"cast(null as {type_name})"), ("shown", "seen")):
            policy = f"txn_{what}_{kind}"
            session.execute(f"create masking policy if not exists {policy} with (seen {type_name}) using ({value})")
    session.execute("begin")
    for statement in (*_masks(session), *_grants(session)):
        session.execute(statement)
    session.execute("commit")


def _grants(session: RedshiftSession) -> Iterator[str]:
    for (name,) in session.execute("select nspname from pg_namespace order by 1"):
        if name not in (*READ_SCHEMAS, *CLOSED_SCHEMAS):
            continue
        schema, tables = f'schema "{name}"', f'all tables in schema "{name}"'
        for grantee in ("public", f"role {ANALYST}", f"role {STEWARD}"):
            yield f"revoke all on {schema} from {grantee}"
            yield f"revoke all on {tables} from {grantee}"
        yield f"grant all on {schema} to role {LOADER}"
        yield f"grant all on {tables} to role {LOADER}"
        if name in READ_SCHEMAS:
            yield f"grant usage on {schema} to role {ANALYST}"
            yield f"grant usage on {schema} to role {STEWARD}"
            yield f"grant select on {tables} to role {STEWARD}"
    for schema, table in _tables(session):
        if not table.startswith(STEWARDS_PREFIX):
            yield f'grant select on table "{schema}"."{table}" to role {ANALYST}'


def _masks(session: RedshiftSession) -> Iterator[str]:
    attached = set()
    found = session.execute(
        "select schema_name, table_name, output_columns, grantee from svv_attached_masking_policy"
    )
    for schema, table, columns, grantee in found:
        attached |= {(schema, table, column, grantee) for column in re.findall(r"\w+", str(columns))}
    for schema, table in _tables(session):
        if not table.startswith(STEWARDS_PREFIX):
            continue
        for column, kind in MASKED.items():
            for role, what, priority in _SEES:
                if (schema, table, column, role or "public") not in attached:
                    name = f"txn_{what}_{kind} on {schema}.{table}({column})"
                    grantee = f"role {role}" if role else "public"
                    yield f"attach masking policy {name} to {grantee} priority {priority}"


def _tables(session: RedshiftSession) -> list[tuple[str, str]]:
    schemas = ", ".join(f"'{schema}'" for schema in READ_SCHEMAS)
    found = session.execute(
        f"select schemaname, tablename from pg_tables where schemaname in ({schemas}) order by 1, 2"
    )
    return [(str(schema), str(table)) for schema, table in found]
