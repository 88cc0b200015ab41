"""The columns of the curated table and of the vault, in their fixed order, with source and unit.

Files are read by position where an engine does so (Redshift's COPY), so columns are never reordered: a further one
goes to the end, under a higher `CURATED_VERSION`. Types are those that all engines share. Timestamps hold UTC and
have no zone: Redshift takes none in Parquet, and elsewhere the session's zone would show through.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa

CURATED_VERSION: Final = 1

SqlType = Literal["bigint", "text", "timestamp", "boolean"]

_ARROW: Final = {"bigint": pa.int64(), "text": pa.string(), "timestamp": pa.timestamp("us"), "boolean": pa.bool_()}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type in SQL, where its values come from, and what they mean with their unit."""

    name: str
    type: SqlType
    nullable: bool
    source: str
    meaning: str


def _of(name: str, kind: SqlType, source: str, meaning: str) -> Column:
    return Column(name, kind, nullable=False, source=source, meaning=meaning)


def _maybe(name: str, kind: SqlType, source: str, meaning: str) -> Column:
    return Column(name, kind, nullable=True, source=source, meaning=meaning)


CURATED_COLUMNS: Final = (
    _of("commit_number", "bigint", "the commit", "number of the append commit that brought the row"),
    _of("shard_id", "text", "shard_id", "shard of the stream"),
    _of("sequence_number", "text", "sequence_number", "number within the shard, up to 56 digits: an integer as text"),
    _of("sub_sequence_number", "bigint", "sub_sequence_number", "place within an aggregated record, from 0"),
    _of("arrived_at", "timestamp", "arrived_at", "when the stream took the record, UTC"),
    _of("schema_version", "bigint", "schema_version", "version of the event"),
    _of("transaction_id", "text", "transaction_id", "the client's id, unique within the account but for repeats"),
    _of("account", "text", "account", "who sent the transaction"),
    _of("type", "text", "type", "purchase, refund or reversal"),
    _maybe("original_transaction_id", "text", "original_transaction_id", "what a refund or reversal is of"),
    _of("accepted_at", "timestamp", "accepted_at", "when the API accepted the transaction, UTC"),
    _of("occurred_at", "timestamp", "occurred_at", "when the transaction took place, UTC"),
    _of("amount_minor", "bigint", "amount_minor", "minor units of the currency; refunds are positive here"),
    _of("currency", "text", "currency", "ISO 4217 code"),
    _of("card_id", "text", "card_id", "the card under the newest key of its day"),
    _maybe(
        "card_aliases", "text", "card_aliases", "the card under older keys, in the event's order, joined by spaces"
    ),
    _of("card_masked", "text", "card_masked", "the card number with at least six digits hidden"),
    _of("customer_id", "text", "customer_id", "the customer, of the client's reference or of the card"),
    _of("has_reference", "boolean", "customer_reference", "whether customer_id is of the client's reference"),
    _of("has_customer", "boolean", "customer_*", "whether the client said anything of the customer"),
    _maybe("gender", "text", "customer_gender", "as the client said it"),
    _maybe("birth_year", "bigint", "customer_date_of_birth", "year; null where the birth date is no date"),
    _maybe("age", "bigint", "customer_date_of_birth", "whole years at occurred_at; null before birth"),
    _maybe("job", "text", "customer_job", "as the client said it"),
    _maybe("city", "text", "customer_city", "as the client said it"),
    _maybe("state", "text", "customer_state", "as the client said it"),
    _maybe("postal_area", "text", "customer_postal_code", "the first three characters"),
    _maybe("city_population", "bigint", "customer_city_population", "people in the customer's city"),
    _maybe(
        "profile_hash", "text", "customer_*", "MD5 of what the table keeps of the customer; null without customer"
    ),
    _maybe(
        "meters_from_home",
        "bigint",
        "*_latitude, *_longitude",
        "meters from customer to merchant on the great circle",
    ),
    _of("merchant_id", "text", "merchant_id", "the merchant by its normalised name"),
    _of("merchant_name", "text", "merchant_name", "the name as the client spelt it"),
    _maybe("category", "text", "merchant_category", "of the transaction: a merchant may have several"),
    _maybe("terminal_id", "text", "terminal_id", "the device"),
    _maybe("entry_mode", "text", "terminal_entry_mode", "how the card was read"),
    _maybe("is_fraud", "boolean", "is_fraud", "training label; null where nobody has labelled the transaction"),
    _of("content_digest", "text", "the client's fields", "MD5 of all that the client said but for the card"),
)

VAULT_COLUMNS: Final = (
    _of("account", "text", "account", "who sent the transaction"),
    _of("customer_id", "text", "customer_id", "the customer"),
    *(
        _maybe(name, "text", f"customer_{name}", "as the client said it")
        for name in ("first_name", "last_name", "date_of_birth", "street", "city", "state", "postal_code")
    ),
    _of("first_commit", "bigint", "the commit", "number of the first append commit that said so"),
)


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """Columns as Arrow has them, and Parquet: no large strings, no zones, microseconds."""
    return pa.schema([pa.field(column.name, _ARROW[column.type], column.nullable) for column in columns])


CURATED_SCHEMA: Final = arrow_schema(CURATED_COLUMNS)
VAULT_SCHEMA: Final = arrow_schema(VAULT_COLUMNS)
