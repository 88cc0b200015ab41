"""The steps of a load of the normalised database: one statement each, in an order that the foreign keys allow.

Each step leaves rows alone that are as they should be, so a second load of the same changes nothing. What tables hold
follows from the set of loaded rows, not from the order of loads: first writes and latest profiles win by their own
moments, and each address stays that anybody ever said.
"""

from collections.abc import Mapping
from typing import Final

from warehouse.oltp.oltp_tables import RULES

TEXT_MAX: Final = 200
"""Characters of a text that is part of a key; the API takes no longer ones, and an index no rows of any length."""

INCOMING_COLUMNS: Final = (
    *("shard_id", "sequence_number", "sub_sequence_number", "transaction_id", "account", "type"),
    *("original_transaction_id", "accepted_at", "occurred_at", "amount_minor", "currency", "card_id", "card_aliases"),
    *("card_masked", "customer_id", "has_customer", "gender", "birth_year", "job", "city", "state", "postal_area"),
    *("city_population", "meters_from_home", "merchant_id", "merchant_name", "category", "terminal_id", "entry_mode"),
    "is_fraud",
)
"""The curated columns that the steps use."""

_INSTANT: Final = '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\''
_WRITTEN: Final = (
    f"to_char(accepted_at, {_INSTANT}) || '#' || shard_id || '#' "
    "|| lpad(length(sequence_number)::text, 3, '0') || '-' || sequence_number || '#' "
    "|| lpad(sub_sequence_number::text, 9, '0')"
)
_OF_ROWS: Final = ("transaction_id", "amount_minor")
"""Rules of columns that differ from row to row. Those of all others are asked of each distinct value."""


def _distinct(name: str) -> str:
    """Each value of a column once; without `offset 0` PostgreSQL asks the rule of each row first."""
    return f"select {name} from (select distinct {name} from incoming offset 0) as each"


def _broken() -> str:
    """The name of the first rule that a row breaks, or null."""
    tests = (
        f"when not ({rule}) then '{name}'"
        if name in _OF_ROWS
        else f"when {name} = any(array({_distinct(name)} where not ({rule}))) then '{name}'"
        for name, rule in RULES.items()
    )
    return f"case {' '.join(tests)} end"


CITY_ID: Final = "md5(jsonb_build_array(city, state)::text)"
ADDRESS_ID: Final = "md5(jsonb_build_array(street, postal_code, city, state)::text)"


def _short(*names: str) -> str:
    return ", ".join(f"nullif(left({name}, {TEXT_MAX}), '') as {name}" for name in names)


def _but(columns: tuple[str, ...], *without: str) -> str:
    return ", ".join(name for name in columns if name not in without)


SAID: Final = (
    "create temporary table said on commit drop as select *, "
    f"to_char(occurred_at, {_INSTANT}) || '#' || written as said_at "
    f"from (select {_but(INCOMING_COLUMNS, 'city', 'state', 'category')}, {_short('city', 'state', 'category')}, "
    f'({_WRITTEN}) collate "C" as written, {_broken()} as broken from incoming) as raw'
)
NAMED: Final = (
    "create temporary table named on commit drop as select *, "
    f"case when coalesce(city, state) is not null then {CITY_ID} end as city_id, "
    f"case when coalesce(street, postal_code, city, state) is not null then {ADDRESS_ID} end as address_id "
    "from (select md5(jsonb_build_array(account, customer_id, first_name, last_name, date_of_birth, street, city, "
    "state, postal_code)::text) as key, account, customer_id, first_name, last_name, date_of_birth, born, "
    f"{_short('street', 'city', 'state', 'postal_code')}, first_commit from incoming_vault) as raw"
)
"""Two stagings for the time of the transaction: positions with their order, and what the vault says of customers."""

