"""The door reads statements as Redshift does: it refuses what Redshift refuses, and says the rest for PostgreSQL."""

import pytest
from devkit.redshift_door.dialect import postgres_sql
from devkit.redshift_door.refusals import Refused

REFUSED = (
    "select count(*) filter (where a > 1) from t",
    "select distinct on (a) a, b from t",
    "select a from t where b is not distinct from c",
    "select a from t where b is distinct from c",
    "select * from t, lateral (select t.a) as x",
    "select array[1, 2]",
    "select array_agg(a) from t",
    "select * from generate_series(1, 3)",
    "select extract(isodow from a) from t",
    "select date_part('isoyear', a) from t",
    "select substr(a, 1, 3) from t",
    "insert into t values (1) on conflict do nothing",
    "insert into t values (1) returning a",
    "update t set a = 1 returning a",
    "select count(distinct a) over (partition by b) from t",
    "select sum(a) over (partition by b order by c) from t",
    "select first_value(a) over (order by c) from t",
    "select lag(a, 1, 0) over (order by b) from t",
    "select lead(a, 1, 0) over (order by b) from t",
    "select * from (values (1), (2)) as v(a)",
    "select concat(a, b, c) from t",
    "select avg(a) from t",
    "select string_agg(a, ',') from t",
    "create index i on t (a)",
    "create table t (a int check (a > 0))",
    "create table t (a int, check (a > 0))",
    "create table t (a json)",
    "create table t (a uuid)",
    "create table t (a int[])",
    "create table t (a varchar(65536))",
    "select a as tag from t",
    "select datediff(hour, a, b) from t",
    "begin isolation level repeatable read",
    "select a b c from t",
    "attach masking policy p on star.t(a) to nobody",
    "create masking policy p with (a text)",
)  # fmt: skip
TAKEN = (
    ("lock landing.objects", "lock landing.objects"),
    ("/* a comment of dbt */\nselect 1 as x", "SELECT 1 AS x"),
    ("select $1, $2 as x", "SELECT $1, $2 AS x"),
    ("select '$1' as x", "SELECT '$1' AS x"),
    ("select getdate()", "SELECT CURRENT_TIMESTAMP"),
    ("select concat(a, b) from t", "SELECT a || b FROM t"),
    ("select nvl(a, b) from t", "SELECT COALESCE(a, b) FROM t"),
    ("select datediff(day, a, b) from t", "SELECT (CAST(b AS DATE) - CAST(a AS DATE)) FROM t"),
    ('select "group" from t', 'SELECT "group" FROM t'),
    ("select avg(cast(a as double precision)) from t", "SELECT AVG(CAST(a AS DOUBLE PRECISION)) FROM t"),
    (
        "select sum(a) over (order by b rows between unbounded preceding and current row) from t",
        "SELECT SUM(a) OVER (ORDER BY b rows BETWEEN UNBOUNDED preceding AND CURRENT ROW) FROM t",
    ),
    ("grant select on star.t to role txn_analyst", "grant select on star.t to txn_analyst"),
    ("grant role txn_analyst to ann", "grant txn_analyst to ann"),
    ("create table t (a int primary key) diststyle all sortkey (a)", "CREATE TABLE t (a INT)"),
    ("create table t (a int encode zstd, primary key (a), unique (a))", "CREATE TABLE t (a INT)"),
    (
        "create table t (a varchar(3))",
        'CREATE TABLE t (a VARCHAR(3), CONSTRAINT "varchar_bytes_a_3" CHECK (OCTET_LENGTH(a) <= 3))',
    ),
    (
        "create table t (a text)",
        'CREATE TABLE t (a VARCHAR(256), CONSTRAINT "varchar_bytes_a_256" CHECK (OCTET_LENGTH(a) <= 256))',
    ),
    (
        "create temp table u (like t)",
        "CREATE TEMPORARY TABLE u (LIKE t INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
    ),
    ("select * from pg_catalog.svv_external_columns", "select * from redshift_catalog.svv_external_columns"),
)


@pytest.mark.parametrize("sql", REFUSED)
def test_what_redshift_does_not_have_is_refused(sql: str) -> None:
    with pytest.raises(Refused):
        postgres_sql(sql)


@pytest.mark.parametrize(("redshift", "postgres"), TAKEN)
def test_the_rest_is_said_in_postgresqls_sql(redshift: str, postgres: str) -> None:
    assert postgres_sql(redshift) == postgres
