"""A file against the tables of a warehouse: landing as the curator makes it, star and oltp as they must be."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

import duckdb
import pyarrow as pa
import pytest

from ingest.api_client.retry import RetryPolicy
from ingest.layouts.read_rows import Row, SoundRow
from tests.txn_cli.builders import OTHER_CARD, sound
from tests.txn_cli.verify.store import FakeStore, event_of
from tests.txn_cli.verify.test_audit import at_once
from txn_cli.verify.audit import Audit
from txn_cli.verify.verify_report import Report, TableFaults
from txn_cli.verify.warehouse_forms import LANDING, OLTP, STAR
from warehouse.curated.raw_tables import raw_table
from warehouse.curated.transformation import Transformation

FORMS = (LANDING, STAR, OLTP)
STAR_SQL = """
create schema star; create schema oltp;
create table star.dim_merchant as
select merchant_id, max(merchant_name) as name from landing.positions group by 1;
create table star.fact_transactions as
select account, transaction_id, count(*) over (partition by transaction_id) as writes, card_id as card_key,
  customer_id, merchant_id, occurred_at, type, original_transaction_id, amount_minor, currency, terminal_id,
  entry_mode, is_fraud,
  case when type in ('refund', 'reversal') then -amount_minor else amount_minor end as net_minor,
  cast(strftime(occurred_at, '%Y%m%d') as integer) as date_key,
  cast(date_trunc('month', occurred_at) as date) as month,
  hour(occurred_at) as hour_utc, coalesce(category, 'unknown') as category,
  case when state = 'Atlantis' then '??' else coalesce(state, '??') end as state,
  coalesce(gender, 'unknown') as gender, '25-34' as age_band
from landing.positions qualify row_number() over (partition by transaction_id order by sequence_number) = 1;
create table oltp.card as select distinct card_id, card_masked from landing.positions;
create table oltp.merchant as select merchant_id, name from star.dim_merchant;
create table oltp.transaction as
select account, transaction_id, card_key as card_id, customer_id, merchant_id, occurred_at, type,
  original_transaction_id, amount_minor, currency, terminal_id, entry_mode, is_fraud,
  nullif(category, 'unknown') as category from star.fact_transactions;