STEPS: Final[Mapping[str, str]] = {
    "refused": (
        "insert into oltp.refused select shard_id, sequence_number, sub_sequence_number, broken from said "
        "where broken is not null on conflict do nothing"
    ),
    "sound": "delete from said where broken is not null",
    "account": "insert into oltp.account select distinct account from said on conflict do nothing",
    "category": (
        "insert into oltp.category select distinct category from said where category is not null "
        "on conflict do nothing"
    ),
    "merchant": (
        "insert into oltp.merchant select distinct on (merchant_id) merchant_id, merchant_name, written from said "
        "order by merchant_id, written on conflict (merchant_id) do update "
        "set name = excluded.name, written = excluded.written where excluded.written < merchant.written"
    ),
    "card": (
        "insert into oltp.card select card_id, max(card_masked) from said group by card_id on conflict (card_id) "
        "do update set card_masked = excluded.card_masked where excluded.card_masked > card.card_masked"
    ),
    "card_alias": (
        "insert into oltp.card_alias select distinct card_id, unnest(string_to_array(card_aliases, ' ')) from said "
        "where card_aliases is not null on conflict do nothing"
    ),
    "region": (
        "insert into oltp.region select state from said where state is not null union "
        "select state from named where state is not null on conflict do nothing"
    ),
    "city": (
        f"insert into oltp.city (city_id, name, region) select {CITY_ID}, city, state from said "
        f"where coalesce(city, state) is not null union select {CITY_ID}, city, state from named "
        "where coalesce(city, state) is not null on conflict do nothing"
    ),
    "population": (
        "update oltp.city set population = latest.city_population, said_at = latest.said_at from ("
        f"select distinct on (city, state) {CITY_ID} as city_id, city_population, said_at from said "
        "where city_population >= 0 and coalesce(city, state) is not null order by city, state, said_at desc"
        ") as latest where city.city_id = latest.city_id and latest.said_at > coalesce(city.said_at, '')"
    ),
    "vault": (
        "insert into vault.customer select key, account, customer_id, first_name, last_name, date_of_birth, born, "
        "street, city, state, postal_code, min(first_commit) from named group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 "
        "on conflict (key) do update set first_commit = excluded.first_commit "
        "where excluded.first_commit < customer.first_commit"
    ),
    "address": (
        "insert into oltp.address select distinct address_id, street, postal_code, city_id from named "
        "where address_id is not null on conflict do nothing"
    ),
    "customer": (
        "insert into oltp.customer (customer_id) select distinct customer_id from said on conflict do nothing"
    ),
    "profile": (
        "insert into oltp.latest_profile select distinct on (customer_id) customer_id, said_at, account, gender, "
        "birth_year, job, city, state, postal_area from said where has_customer order by customer_id, said_at desc "
        "on conflict (customer_id) do update set said_at = excluded.said_at, account = excluded.account, "
        "gender = excluded.gender, birth_year = excluded.birth_year, job = excluded.job, city = excluded.city, "
        "state = excluded.state, postal_area = excluded.postal_area where excluded.said_at > latest_profile.said_at"
    ),
    "named": (
        "update oltp.customer set first_name = now.first_name, last_name = now.last_name, gender = now.gender, "
        "date_of_birth = now.born, job = now.job, address_id = now.address_id from ("
        "select profile.customer_id, profile.gender, profile.job, v.first_name, v.last_name, v.born, "
        "case when coalesce(v.street, v.postal_code, v.city, v.state) is not null then "
        "md5(jsonb_build_array(v.street, v.postal_code, v.city, v.state)::text) end as address_id "
        "from oltp.latest_profile as profile left join lateral (select * from vault.customer as v "
        "where v.customer_id = profile.customer_id and v.account = profile.account "
        "and v.city is not distinct from profile.city and v.state is not distinct from profile.state "
        "and left(v.postal_code, 3) is not distinct from profile.postal_area "
        "and extract(year from v.born) is not distinct from profile.birth_year "
        "order by v.first_commit desc, v.key limit 1) as v on true "
        "where profile.customer_id in (select customer_id from said union select customer_id from named)"
        ") as now where customer.customer_id = now.customer_id and "
        "(customer.first_name, customer.last_name, customer.gender, customer.date_of_birth, customer.job, "
        "customer.address_id) is distinct from "
        "(now.first_name, now.last_name, now.gender, now.born, now.job, now.address_id)"
    ),
    "transaction": (
        "insert into oltp.transaction select distinct on (account, transaction_id) account, transaction_id, type, "
        "original_transaction_id, amount_minor, currency, accepted_at, occurred_at, card_id, customer_id, "
        "merchant_id, category, terminal_id, entry_mode, is_fraud, meters_from_home, written from said "
        "order by account, transaction_id, written on conflict (account, transaction_id) do update set "
        + ", ".join(
            f"{name} = excluded.{name}"
            for name in (
                *("type", "original_transaction_id", "amount_minor", "currency", "accepted_at", "occurred_at"),
                *("card_id", "customer_id", "merchant_id", "category", "terminal_id", "entry_mode", "is_fraud"),
                *("meters_from_home", "written"),
            )
        )
        + " where excluded.written < transaction.written"
    ),
}
"""What each step writes; the names are those of tables where a step fills one."""
