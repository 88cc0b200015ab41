"""The normalised database holds the same whatever order, batches and repetitions brought its rows in."""

import random
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from devkit.postgres_server import PostgresServer

from tests.warehouse.landing.commits import MadeCommit, adverse_commits, batch_of, expected_ledger, made_commit
from tests.warehouse.landing.landings import SEEDS, ledger_of
from tests.warehouse.oltp import fold
from tests.warehouse.postgres.cut_connections import commits_cut
from txn_core.exceptions import WarehouseError
from warehouse.landing.landing_port import Loaded
from warehouse.oltp.oltp_database import OltpDatabase, births
from warehouse.oltp.oltp_steps import STEPS
from warehouse.oltp.oltp_tables import RULES, TABLES
from warehouse.postgres.session import PostgresSession

KEPT = (*(f"oltp.{name}" for name in TABLES if name not in {"objects", "lock"}), "vault.customer")
CUSTOMERS = (
    "select customer_id, first_name, last_name, gender, date_of_birth::text, job, street, city.name, region "
    "from oltp.customer left join oltp.address using (address_id) left join oltp.city using (city_id) order by 1"
)
NORTH = {"city": "Moravian Falls", "state": "NC", "street": "1 Perry Cove", "postal_code": "28654"}
EAST = {"city": "Orient", "state": "ME", "street": "2 Bay Road", "postal_code": "04001"}


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the ledger."""
    with PostgresSession.open(url) as session:
        return contents_of(session)


def contents_of(session: PostgresSession) -> dict[str, list[tuple[Any, ...]]]:
    """The same of a session's database."""
    return {table: session.rows(f"select * from {table} order by {table.split('.')[1]}::text") for table in KEPT}


@pytest.fixture(scope="session")
def whole(postgres_server: PostgresServer) -> str:
    """A database into which one load brought everything; whoever changes it puts it back."""
    url = postgres_server.new_database()
    OltpDatabase(url).open().load(batch_of(adverse_commits()))
    return url


def test_it_holds_first_writes_and_latest_customers(whole: str) -> None:
    """By a fold over the rows that knows nothing of the tables."""
    commits = adverse_commits()
    with PostgresSession.open(whole) as session:
        columns = ", ".join(fold.TRANSACTION)
        found = session.rows(
            f'select {columns} from oltp.transaction order by account collate "C", transaction_id collate "C"'
        )
        assert found == fold.transactions(commits)
        assert session.rows(CUSTOMERS) == fold.customers(commits)
        assert dict(session.rows("select merchant_id, name from oltp.merchant")) == fold.merchants(commits)
        assert ledger_of(
            session.rows("select object_name, load_id, rows, digest from oltp.objects")
        ) == expected_ledger(commits)
        assert session.rows("select count(*) from oltp.refused") == [(0,)]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_order_and_any_batches_give_the_same(
    whole: str, empty_tables_url: str, looking: PostgresSession, seed: int
) -> None:
    rng, database = random.Random(seed), OltpDatabase(empty_tables_url)
    commits = rng.sample(adverse_commits(), len(adverse_commits()))
    while commits:
        batch = [commits.pop() for _ in range(min(len(commits), rng.randint(1, 5)))]
        database.load(batch_of(batch, *[each for each in rng.sample(adverse_commits(), 1) if each not in batch]))
    assert contents_of(looking) == contents(whole)


def test_a_second_load_changes_nothing(whole: str) -> None:
    """Neither by the ledger, nor where the ledger was lost: every statement then finds its rows as they should be."""
    before = contents(whole)
    assert OltpDatabase(whole).load(batch_of(adverse_commits())) == Loaded()
    with PostgresSession.open(whole) as session:
        session.execute("truncate oltp.objects")
        marks = {table: session.rows(f"select sum(xmin::text::bigint)::text from {table}") for table in KEPT}
        OltpDatabase(whole).load(batch_of(adverse_commits()))
        assert {table: session.rows(f"select sum(xmin::text::bigint)::text from {table}") for table in KEPT} == marks
    assert contents(whole) == before


def test_a_commit_whose_answer_is_lost_is_settled(
    whole: str, empty_tables_url: str, looking: PostgresSession
) -> None:
    with commits_cut(empty_tables_url, "behind", 1) as cutter:
        assert OltpDatabase(cutter.url).load(batch_of(adverse_commits())).load_id == 1
    assert contents_of(looking) == contents(whole)


