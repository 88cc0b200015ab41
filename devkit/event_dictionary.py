"""Trains the dictionary that the index packs events with, on rows of our own simulator alone.

Run as `python -m devkit.event_dictionary`. The same rows and the same version of Zstandard give the same bytes, so
that `--check` can say whether the file is what this makes. A dictionary that has been written with is never changed:
the next one has another id (`item_form.DICTIONARY`).
"""

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import zstandard
from bench.scorer.simulated import bodies
from pydantic_core import from_json, to_json

from txn_core.dynamodb.item_form import DICTIONARY, LEVEL
from txn_core.transactions.event import encode
from txn_core.transactions.identity import Account, KeyRing, TransactionId
from txn_core.transactions.instants import Instant
from txn_core.transactions.submission import Submission
from txn_core.transactions.transaction import parse_transaction

ROWS, CARDS, SEED = 12_000, 3_000, 58
BYTES: Final = 16_384
"""Half as many make an event of other simulated rows a seventh larger, and one of other sources the same."""
SEGMENT_BYTES, MATCH_BYTES = 256, 8  # what the cover algorithm takes, and looks for
FILE: Final = Path(__file__).parents[1] / f"src/txn_core/dynamodb/event_dictionaries/{DICTIONARY}.zdict"

_TERMINALS: Final = ("chip", "contactless", "ecommerce", None)
_KEYS: Final = KeyRing({1: bytes(range(32))}, bytes(32))


def samples(rows: int, *, cards: int, seed: int) -> Iterator[bytes]:
    """Events as they are packed: rows of the simulator, and every fourth as a terminal sends it."""
    rng = random.Random(seed)
    for number, body in enumerate(bodies(rows, cards=cards, seed=seed)):
        fields: dict[str, Any] = from_json(body)
        if number % 4 == 0:
            entry_mode = _TERMINALS[number // 4 % len(_TERMINALS)]
            terminal = {"terminal_id": f"T{rng.randrange(10**7):07d}", "entry_mode": entry_mode}
            fields |= {"customer": None, "is_fraud": None, "terminal": terminal}
        yield encode(
            Submission.of(parse_transaction(to_json(fields))),
            transaction_id=TransactionId(f"{rng.getrandbits(128):032x}"),
            account=Account("acme"),
            keys=_KEYS,
            accepted_at=Instant(f"2026-01-02T03:{rng.randrange(60):02d}:05.{rng.randrange(10**6):06d}Z"),
        ).data


def trained(rows: int = ROWS, *, cards: int = CARDS, size: int = BYTES) -> bytes:
    """The dictionary of so many rows and bytes."""
    found: list[Any] = list(samples(rows, cards=cards, seed=SEED))
    made = zstandard.train_dictionary(size, found, k=SEGMENT_BYTES, d=MATCH_BYTES, dict_id=DICTIONARY, level=LEVEL)
    return made.as_bytes()


def main() -> None:
    """Write the file again, or compare it with `--check`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the file is another one")
    made = trained()
    if parser.parse_args().check:
        sys.exit(None if FILE.read_bytes() == made else f"{FILE.name} is not what this version of Zstandard makes")
    FILE.write_bytes(made)


if __name__ == "__main__":
    main()
