"""Sessions through the door: what Redshift does differently from PostgreSQL, and COPY with its refusals."""

import io
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from devkit.redshift_door.local_redshift import LocalRedshift
from devkit.redshift_door.plain_client import BUCKET, MemoryBucket, PlainSession

from warehouse.landing.redshift_session import RedshiftError

COPY = f"copy t from 's3://{BUCKET}/m' iam_role default format as parquet manifest"
ROWS = pa.table({"a": pa.array([1, None], pa.int64()), "b": ["", None]})


@pytest.fixture(scope="module")
def url(redshift: LocalRedshift) -> str:
    return redshift.url(redshift.new_database())


@pytest.fixture(scope="module")
def module_session(url: str) -> Iterator[PlainSession]:
    with PlainSession.open(url) as session:
        yield session


@pytest.fixture
def session(module_session: PlainSession) -> PlainSession:
    """A session outside any transaction, in a database without table t."""
    module_session.execute("rollback")
    module_session.execute("drop table if exists t")
    return module_session


@pytest.fixture
def bucket(lake_bucket: MemoryBucket) -> Iterator[MemoryBucket]:
    yield lake_bucket
    lake_bucket.bodies.clear()


def keep(bucket: MemoryBucket, table: pa.Table, **entry: Any) -> None:
    """A file with these rows, and a manifest that names it; `entry` replaces what the manifest says of it."""
    sink = io.BytesIO()
    pq.write_table(table, sink)
    bucket.put("f", sink.getvalue())
    named = {"url": f"s3://{BUCKET}/f", "mandatory": True, "meta": {"content_length": len(sink.getvalue())}} | entry
    bucket.put("m", json.dumps({"entries": [named]}).encode())


def test_no_key_is_enforced_but_not_null_is(session: PlainSession) -> None:
    session.execute("create table t (a bigint primary key, b varchar(4) not null unique)")
    session.execute("insert into t values (1, 'x')")
    session.execute("insert into t values (1, 'x')")
    assert session.execute("select a, b from t") == [(1, "x"), (1, "x")]
    with pytest.raises(RedshiftError):
        session.execute("insert into t values (2, null)")


def test_varchar_counts_bytes(session: PlainSession) -> None:
    session.execute("create table t (a varchar(4))")
    session.execute("insert into t values (%s)", "äö")
    with pytest.raises(RedshiftError, match="too long"):
        session.execute("insert into t values (%s)", "äöü")
    session.execute("create temp table likewise (like t)")
    with pytest.raises(RedshiftError, match="too long"):
        session.execute("insert into likewise values (%s)", "äöü")


def test_text_is_256_bytes(session: PlainSession) -> None:
    session.execute("create table t (a text)")
    with pytest.raises(RedshiftError, match="too long"):
        session.execute("insert into t values (%s)", "x" * 257)


def test_integers_are_divided_as_integers(session: PlainSession) -> None:
    assert session.execute("select cast(7 as bigint) / 2, 1.0 * 7 / 2 = 3.5") == [(3, True)]


def test_a_refused_statement_fails_its_transaction(session: PlainSession) -> None:
    session.execute("create table t (a bigint)")
    session.execute("begin")
    session.execute("insert into t values (1)")
    with pytest.raises(RedshiftError, match="IS \\[NOT\\] DISTINCT FROM"):
        session.execute("select a from t where a is distinct from 1")
    with pytest.raises(RedshiftError, match="aborted"):
        session.execute("select a from t")
    session.execute("rollback")
    assert session.execute("select a from t") == []


def test_transactions_that_cannot_be_put_in_an_order_end_with_error_1023(url: str, session: PlainSession) -> None:
    """Each reads what the other one writes: the example of the Developer Guide's page on error 1023."""
    session.execute("create table t (a bigint)")
    with ExitStack() as stack:
        other = stack.enter_context(PlainSession.open(url))
        for each in (session, other):
            each.execute("begin")
            each.execute("select count(*) from t")
        session.execute("insert into t values (1)")
        session.execute("commit")
        with pytest.raises(RedshiftError, match="1023") as caught:
            other.execute("insert into t values (1)")
        assert caught.value.in_the_way
        other.execute("rollback")
    assert session.execute("select count(*) from t") == [(1,)]


