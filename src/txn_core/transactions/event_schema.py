"""Writes `docs/event.schema.json`, the JSON Schema of an event, or checks it (`--check`)."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true", help="fail when the file is not what would be written")
    arguments = parser.parse_args()
    if not arguments.check:
        arguments.file.write_text(text(), encoding="utf-8")
    elif not arguments.file.exists() or arguments.file.read_text(encoding="utf-8") != text():
        parser.exit(
            1,
            f"{arguments.file} is not what the model says: run `python -m txn_core.transactions.event_schema FILE`\n",
        )


def _drop_titles(schema: dict[str, Any]) -> None:
    """Titles made of field names repeat them; the objects' own names stand in `$defs`."""
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("title", None)
        for field in part["properties"].values():
            field.pop("title", None)


if __name__ == "__main__":
    main()
