"""Writes `docs/event.schema.json`, the JSON Schema of an event, or checks it (`--check`)."""

import json
from typing import Any, Final

from txn_core.generated_file import write_or_check
from txn_core.transactions.event import SCHEMA_VERSION, Event

SCHEMA_ID: Final = f"urn:txn-api:event:{SCHEMA_VERSION}"
TITLE: Final = f"Transaction event, schema version {SCHEMA_VERSION}"
DESCRIPTION: Final = (
    "One transaction as it stands on the stream, in the index and in the lake: what the client sent, with card_id"
    " and card_masked in place of the card number, and the ids and the time that the service added. It is written as"
    " compact JSON with every field, in this order. Readers accept every version ever written."
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
    return json.dumps({**head, **{k: v for k, v in schema.items() if k not in head}}, indent=2) + "\n"


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