def test_who_locks_first_and_reads_then_sees_what_was_committed_meanwhile(url: str, session: PlainSession) -> None:
    session.execute("create table t (a bigint)")
    session.execute("begin")
    session.execute("lock t")
    session.execute("insert into t values (1)")

    def count_behind_the_lock() -> object:
        with PlainSession.open(url) as other:
            other.execute("begin")
            other.execute("lock t")
            found = other.execute("select count(*) from t")
            other.execute("commit")
            return found

    with ThreadPoolExecutor(1) as pool:
        counted = pool.submit(count_behind_the_lock)
        session.execute("commit")
        assert counted.result(60) == [(1,)]


def test_copy_brings_rows_within_the_transaction(session: PlainSession, bucket: MemoryBucket) -> None:
    keep(bucket, ROWS)
    session.execute("begin")
    session.execute("create temp table t (a bigint, b varchar(8))")
    session.execute(COPY)
    session.execute(COPY.replace("copy t", "copy t (a, b)"))
    assert session.execute("select a, b from t order by a, b") == [(1, ""), (1, ""), (None, None), (None, None)]
    session.execute("rollback")


@pytest.mark.parametrize(
    "entry",
    [
        {"meta": {}},
        {"meta": None},
        {"meta": {"content_length": 3}},
        {"meta": {"content_length": "9"}},
        {"url": f"s3://{BUCKET}/g"},
        {"url": "f"},
    ],
)
def test_copy_refuses_a_manifest_that_does_not_say_what_is_there(
    session: PlainSession, bucket: MemoryBucket, entry: Mapping[str, Any]
) -> None:
    keep(bucket, ROWS, **entry)
    session.execute("create table t (a bigint, b varchar(8))")
    with pytest.raises(RedshiftError):
        session.execute(COPY)
    assert session.execute("select count(*) from t") == [(0,)]


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"entries": []}'])
def test_copy_refuses_what_is_no_manifest(session: PlainSession, bucket: MemoryBucket, manifest: bytes) -> None:
    bucket.put("m", manifest)
    session.execute("create table t (a bigint, b varchar(8))")
    with pytest.raises(RedshiftError, match="manifest"):
        session.execute(COPY)


@pytest.mark.parametrize(
    "columns", ["a bigint", "a bigint, b varchar(8), c bigint", "a integer, b varchar(8)", "a bigint, b bigint"]
)
def test_copy_refuses_files_that_are_not_as_the_table(
    session: PlainSession, bucket: MemoryBucket, columns: str
) -> None:
    keep(bucket, ROWS)
    session.execute(f"create table t ({columns})")
    with pytest.raises(RedshiftError, match="Spectrum Scan Error"):
        session.execute(COPY)


@pytest.mark.parametrize(
    "statement",
    [
        f"{COPY} maxerror 3",
        f"{COPY} region 'eu-west-1'",
        f"{COPY} acceptanydate",
        COPY.replace("manifest", ""),
        COPY.replace("iam_role default", ""),
        COPY.replace("as parquet", "as csv"),
        COPY.replace("default", "'x'"),
        "copy t from stdin",
    ],
)
def test_copy_refuses_parameters_that_redshift_refuses(
    session: PlainSession, bucket: MemoryBucket, statement: str
) -> None:
    keep(bucket, ROWS)
    session.execute("create table t (a bigint, b varchar(8))")
    with pytest.raises(RedshiftError):
        session.execute(statement)
    session.execute(COPY.replace("default", "'arn:aws:iam::123456789012:role/copy'"))
    assert session.execute("select count(*) from t") == [(2,)]


def test_masking_policies_are_kept_and_held_to_the_rules(session: PlainSession) -> None:
    session.execute("create table t (a varchar(8), b bigint)")
    session.execute("create masking policy if not exists hide with (a varchar(8)) using (cast(null as varchar(8)))")
    session.execute("create masking policy if not exists hide with (a varchar(8)) using (cast(null as varchar(8)))")
    session.execute("attach masking policy hide on t(a) to public priority 10")
    attached = "select policy_name, table_name, output_columns, grantee, priority from svv_attached_masking_policy"
    assert session.execute(attached) == [("hide", "t", "a", "public", 10)]
    for refused in (
        "attach masking policy hide on t(a) to public priority 20",  # the grantee has one on this column
        "attach masking policy hide on t(missing) to public",
        "attach masking policy missing on t(b) to public",
        "drop masking policy hide",  # while it is attached
        "create masking policy wrong with (a varchar(8)) using (nowhere)",
    ):
        with pytest.raises(RedshiftError):
            session.execute(refused)
    session.execute("drop table t")
    assert session.execute(attached) == []
    session.execute("drop masking policy hide")
