"""Writes `docs/event.schema.json`, the JSON Schema of an event, or checks it (`--check`)."""

import json
from typing import Any, Final

from txn_core.generated_file import write_or_check
from txn_core.transactions.event import LATER_FIELDS, SCHEMA_VERSION, Event
from txn_core.transactions.payment_fields import COUNTRY
from txn_core.transactions.submission import ID_CHARS_MIN_OF_SCHEMA_1

SCHEMA_ID: Final = f"urn:txn-api:event:{SCHEMA_VERSION}"
TITLE: Final = f"Transaction event, schema versions 1 to {SCHEMA_VERSION}"
DESCRIPTION: Final = (
    "One transaction as it stands on the stream, in the index and in the lake: what the client sent, with card_id"
    " and card_masked in place of the card number, and the ids and the time that the service added. It is written as"
    " compact JSON in this order, with every field that is required and those others that say something. An event is"
    " of the first version that can hold it. Readers accept every version ever written."
)


def text() -> str:
    """The schema (JSON Schema draft 2020-12) as JSON."""
    schema: dict[str, Any] = Event.model_json_schema()
    _drop_titles(schema)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": TITLE,
        "description": DESCRIPTION,
    }
    rest = {name: value for name, value in schema.items() if name not in head}
    return json.dumps({**head, **rest, **_rules_of_version_1()}, indent=2) + "\n"


def _rules_of_version_1() -> dict[str, Any]:
    """What came with version 2 is in no event of version 1."""
    absent = {name: False for name in Event.model_fields if name in LATER_FIELDS}
    return {
        "if": {"properties": {"schema": {"const": 1}}},
        "then": {
            "properties": {
                "transaction_id": {"minLength": ID_CHARS_MIN_OF_SCHEMA_1},
                "merchant": {"properties": {COUNTRY: False}},
                **absent,
            }
        },
    }


def main() -> None:
    """Write the file, or with `--check` say whether it has drifted."""
    write_or_check(
        __doc__,
        "is not what the model says: run `python -m txn_core.transactions.event_schema FILE`",
        lambda _: text(),
    )


def _drop_titles(schema: dict[str, Any]) -> None:
    """Titles made of field names repeat them; the objects' own names stand in `$defs`."""
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("title", None)
        for field in part["properties"].values():
            field.pop("title", None)


if __name__ == "__main__":
    main()