"""


@dataclass
class Warehouse:
    """A warehouse in memory, made of what a store archived."""

    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def load(self, store: FakeStore) -> None:
        with Transformation.open() as transformation:
            tables = [transformation.curated(raw_table(body), 1) for body in store.objects.values()]
        self.connection.register("curated", pa.concat_tables(tables))
        self.connection.execute(f"create schema landing; create table landing.positions as from curated; {STAR_SQL}")

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        yield from self.connection.execute(query.format(landing="landing", star="star", oltp="oltp")).to_arrow_reader(
            2
        )


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    made = Warehouse()
    with closing(made.connection):
        yield made


ROWS = [sound(2), sound(3, cc_num=OTHER_CARD), sound(4, merchant="fraud_O'Kub", is_fraud="1"), sound(5, amt="7.5")]
RIGHT = {"landing": TableFaults(), "star": TableFaults(), "oltp": TableFaults()}


async def compared(
    store: FakeStore, warehouse: Warehouse, rows: list[SoundRow], part_rows: int = 100
) -> tuple[Report, list[tuple[int, str]]]:
    faults: list[tuple[int, str]] = []
    async with store.api.client() as client:
        audit = Audit(
            client,
            store,
            on_progress=lambda what, rows: None,
            on_fault=lambda line, what: faults.append((line, what)),
            policy=RetryPolicy(attempts_max=3, pause=at_once),
            part_rows=part_rows,
            warehouse=warehouse,
            forms=FORMS,
        )
        found: list[Row] = [*rows]
        return await audit.run(found), faults


@pytest.mark.parametrize("part_rows", [1, 3, 100])
async def test_a_warehouse_that_holds_the_file_is_all_right(warehouse: Warehouse, part_rows: int) -> None:
    """Also with rows of others, a repeat, and the file in parts."""
    store = FakeStore()
    store.store(*ROWS, sound(9))
    store.archive(event_of(ROWS[1]), event_of(sound(2), account="other"))
    warehouse.load(store)
    warehouse.connection.execute("update star.fact_transactions set account = 'acme', writes = 1 where writes = 2")
    warehouse.connection.execute("update star.fact_transactions set writes = 2 where transaction_id = ?", [id_(1)])
    report, faults = await compared(store, warehouse, ROWS, part_rows)
    assert (report, faults) == (Report(rows=4, repeated_in_stream=1, tables=RIGHT), [])


def id_(number: int) -> str:
    return str(event_of(ROWS[number])["transaction_id"])


@pytest.mark.parametrize(
    ("change", "table", "faults"),
    [
        ("delete from landing.positions where transaction_id = '{id}'", "landing", TableFaults(missing=1)),
        ("insert into landing.positions from landing.positions limit 1", "landing", TableFaults(doubled=1)),
        (
            "update landing.positions set city = 'x' where transaction_id = '{id}'",
            "landing",
            TableFaults(different=1),
        ),
        ("update landing.positions set postal_area = null", "landing", TableFaults(different=4)),
        (
            "update landing.positions set card_id = 'x' where transaction_id = '{id}'",
            "landing",
            TableFaults(different=1),
        ),
        ("delete from star.fact_transactions where transaction_id = '{id}'", "star", TableFaults(missing=1)),
        ("insert into star.fact_transactions from star.fact_transactions limit 1", "star", TableFaults(doubled=1)),
        (
            "update star.fact_transactions set writes = 2 where transaction_id = '{id}'",
            "star",
            TableFaults(different=1),
        ),
        ("update star.fact_transactions set net_minor = -net_minor", "star", TableFaults(different=4)),
        (
            "update star.fact_transactions set state = '??' where transaction_id = '{id}'",
            "star",
            TableFaults(different=1),
        ),
        ("update star.fact_transactions set age_band = 'unknown'", "star", TableFaults(different=4)),
        (
            "update star.fact_transactions set occurred_at = occurred_at + interval 1 microsecond",
            "star",
            TableFaults(0, 0, 4),
        ),
        (
            "update star.fact_transactions set card_key = 'card_1_other' where transaction_id = '{id}'",
            "star",
            TableFaults(0, 0, 1),
        ),
        ("delete from star.dim_merchant where name like 'O%'", "star", TableFaults(different=1)),
        ("delete from oltp.transaction where transaction_id = '{id}'", "oltp", TableFaults(missing=1)),
        (
            "update oltp.transaction set amount_minor = 0 where transaction_id = '{id}'",
            "oltp",
            TableFaults(different=1),
        ),
        ("insert into oltp.transaction from oltp.transaction limit 1", "oltp", TableFaults(doubled=1)),
    ],
)
async def test_what_is_lost_doubled_or_differs_is_told(
    warehouse: Warehouse, change: str, table: str, faults: TableFaults
) -> None:
    store = FakeStore()
    store.store(*ROWS)
    warehouse.load(store)
    warehouse.connection.execute(change.format(id=id_(3)))
    report, told = await compared(store, warehouse, ROWS)
    found = report.tables[table]
    # Of rows of one card that name two, those count that come later, and SQL gives rows in no order.
    named_by_others = found.different - faults.different if "card_key" in change else 0
    assert (found, named_by_others in {0, 1}) == (replace(faults, different=faults.different + named_by_others), True)
    assert not report.all_right
    assert len([what for _, what in told if what.endswith(table)]) == found.missing + found.different
    # A position that is lost or doubled in the landing is also one less, or more, than the writes of its transaction.
    others = {name: each for name, each in report.tables.items() if name not in {table, "star"}}
    assert set(others.values()) == {TableFaults()}


async def test_rows_without_a_customer_and_with_an_unknown_state_are_as_they_must_be(warehouse: Warehouse) -> None:
    store = FakeStore()
    store.store(sound(2), sound(3, state="ZZ"))
    warehouse.load(store)
    report, _ = await compared(store, warehouse, [sound(2), sound(3, state="ZZ")])
    assert report.tables["star"] == TableFaults(different=1), "the star schema has no such state"
    warehouse.connection.execute("update star.fact_transactions set state = '??' where state = 'ZZ'")
    report, _ = await compared(store, warehouse, [sound(2), sound(3, state="ZZ")])
    assert report.tables == RIGHT
