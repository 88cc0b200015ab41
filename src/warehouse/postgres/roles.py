"""The roles of the warehouse in PostgreSQL, and what each may do. They have no login: an operator adds users to them.

`txn_analyst` reads `star` and `marts` but for the customers' dimensions, which single people out. `txn_steward` reads
those too. `txn_loader` makes and fills everything. Landing, vault, staging, identity and the normalised database are
the loader's alone.
"""

from collections.abc import Iterator
from typing import Final

from warehouse.postgres.session import PostgresSession

ANALYST: Final = "txn_analyst"
STEWARD: Final = "txn_steward"
LOADER: Final = "txn_loader"
ROLES: Final = (ANALYST, STEWARD, LOADER)

READ_SCHEMAS: Final = ("star", "marts")
CLOSED_SCHEMAS: Final = ("landing", "vault", "staging", "identity", "oltp")
STEWARDS_PREFIX: Final = "dim_customer"
"""How tables begin that stewards alone may read: also those that a build renames away or has not yet renamed."""
QUERY_S_MAX: Final = 60

_RELATIONS: Final = (
    "select n.nspname::text, c.relname::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
    "where n.nspname = any($1) and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1, 2"
)
_SCHEMAS: Final = "select nspname::text from pg_namespace where nspname = any($1) order by 1"


def grant_roles(session: PostgresSession, *, wait_s: float = 60.0) -> None:
    """Make the roles where there are none, and set what each may do now. To be called behind each build.

    A table that is made again has no grants. Builds give those of readers at once (models/macros/readers.sql). All
    others are set here, and what was granted by hand to these roles is taken back.

    Raises:
        WarehouseError: the session's user may not make roles, or does not own the tables.
    """
    with session.making_schema(wait_s=wait_s):
        for statement in _role_statements(session):
            session.execute(
                statement, what=f"make roles; a user who may do so has to create {', '.join(ROLES)} first"
            )
        ((database,),) = session.rows("select quote_ident(current_database())::text")
        for statement in _grants(session, str(database)):
            session.execute(statement, what="grant to the roles of the warehouse")


def _role_statements(session: PostgresSession) -> Iterator[str]:
    there = {
        str(name)
        for (name,) in session.rows("select rolname::text from pg_roles where rolname = any($1)", (list(ROLES),))
    }
    for role in ROLES:
        if role not in there:
            # Roles are of the whole server: another database's run may make one at this moment.
            quietly = "exception when duplicate_object or unique_violation then null"
            yield f"do $$ begin create role {role}; {quietly}; end $$"
            if role != LOADER:
                yield f"alter role {role} set default_transaction_read_only = on"
                yield f"alter role {role} set statement_timeout = '{QUERY_S_MAX}s'"


def _grants(session: PostgresSession, database: str) -> Iterator[str]:
    yield f"grant create on database {database} to {LOADER}"
    readers = f"{ANALYST}, {STEWARD}"
    for (schema,) in session.rows(_SCHEMAS, ([*READ_SCHEMAS, *CLOSED_SCHEMAS],)):
        yield f"revoke all on schema {schema} from public, {readers}"
        yield f"revoke all on all tables in schema {schema} from public, {readers}"
        yield f"grant usage, create on schema {schema} to {LOADER}"
        yield f"grant all on all tables in schema {schema} to {LOADER}"
        if schema in READ_SCHEMAS:
            yield f"grant usage on schema {schema} to {readers}"
            yield f"grant select on all tables in schema {schema} to {STEWARD}"
    for schema, relation in session.rows(_RELATIONS, (list(READ_SCHEMAS),)):
        if not str(relation).startswith(STEWARDS_PREFIX):
            yield f'grant select on {schema}."{str(relation).replace(chr(34), chr(34) * 2)}" to {ANALYST}'