def row_of(number: int, **changes: Any) -> dict[str, Any]:
    """A row of the curated table, with another place for each number."""
    row: dict[str, Any] = dict(adverse_commits()[0].rows.to_pylist()[0])
    return row | {"commit_number": number, "sequence_number": str(number), "card_aliases": None, **changes}


def commit_of(number: int, *rows: dict[str, Any], said: tuple[dict[str, Any], ...] = ()) -> MadeCommit:
    """A commit of rows and of what they say of the customer."""
    template = adverse_commits()[0]
    nobody = dict.fromkeys(template.vault.column_names)
    who = {name: rows[0][name] for name in ("account", "customer_id")}
    vault = pa.Table.from_pylist(
        [nobody | who | each | {"first_commit": number} for each in said], template.vault.schema
    )
    return made_commit(number, pa.Table.from_pylist(list(rows), template.rows.schema), vault)


def profile(place: dict[str, str]) -> dict[str, Any]:
    """What a row says of a customer who lives somewhere."""
    own = {"city": place["city"], "state": place["state"], "postal_area": place["postal_code"][:3]}
    return {**own, "has_customer": True, "birth_year": 1988, "gender": "F", "job": None}


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1)])
def test_a_customer_who_moves_away_and_back_lives_where_the_latest_transaction_says(
    empty_tables_url: str, looking: PostgresSession, order: tuple[int, ...]
) -> None:
    """The moment of the transaction counts: a file that is sent once more moves nobody back."""
    moment = row_of(1)["occurred_at"]
    name = {"first_name": "Jennifer", "last_name": "Banks", "date_of_birth": "1988-03-09"}
    homes = {1: NORTH, 2: EAST, 3: NORTH}
    times = {1: moment.replace(day=1), 2: moment.replace(day=3), 3: moment.replace(day=2)}
    database = OltpDatabase(empty_tables_url)
    for number in order:
        row = row_of(
            number, transaction_id=f"moved-{number:03d}", occurred_at=times[number], **profile(homes[number])
        )
        database.load(batch_of([commit_of(number, row, said=(homes[number] | name,))]))
    ((*_, street, city, region),) = looking.rows(CUSTOMERS)
    assert (street, city, region) == ("2 Bay Road", "Orient", "ME")
    assert looking.rows("select count(*) from oltp.address") == [(2,)]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_write_that_was_accepted_earlier_wins_also_when_it_comes_later(
    empty_tables_url: str, looking: PostgresSession, order: tuple[int, ...]
) -> None:
    earlier = row_of(1, amount_minor=1)
    later = row_of(2, amount_minor=2, accepted_at=earlier["accepted_at"].replace(year=2030))
    database, commits = OltpDatabase(empty_tables_url), {1: commit_of(1, earlier), 2: commit_of(2, later)}
    for number in order:
        database.load(batch_of([commits[number]]))
    assert looking.rows("select amount_minor from oltp.transaction") == [(1,)]


def test_sequence_numbers_are_in_the_order_of_numbers(empty_tables_url: str, looking: PostgresSession) -> None:
    """At one moment of acceptance: 99 comes before 100, and 56 digits are no difficulty."""
    rows = [row_of(1, sequence_number=text, amount_minor=len(text)) for text in ("100", "99", "4" * 56)]
    OltpDatabase(empty_tables_url).load(batch_of([commit_of(1, *rows)]))
    assert looking.rows("select amount_minor from oltp.transaction") == [(2,)]


def test_rows_that_break_rules_are_noted_and_hold_nothing_up(empty_tables_url: str, looking: PostgresSession) -> None:
    """Only a foreign producer can have sent them. Every rule is broken once."""
    broken = {
        "account": "Acme",
        "transaction_id": "a b",
        "card_id": "card_x",
        "card_masked": "4242424242424242",
        "customer_id": "cus_",
        "merchant_id": "",
        "type": "gift",
        "amount_minor": -1,
        "currency": "usd",
    }
    assert broken.keys() == RULES.keys()
    rows = [row_of(place, commit_number=1, **{rule: value}) for place, (rule, value) in enumerate(broken.items(), 1)]
    sound = row_of(99, commit_number=1, transaction_id="sound-0001")
    OltpDatabase(empty_tables_url).load(batch_of([commit_of(1, *rows, sound)]))
    found = looking.rows("select rule from oltp.refused order by sequence_number::int")
    assert [rule for (rule,) in found] == list(broken)
    assert looking.rows("select transaction_id from oltp.transaction") == [("sound-0001",)]


