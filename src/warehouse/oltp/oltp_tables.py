"""The tables of the normalised database: entities with keys and checks, and what the loader keeps beside them.

Ids of accounts, customers, cards and merchants are the service's own (HMAC), ids of cities and addresses are digests
of what they say: a reload gives the same ids. What a table holds follows from the set of loaded rows, in any order.
Where several writes speak of one thing, the columns `written` and `said_at` say which write counts. Both are text in
the order of writes (see `WriteOrder`); `said_at` begins with the moment of the transaction.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from txn_core.card_numbers.pan import MASK_PATTERN
from txn_core.transactions.identity import (
    ACCOUNT_PATTERN,
    CARD_ID_PATTERN,
    CUSTOMER_ID_PATTERN,
    MERCHANT_ID_PATTERN,
)
from warehouse.landing.landing_tables import LEDGER_COLUMNS, LOCK, OBJECTS

SCHEMA: Final = "oltp"
VAULT: Final = "vault"

RULES: Final[Mapping[str, str]] = {
    "account": f"account ~ '{ACCOUNT_PATTERN}'",
    # ID_PATTERN in two parts: PostgreSQL takes fourteen times as long for a counted repetition.
    "transaction_id": "(transaction_id ~ '^[A-Za-z0-9_-]+$' and length(transaction_id) between 6 and 64)",
    "card_id": f"card_id ~ '{CARD_ID_PATTERN}'",
    "card_masked": rf"card_masked ~ '{MASK_PATTERN}'",
    "customer_id": f"customer_id ~ '{CUSTOMER_ID_PATTERN}'",
    "merchant_id": f"merchant_id ~ '{MERCHANT_ID_PATTERN}'",
    "type": "type in ('purchase', 'refund', 'reversal')",
    "amount_minor": "amount_minor >= 0",
    "currency": "currency ~ '^[A-Z]{3}$'",
}
"""What the columns of that name hold. A position that breaks a rule comes from a foreign producer. The loader notes
its place and the rule in `oltp.refused`: a check that fails would hold up all that comes behind.
"""


def _check(*names: str) -> str:
    return ", ".join(f"check ({RULES[name]})" for name in names)


TABLES: Final[Mapping[str, str]] = {
    "account": f"account text primary key, {_check('account')}",
    "region": "region text primary key check (region <> '')",
    "city": (
        "city_id text primary key, name text, region text references oltp.region, "
        'population bigint check (population >= 0), said_at text collate "C", '
        "unique nulls not distinct (name, region)"
    ),
    "address": (
        "address_id text primary key, street text, postal_code text, city_id text references oltp.city, "
        "unique nulls not distinct (street, postal_code, city_id)"
    ),
    "customer": (
        "customer_id text primary key, first_name text, last_name text, gender text, date_of_birth date, job text, "
        f"address_id text references oltp.address, {_check('customer_id')}"
    ),
    "card": f"card_id text primary key, card_masked text not null, {_check('card_id', 'card_masked')}",
    "card_alias": "card_id text references oltp.card, alias_id text, primary key (card_id, alias_id)",
    "merchant": (
        'merchant_id text primary key, name text not null, written text collate "C" not null, '
        f"{_check('merchant_id')}"
    ),
    "category": "category text primary key",
    "transaction": (
        "account text references oltp.account, transaction_id text, type text not null, "
        "original_transaction_id text, amount_minor bigint not null, currency text not null, "
        "accepted_at timestamp not null, occurred_at timestamp not null, card_id text not null references oltp.card, "
        "customer_id text not null references oltp.customer, merchant_id text not null references oltp.merchant, "
        "category text references oltp.category, terminal_id text, entry_mode text, is_fraud boolean, "
        'meters_from_home bigint check (meters_from_home >= 0), written text collate "C" not null, '
        f"primary key (account, transaction_id), {_check('transaction_id', 'type', 'amount_minor', 'currency')}"
    ),
    "refused": (
        "shard_id text, sequence_number text, sub_sequence_number bigint, rule text not null, "
        "primary key (shard_id, sequence_number, sub_sequence_number)"
    ),
    "latest_profile": (
        'customer_id text primary key references oltp.customer, said_at text collate "C" not null, '
        "account text not null, gender text, birth_year bigint, job text, city text, state text, postal_area text"
    ),
    OBJECTS: LEDGER_COLUMNS,
    LOCK: "taken bigint",
}
"""In an order in which each table comes behind those that it refers to."""

VAULT_TABLE: Final = (
    "key text primary key, account text not null, customer_id text not null, first_name text, last_name text, "
    "date_of_birth text, born date, street text, city text, state text, postal_code text, "
    "first_commit bigint not null"
)
"""Each thing that was said of a customer, once: `key` is its digest. Names, streets and birth dates lie here and in
`oltp.customer` and `oltp.address`, and nowhere else.
"""

INDEXES: Final = (
    "create index if not exists vault_customer on vault.customer (customer_id)",
    "create index if not exists transaction_customer on oltp.transaction (customer_id)",
    "create index if not exists transaction_merchant on oltp.transaction (merchant_id)",
)


_IDS_CHECKED: Final = "transaction_transaction_id_check"  # the name that PostgreSQL gives it
SHORTER_IDS: Final = (
    "do $$ begin if exists (select from pg_constraint where conrelid = 'oltp.transaction'::regclass "
    f"and conname = '{_IDS_CHECKED}' and pg_get_constraintdef(oid) like '%>= 8%') "
    f"then alter table oltp.transaction drop constraint {_IDS_CHECKED}, "
    f"add constraint {_IDS_CHECKED} check ({RULES['transaction_id']}) not valid; end if; end $$"
)
"""Ids had at least eight characters before event schema 2. Not validated, since the rows that there are fit the wider
rule, too.
"""


def oltp_statements() -> Iterator[str]:
    """What makes the normalised database where there is none."""
    for schema in (SCHEMA, VAULT):
        yield f"create schema if not exists {schema}"
    for name, columns in TABLES.items():
        yield f"create table if not exists {SCHEMA}.{name} ({columns})"
    yield f"create table if not exists {VAULT}.customer ({VAULT_TABLE})"
    yield SHORTER_IDS
    yield from INDEXES
