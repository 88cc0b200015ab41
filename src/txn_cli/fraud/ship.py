"""Trains the model that comes with the package: `python -m txn_cli.fraud.ship`, of `make shipped-model`.

The rows are the simulator's. The private key exists in this process alone, once.
"""

import io
import secrets
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import fraud.model
from fraud.model.shipped import KEYS_FILE
from fraud.model.signature import public_key_of
from fraud.training.labelled import Labelled
from fraud.training.training import Request, Trained, train
from txn_cli.fraud.labelled_file import LabelledFile
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows

FOLDER: Final = Path(fraud.model.__file__).parent / "shipped_model"
ROWS: Final = 120_000
CARDS: Final = 600
SEED: Final = 2_019


def simulated() -> Iterator[Labelled]:
    """The rows to learn from: about 95 days of 600 cards."""
    with NamedTemporaryFile(suffix=".csv") as made:
        text = io.TextIOWrapper(made.file, encoding="utf-8", newline="")
        write_rows(simulate_rows(rows=ROWS, cards=CARDS, seed=SEED), text)
        text.flush()
        yield from LabelledFile(made.name).rows()


def ship(folder: Path = FOLDER) -> Trained:
    """Train, sign with a key that nobody keeps, and write the files."""
    key = secrets.token_bytes(32)
    made = train(simulated(), Request(source=f"txn simulate --rows {ROWS} --cards {CARDS} --seed {SEED}", key=key))
    folder.mkdir(exist_ok=True)
    for name, data in made.files.items():
        (folder / name).write_bytes(data)
    note_key(folder / KEYS_FILE, public_key_of(key))
    return made


def note_key(file: Path, public_key: bytes) -> None:
    """Put a public key before those of former releases, whose models are still taken."""
    former = file.read_text(encoding="ascii") if file.exists() else ""
    file.write_text(f"{public_key.hex()}\n{former}", encoding="ascii")


if __name__ == "__main__":
    ship()