def test_tables_of_before_take_shorter_ids(empty_tables_url: str, looking: PostgresSession) -> None:
    """A check that asks for eight characters is widened, once; rows that are there stay."""
    constraint = "transaction_transaction_id_check"
    wider = looking.rows(f"select pg_get_constraintdef(oid) from pg_constraint where conname = '{constraint}'")
    before = RULES["transaction_id"].replace("between 6", "between 8")
    looking.execute(f"alter table oltp.transaction drop constraint {constraint}")
    looking.execute(f"alter table oltp.transaction add constraint {constraint} check ({before})")
    database = OltpDatabase(empty_tables_url)
    for _ in range(2):
        database.open()
        found = looking.rows(f"select pg_get_constraintdef(oid) from pg_constraint where conname = '{constraint}'")
        assert found[0][0].removesuffix(" NOT VALID") == wider[0][0].removesuffix(" NOT VALID")
    database.load(batch_of([commit_of(1, row_of(1, commit_number=1, transaction_id="Ab-_09"))]))
    assert looking.rows("select transaction_id from oltp.transaction") == [("Ab-_09",)]


def test_texts_of_any_length_and_none_are_no_difficulty(empty_tables_url: str, looking: PostgresSession) -> None:
    long = dict.fromkeys(("city", "state", "category", "merchant_name", "job"), "ü" * 9000)
    empty = dict.fromkeys(("city", "state", "category", "merchant_name"), "")
    rows = row_of(1, **long), row_of(2, commit_number=1, transaction_id="empty-0001", **empty)
    said = (dict.fromkeys(NORTH, "ü" * 9000) | {"date_of_birth": "x"}, dict.fromkeys(NORTH, ""))
    OltpDatabase(empty_tables_url).load(batch_of([commit_of(1, *rows, said=said)]))
    assert looking.rows("select count(*) from oltp.transaction") == [(2,)]
    assert looking.rows("select max(length(street)) from oltp.address") == [(200,)]


@pytest.mark.parametrize("fault", ["fewer rows", "unknown column"])
def test_files_that_do_not_fit_bring_in_nothing(empty_tables_url: str, looking: PostgresSession, fault: str) -> None:
    database, first = OltpDatabase(empty_tables_url), adverse_commits()[0]
    rows = first.rows.slice(1) if fault == "fewer rows" else first.rows.append_column("more", first.rows["account"])
    with pytest.raises(WarehouseError):
        database.load(replace(batch_of([first]), tables=lambda: iter([rows])))
    assert database.loaded() == {}
    assert contents_of(looking)["oltp.transaction"] == []


def test_every_reference_is_a_foreign_key_and_every_table_has_a_key(whole: str) -> None:
    """Third normal form by the catalog: what one entity says of another is a reference that PostgreSQL holds."""
    own = "from pg_constraint where connamespace = 'oltp'::regnamespace and contype = "
    catalog = f"select conrelid::regclass::text, confrelid::regclass::text {own} 'f'"
    keys = f"select conrelid::regclass::text {own} 'p'"
    with PostgresSession.open(whole) as session:
        references = {(str(one), str(other)) for one, other in session.rows(catalog)}
        assert references >= {
            ("oltp.city", "oltp.region"),
            ("oltp.address", "oltp.city"),
            ("oltp.customer", "oltp.address"),
            *(
                ("oltp.transaction", f"oltp.{name}")
                for name in ("account", "card", "customer", "merchant", "category")
            ),
        }
        assert {str(name) for (name,) in session.rows(keys)} == {f"oltp.{name}" for name in TABLES if name != "lock"}


def test_there_are_steps_for_all_tables() -> None:
    assert {name for name in TABLES if name not in {"objects", "lock", "latest_profile"}} <= STEPS.keys()


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("1988-03-09", "1988-03-09"),
        ("2023-02-29", None),
        ("19880309", None),
        ("1988-W10-3", None),
        ("", None),
        (None, None),
    ],
)
def test_a_birth_date_is_a_date_or_nothing(text: str | None, born: str | None) -> None:
    (found,) = births(pa.chunked_array([pa.array([text], pa.string())])).to_pylist()
    assert (found and found.isoformat()) == born
